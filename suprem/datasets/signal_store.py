"""Signals preprocessed once and kept as one memory-mapped int16 array, so that training reads at the speed of a copy.

<folder>/signals.npy     int16 (record, lead, time); value times `step` is the preprocessed signal
<folder>/index.csv       the RecordIndex of exactly these records, row for row
<folder>/manifest.json   specification, step, source and skipped records; written last, so its presence means complete
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing, write_text
from suprem.datasets.index import RecordIndex
from suprem.ecg.intake import prepare_files
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import DatasetError, EcgError

STEP = {"millivolt": 1e-3, "minmax": 1.0 / 32767}
"""What one integer step means: 1 µV (reaching ±32 mV), or 1/32767 of the record's range."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class SignalStore:
    """An opened store.

    Args:
        index: The records, row for row.
        spec: How they were prepared.
        signals: Int16 memory map (record, lead, time).
        skipped: Record id and reason of those that are not there or could not be read.
    """

    index: RecordIndex
    spec: SignalSpec
    signals: NDArray[np.int16]
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
            signals = np.load(folder / "signals.npy", mmap_mode="r", allow_pickle=False)
            skipped = tuple((row["record_id"], row["reason"]) for row in manifest["skipped"])
        except (OSError, KeyError, TypeError, ValueError, EOFError) as error:
            raise DatasetError(
                f"{folder} is not a finished signal store ({error}). Make it with: python -m pipelines.index_datasets"
            ) from error
        if signals.shape != (len(index), len(spec.leads), spec.samples):
            raise DatasetError(
                f"The store {folder} holds {signals.shape} values for {len(index)} records; build it again."
            )
        return cls(index=index, spec=spec, signals=signals, skipped=skipped)

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the preprocessed signals (row, lead, time) as float32."""
        return self.signals[rows].astype(np.float32) * np.float32(STEP[self.spec.scaling])


def build_signal_store(
    index: RecordIndex,
    spec: SignalSpec,
    folder: Path,
    *,
    signals: Iterable[NDArray[np.float32] | EcgError] | None = None,
    workers: int = 2,
    progress: Progress = lambda _f, _m: None,
) -> SignalStore:
    """Read, preprocess and store every record of an index.

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
    """
    building = folder.with_name(folder.name + ".building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    if signals is None:
        paths = [index.root / path for path in index.table["path"]]
        signals = prepare_files(paths, spec, workers=workers)
    stored = np.lib.format.open_memmap(
        building / "signals.npy", mode="w+", dtype=np.int16, shape=(len(index), len(spec.leads), spec.samples)
    )
    kept: list[int] = []
    skipped = [{"record_id": record_id, "reason": reason} for record_id, reason in index.skipped]
    for row, signal in enumerate(signals):
        if isinstance(signal, EcgError):
            skipped.append({"record_id": str(index.table["record_id"].iloc[row]), "reason": str(signal)})
        else:
            stored[len(kept)] = _integers(signal, spec)
            kept.append(row)
        if row % 200 == 199 or row + 1 == len(index):
            progress((row + 1) / len(index), f"{row + 1} of {len(index)} records, {len(skipped)} skipped")
    if not kept:
        first = skipped[len(index.skipped)]["reason"]
        raise DatasetError(f"Not one of {len(index)} records could be read; the first: {first}")
    stored.flush()
    del stored
    if len(kept) < len(index):
        _shorten(building / "signals.npy", len(kept))
    index.take(kept).to_csv(building / "index.csv")
    manifest = {"corpus": index.corpus, "root": str(index.root), "spec": asdict(spec), "skipped": skipped}
    write_text(building / "manifest.json", json.dumps(manifest, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    building.replace(folder)
    return SignalStore.open(folder)


def _integers(signal: NDArray[np.float32], spec: SignalSpec) -> NDArray[np.int16]:
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(signal / STEP[spec.scaling]), limits.min, limits.max).astype(np.int16)


def _shorten(path: Path, records: int) -> None:
    """Keep the first `records` rows of a stored array."""
    full = np.load(path, mmap_mode="r", allow_pickle=False)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, full[:records])
