"""Signals preprocessed once and kept in memory-mapped int16 arrays, so that training reads at the speed of a copy.

<folder>/shards/00000.npy   int16 (record, lead, time), one part after the other; value times `STEP` is the signal
<folder>/index.csv          the RecordIndex of exactly these records, row for row
<folder>/manifest.json      specification, source, sizes of the shards, skipped records; written last, so that its
                            presence means complete

A store is built in `<folder>.building`, beside plan.json, which says what of. There each shard has a small JSON file of
its own, written after it: a build that was killed and is started again with the same records keeps what it finished.
Stores of one array, `signals.npy`, as they were built before, are still opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing, write_text
from suprem.datasets.index import RecordIndex
from suprem.ecg.intake import prepare_files
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import DatasetError, EcgError
from suprem.lock import only_writer
from suprem.part import Part
from suprem.progress import Progress

STEP = {"millivolt": 1e-3, "minmax": 1.0 / 32767}
"""What one integer step means: 1 µV (reaching ±32 mV), or 1/32767 of the record's range."""

PLAN = "plan.json"
SHARD_BYTES = 256 << 20
"""Size of a shard: what a killed build loses at most, and few enough files for the 96 GB of MIMIC-IV-ECG at 500 Hz,
since every open one takes a file descriptor, of which a process often has 1,024."""


@dataclass(frozen=True, eq=False)
class SignalStore:
    """An opened store.

    Args:
        index: The records, row for row.
        spec: How they were prepared.
        shards: Int16 memory maps (record, lead, time); one after the other they hold the records.
        skipped: Record id and reason of those that are not there or could not be read.
    """

    index: RecordIndex
    spec: SignalSpec
    shards: tuple[NDArray[np.int16], ...]
    skipped: tuple[tuple[str, str], ...]

    @classmethod
    def open(cls, folder: Path) -> SignalStore:
        """Open a finished store.

        Raises:
            DatasetError: There is none, or it is incomplete.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            spec = SignalSpec(**{**manifest["spec"], "leads": tuple(manifest["spec"]["leads"])})
            index = RecordIndex.from_csv(folder / "index.csv", corpus=manifest["corpus"], root=Path(manifest["root"]))
            shards = _open_shards(folder, manifest.get("shards"))
            skipped = tuple((row["record_id"], row["reason"]) for row in manifest["skipped"])
        except (OSError, KeyError, TypeError, ValueError, EOFError) as error:
            raise DatasetError(
                f"{folder} is not a finished signal store ({error}). Make it with: suprem index-datasets"
            ) from error
        records, shapes = sum(map(len, shards)), {shard.shape[1:] for shard in shards}
        if records != len(index) or shapes != {(len(spec.leads), spec.samples)}:
            held = f"{records} signals of {' and '.join(map(str, sorted(shapes))) or 'no'} values"
            raise DatasetError(f"The store {folder} holds {held} for {len(index)} records; build it again.")
        return cls(index=index, spec=spec, shards=shards, skipped=skipped)

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the preprocessed signals (row, lead, time) as float32."""
        return self.integers(rows).astype(np.float32) * np.float32(STEP[self.spec.scaling])

    def integers(self, rows: NDArray[np.intp]) -> NDArray[np.int16]:
        """Return the signals as they are stored (row, lead, time); this copies their bytes and does no more.

        Raises:
            IndexError: There is no such row.
        """
        rows = np.asarray(rows, np.intp)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self.index):
            raise IndexError(f"Rows {rows.min()} to {rows.max()} of a store with {len(self.index)} records.")
        if len(self.shards) == 1:
            return self.shards[0][rows]
        out = np.empty((len(rows), len(self.spec.leads), self.spec.samples), np.int16)
        starts = np.cumsum([0, *map(len, self.shards[:-1])])
        parts = np.searchsorted(starts, rows, side="right") - 1
        places = zip(parts.tolist(), (rows - starts[parts]).tolist(), strict=True)
        for place, (part, row) in enumerate(places):
            out[place] = self.shards[part][row]
        return out


def build_signal_store(
    index: RecordIndex,
    spec: SignalSpec,
    folder: Path,
    *,
    signals: Iterable[NDArray[np.float32] | EcgError] | None = None,
    workers: int = 2,
    progress: Progress = lambda _f, _m: None,
) -> SignalStore:
    """Read, preprocess and store every record of an index; a build of the same that was killed is continued.

    A record that cannot be read is skipped and listed with its reason, after those that the index skipped.

    Args:
        index: What to store.
        spec: How to prepare it.
        folder: Where; replaced as a whole once the new store is complete.
        signals: The prepared signals (lead, time) of the records; read from their files by default.
        workers: Processes that read.
        progress: Called with a fraction and a message.

    Raises:
        DatasetError: Not one record could be read.
        FolderInUse: Another process builds it.
    """
    with only_writer(folder, replaces=True):
        return _build(index, spec, folder, signals, workers, progress)


def build_part(
    index: RecordIndex,
    spec: SignalSpec,
    folder: Path,
    part: Part,
    *,
    workers: int = 2,
    progress: Progress = lambda _f, _m: None,
) -> None:
    """Build those shards of a store that are a part's to build, beside others who build the other parts.

    Arguments as in `build_signal_store`, which finishes the store.

    Raises:
        DatasetError: A store of other records is being built there.
        FolderInUse: Another process builds this part.
    """
    with only_writer(folder.with_name(f"{folder.name}.part-{part.number}-of-{part.count}"), replaces=True):
        building, size = _building(folder), _shard_size(spec)
        _begin_beside_others(building, _plan(index, spec, size))
        _fill(building, index, spec, _parts(index, size), part, None, workers, progress)


def _build(
    index: RecordIndex,
    spec: SignalSpec,
    folder: Path,
    signals: Iterable[NDArray[np.float32] | EcgError] | None,
    workers: int,
    progress: Progress,
) -> SignalStore:
    building, size = _building(folder), _shard_size(spec)
    _begin(building, _plan(index, spec, size))
    shards = _fill(building, index, spec, _parts(index, size), Part(), signals, workers, progress)
    rows = [row for shard in shards for row in shard.kept]
    unread = [(str(index.table["record_id"].iloc[row]), reason) for shard in shards for row, reason in shard.skipped]
    if not rows:
        shutil.rmtree(building)
        raise DatasetError(f"Not one of {len(index)} records could be read; the first: {unread[0][1]}")
    index.take(rows).to_csv(building / "index.csv")
    manifest = {
        "corpus": index.corpus,
        "root": str(index.root),
        "spec": asdict(spec),
        "shards": [len(shard.kept) for shard in shards],
        "skipped": [{"record_id": name, "reason": reason} for name, reason in (*index.skipped, *unread)],
    }
    for number in range(len(shards)):
        _facts(building, number).unlink()
    (building / PLAN).unlink()
    write_text(building / "manifest.json", json.dumps(manifest, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    building.replace(folder)
    return SignalStore.open(folder)


def _fill(
    building: Path,
    index: RecordIndex,
    spec: SignalSpec,
    parts: list[range],
    share: Part,
    signals: Iterable[NDArray[np.float32] | EcgError] | None,
    workers: int,
    progress: Progress,
) -> list[_Shard]:
    """Write the shards that are missing and of a share; return the finished ones of it."""
    owned = [share.owns(number) for number in range(len(parts))]
    finished = [_finished(building, number) if mine else _Shard([], []) for number, mine in enumerate(owned)]
    missing = [row for part, shard in zip(parts, finished, strict=True) if shard is None for row in part]
    if signals is None:
        signals = prepare_files([index.root / index.table["path"].iloc[row] for row in missing], spec, workers=workers)
    elif len(missing) < len(index):
        wanted = set(missing)
        signals = (signal for row, signal in enumerate(signals) if row in wanted)
    source = iter(signals)
    skipped = len(index.skipped) + sum(len(shard.skipped) for shard in finished if shard is not None)
    total = sum(len(part) for part, mine in zip(parts, owned, strict=True) if mine)
    done = total - len(missing)

    for number, part in enumerate(parts):
        if finished[number] is not None:
            continue
        kept: list[int] = []
        reasons: list[tuple[int, str]] = []
        with replacing(_shard(building, number)) as path:
            stored = _new_array(path, len(part), spec)
            for row, signal in zip(part, source, strict=False):
                if isinstance(signal, EcgError):
                    reasons.append((row, str(signal)))
                else:
                    stored[len(kept)] = _integers(signal, spec)
                    kept.append(row)
                done += 1
                if done % 200 == 0 or done == total:
                    message = f"{done} of {total} records, {skipped + len(reasons)} skipped"
                    progress(done / total, message)
            stored.flush()
            del stored
            if len(kept) + len(reasons) < len(part):
                raise DatasetError(f"There are signals of {done} of {total} records; give one for each.")
            if len(kept) < len(part):
                _shorten(path, len(kept))
        skipped += len(reasons)
        shard = _Shard(kept, reasons)
        finished[number] = shard
        write_text(_facts(building, number), json.dumps(asdict(shard)))

    return [shard for shard in finished if shard is not None]


def _building(folder: Path) -> Path:
    return folder.with_name(folder.name + ".building")


def _shard_size(spec: SignalSpec) -> int:
    return max(1, SHARD_BYTES // (2 * len(spec.leads) * spec.samples))


def _parts(index: RecordIndex, size: int) -> list[range]:
    return [range(first, min(first + size, len(index))) for first in range(0, len(index), size)]


@dataclass(frozen=True)
class _Shard:
    """A finished shard: rows of the index that it holds, and those that could not be read with the reason."""

    kept: list[int]
    skipped: list[tuple[int, str]]


def _shard(folder: Path, number: int) -> Path:
    return folder / "shards" / f"{number:05d}.npy"


def _facts(building: Path, number: int) -> Path:
    return _shard(building, number).with_suffix(".json")


def _plan(index: RecordIndex, spec: SignalSpec, size: int) -> str:
    """Return what decides over every shard: another plan is another build."""
    records = hashlib.sha256()
    for name, path in zip(index.table["record_id"], index.table["path"], strict=True):
        records.update(f"{name}\0{path}\n".encode())
    facts = {"corpus": index.corpus, "root": str(index.root), "spec": asdict(spec), "records_in_a_shard": size}
    return json.dumps({**facts, "records": records.hexdigest()}, indent=1)


def _begin(building: Path, plan: str) -> None:
    """Go on in the folder of a build with the same plan, or start an empty one."""
    path = building / PLAN
    if not path.is_file() or path.read_text(encoding="utf-8") != plan:
        shutil.rmtree(building, ignore_errors=True)
        (building / "shards").mkdir(parents=True)
        write_text(path, plan)


def _begin_beside_others(building: Path, plan: str) -> None:
    """As `_begin`, but never take away what another part may be writing."""
    with only_writer(building, replaces=True, waits=True):
        path = building / PLAN
        if path.is_file() and path.read_text(encoding="utf-8") != plan:
            raise DatasetError(
                f"In {building} a store of other records or another preparation is being built. "
                "Remove that folder if nobody builds it any more, or name another store."
            )
        _begin(building, plan)


def _finished(building: Path, number: int) -> _Shard | None:
    facts = _facts(building, number)
    if not facts.is_file():
        return None
    found = json.loads(facts.read_text(encoding="utf-8"))
    return _Shard(found["kept"], [(row, reason) for row, reason in found["skipped"]])


def _open_shards(folder: Path, sizes: list[int] | None) -> tuple[NDArray[np.int16], ...]:
    """Map the shards of a manifest; None is a store of one array, as they were built before."""
    paths = [folder / "signals.npy"] if sizes is None else [_shard(folder, i) for i, size in enumerate(sizes) if size]
    # As plain arrays: a row of a `memmap` costs more to make than to copy.
    return tuple(np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)) for path in paths)


def _new_array(path: Path, records: int, spec: SignalSpec) -> np.memmap[Any, np.dtype[np.int16]]:
    shape = (records, len(spec.leads), spec.samples)
    stored = np.lib.format.open_memmap(path, mode="w+", dtype=np.int16, shape=shape)
    try:
        _reserve(path)
    except OSError as error:
        raise DatasetError(
            f"There is no room for {path.parent.parent.name} ({error.strerror or error}): a shard takes "
            f"{path.stat().st_size / 2**20:.0f} MB. Make room on the disk and start again; what is finished is kept."
        ) from error
    return stored


def _reserve(path: Path) -> None:
    """Have the disk keep all blocks of a file: writing to one that a full disk cannot hold would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)


def _integers(signal: NDArray[np.float32], spec: SignalSpec) -> NDArray[np.int16]:
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(signal / STEP[spec.scaling]), limits.min, limits.max).astype(np.int16)


def _shorten(path: Path, records: int) -> None:
    """Keep the first `records` rows of a stored array."""
    full = np.load(path, mmap_mode="r", allow_pickle=False)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, full[:records])
