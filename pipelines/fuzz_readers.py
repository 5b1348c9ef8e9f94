"""Send mutated ECG files through the readers: each must be read or refused, quickly, and no other file be touched.

    python -m pipelines.fuzz_readers --seeds FOLDER [--files 2000] [--first 0] [--format "SCP-ECG"]

`--files` mutations are made of every format found in the folder, from numbers alone, so that each can be made again:
`--format KIND --first NUMBER --files 1`. What is read is also checked and prepared for the model, as every page does.
Anything raised but a `SupremError`, a file that takes more than two seconds, and any file, process or connection beyond
a reader's own scratch folder is a finding; with findings the command ends with 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import os
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.ecg.checks.quality import assess_quality
from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES, read_ecg, read_upload
from suprem.ecg.formats.wfdb_header import decode_header, segment_names
from suprem.ecg.preprocess import SPECS, preprocess
from suprem.errors import EcgError, SupremError
from suprem.jobs.processes import peak_memory

LIMIT_SECONDS = 2.0
DEAD_SECONDS = 60
"""A reader that cannot be interrupted for so long ends the command, with a traceback of where it is."""

HEAD = 2_000
"""Bytes at the beginning of a file that are mutated more often: there are its claims about the rest."""

NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"65536",
    b"2147483647",
    b"99999999999",
    b"1e308",
    b"-1e308",
    b"1e-300",
    b"nan",
    b"inf",
    b"",
)
TEXTS = (
    *(
        b"\0" * 40,
        b"A" * 5_000,
        b"../../../etc/passwd",
        b"/etc/passwd",
        b"<!ENTITY x SYSTEM 'file:///etc/passwd'>",
        b"&x;",
    ),
    *(b"]]>", b"\xff\xfe", b"%s%n", b"\r\n" * 20, b"<" * 300, b"-" * 50, "\N{MICRO SIGN}V\u2028".encode()),
)
EXTREMES = (0, 1, -1, 127, 128, 255, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1)

Files = Mapping[str, bytes]
Operation = Callable[[bytearray, np.random.Generator, Sequence[bytes]], None]


@dataclass(frozen=True)
class Seed:
    """A whole recording as it would be uploaded: its files by name."""

    kind: str
    files: dict[str, bytes]


@dataclass
class Figures:
    """What became of the mutations of one format."""

    files: int = 0
    read: int = 0
    refused: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    """Seconds, and the number of the file that took them."""
    findings: list[str] = field(default_factory=list)


class Hung(BaseException):
    """A reader took too long. No `Exception`, so that no reader takes it for a damaged file."""


def gather_seeds(folder: Path) -> list[Seed]:
    """Return the recordings below a folder that can be read and uploaded.

    Raises:
        EcgError: There is none.
    """
    seeds = []
    for path in find_records(folder):
        stems = [path.stem, *segment_names(decode_header(path.read_bytes()))] if path.suffix == ".hea" else []
        beside = [file for stem in stems for file in path.parent.glob(f"{stem}.*")]
        files = {file.name: file.read_bytes() for file in beside or [path]}
        try:
            kind = read_ecg(path).source
        except SupremError:
            continue
        if sum(map(len, files.values())) <= MAX_UPLOAD_BYTES:
            seeds.append(Seed(kind, files))
    if not seeds:
        raise EcgError("The folder holds no ECG that can be read; name one with examples of the formats to try.")
    return seeds


def mutated(seed: Seed, rng: np.random.Generator, others: Sequence[bytes]) -> dict[str, bytes]:
    """Return a seed's files with one to three changes; within an archive they are made before it is packed."""
    files = dict(seed.files)
    names = sorted(files, key=lambda name: not name.endswith(".hea"))
    name = names[0] if rng.random() < 0.7 else names[rng.integers(len(names))]
    data = files[name]
    if data.startswith(b"PK") and rng.random() < 0.8:
        files[name] = _in_archive(data, lambda inner: _changed(inner, rng, others), rng)
    else:
        files[name] = _changed(data, rng, others)
    return files


def _changed(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    content = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        OPERATIONS[rng.integers(len(OPERATIONS))](content, rng, others)
    return bytes(content[: MAX_UPLOAD_BYTES + 1000])


def _in_archive(data: bytes, change: Callable[[bytes], bytes], rng: np.random.Generator) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = list(members)[rng.integers(len(members))]
    members[chosen] = change(members[chosen])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _place(data: bytearray, rng: np.random.Generator) -> int:
    end = min(len(data), HEAD) if rng.random() < 0.7 else len(data)
    return int(rng.integers(end + 1))


def _span(data: bytearray, rng: np.random.Generator) -> slice:
    begin = _place(data, rng)
    return slice(begin, begin + int(2 ** rng.uniform(0, 12)))


def _cut(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    del data[int(rng.integers(len(data) + 1)) :]


def _drop(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    del data[_span(data, rng)]


def _repeat(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    span = _span(data, rng)
    data[span.start : span.start] = data[span] * int(rng.integers(1, 20))


def _fill(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    span = _span(data, rng)
    data[span] = bytes([int(rng.choice([0, 255, 32]))]) * len(data[span])


def _flip(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    for _i in range(rng.integers(1, 30) if data else 0):
        data[_place(data, rng) % len(data)] ^= 1 << int(rng.integers(8))


def _scatter(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    for _i in range(rng.integers(1, 30) if data else 0):
        data[_place(data, rng) % len(data)] = int(rng.integers(256))


def _extreme(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    size = int(rng.choice([1, 2, 4, 8]))
    value = int(rng.choice(EXTREMES)) % 256**size
    begin = _place(data, rng)
    data[begin : begin + size] = value.to_bytes(size, "little" if rng.random() < 0.7 else "big")


def _number(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    """Replace a number that is written in digits."""
    begin = _place(data, rng)
    if found := re.search(rb"-?\d+(\.\d+)?", data[begin : begin + 4096]):
        data[begin + found.start() : begin + found.end()] = NUMBERS[rng.integers(len(NUMBERS))]


def _text(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    begin = _place(data, rng)
    data[begin:begin] = TEXTS[rng.integers(len(TEXTS))]


def _exchange(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    first, second = sorted((_span(data, rng), _span(data, rng)), key=lambda span: span.start)
    if first.stop <= second.start:
        data[first], data[second] = data[second], data[first]


def _splice(data: bytearray, rng: np.random.Generator, others: Sequence[bytes]) -> None:
    """Go on with the rest of another file."""
    other = others[int(rng.integers(len(others)))]
    del data[_place(data, rng) :]
    data += other[int(rng.integers(len(other) + 1)) :]


OPERATIONS: tuple[Operation, ...] = (
    _cut, _drop, _repeat, _fill, _flip, _scatter, _extreme, _extreme, _number, _number, _text, _exchange, _splice,
)  # fmt: skip


class Watch:
    """Notes what the process touches beyond scratch folders, by Python's audit events; it can never be removed."""

    # Reading one's own library is no leak: some parts of it are imported at their first use.
    _OWN = ("/usr/share/zoneinfo", *{os.path.realpath(place) for place in (sys.prefix, sys.base_prefix, *sys.path)})
    _FILES = re.compile(r"open|os\.(remove|rename|mkdir|rmdir|symlink|link|chmod|chown|truncate|listdir|scandir)")
    _WORLD = re.compile(
        r"socket\.(connect|getaddrinfo|bind)|subprocess\.Popen|os\.(system|exec|fork|posix_spawn)|pickle\..*"
    )

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        places = ("/dev/shm", os.path.realpath(tempfile.gettempdir()))
        self._scratch = re.compile("|".join(rf"{re.escape(place)}/suprem-[^/]+(/[^/]+)?" for place in places))
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if self._WORLD.fullmatch(event):
            self.seen.append(event)
        elif self._FILES.fullmatch(event):
            path, directory = arguments[0], arguments[-1]
            if isinstance(path, int):
                return
            path = os.fsdecode(path)
            if event in ("os.remove", "os.rmdir") and isinstance(directory, int) and directory >= 0:
                path = f"{os.readlink(f'/proc/self/fd/{directory}')}/{path}"
            mode = arguments[1] if event == "open" else "w"
            reads = event in ("os.listdir", "os.scandir") or (mode is not None and not re.search("[wax+]", str(mode)))
            if self._scratch.fullmatch(path) or (reads and os.path.realpath(path).startswith(self._OWN)):
                return
            self.seen.append(f"{event} {path}")


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `Hung` in the block when it takes longer, and end the process where even that does not help."""

    def stop(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(DEAD_SECONDS, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def try_files(files: Files, number: int, figures: Figures, watch: Watch) -> None:
    """Read one mutated recording as a page does, and note what became of it."""
    watch.seen.clear()
    figures.files += 1
    began = time.perf_counter()
    try:
        with at_most(LIMIT_SECONDS):
            watch.on = True
            record = read_upload(files)
            assess_quality(record)
            preprocess(record, SPECS["compact"])
        figures.read += 1
    except SupremError:
        figures.refused += 1
    except Hung:
        figures.findings.append(f"{number}: took more than {LIMIT_SECONDS:g} s")
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        figures.findings.append(f"{number}: {type(error).__name__} in {Path(last.filename).name}:{last.lineno}")
    finally:
        watch.on = False
    figures.slowest = max(figures.slowest, (time.perf_counter() - began, number))
    figures.findings += [f"{number}: {touched}" for touched in dict.fromkeys(watch.seen)]


def fuzz(seeds: Sequence[Seed], *, files: int, first: int = 0, kind: str | None = None) -> dict[str, Figures]:
    """Return format -> figures of `files` mutations of it, those with the numbers from `first` on.

    Raises:
        EcgError: There is no seed of that format.
    """
    kinds = sorted({seed.kind for seed in seeds})
    if kind is not None and kind not in kinds:
        raise EcgError(f"There is no example of {kind!r}; found {', '.join(kinds)}.")
    others = [content for seed in seeds for content in seed.files.values()]
    progress = ConsoleProgress("fuzz_readers")
    found = {name: Figures() for name in ([kind] if kind else kinds)}
    import_module("wfdb")  # which is read with only where the usual storage is not met
    for seed in seeds:  # so that everything is imported before anything is watched
        assess_quality(read_upload(seed.files))
    watch = Watch()
    for place, (name, figures) in enumerate(found.items()):
        own = [seed for seed in seeds if seed.kind == name]
        for number in range(first, first + files):
            rng = np.random.default_rng([number, *name.encode()])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of numbers that overflow: only what comes out of it counts
                try_files(mutated(own[number % len(own)], rng, others), number, figures, watch)
            progress((place + (number - first) / files) / len(found), f"{name}: {figures.files} files")
    progress(1.0, f"{sum(figures.files for figures in found.values())} files")
    return found


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem fuzz-readers", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=Path, required=True, metavar="FOLDER", help="whole ECG files of every format")
    parser.add_argument("--files", type=int, default=200, help="mutations of each format (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default %(default)s)")
    parser.add_argument("--format", help='only this one, for example "SCP-ECG"')
    args = parser.parse_args(argv)

    def work() -> int:
        found = fuzz(gather_seeds(args.seeds), files=args.files, first=args.first, kind=args.format)
        print(f"{'format':<20} {'files':>7} {'read':>7} {'refused':>7} {'findings':>8} {'slowest':>8}  number")
        for name, figures in found.items():
            print(f"{name:<20} {figures.files:>7} {figures.read:>7} {figures.refused:>7} {len(figures.findings):>8} "
                  f"{1000 * figures.slowest[0]:>5.0f} ms {figures.slowest[1]:>7}")  # fmt: skip
        print(f"most memory at once: {peak_memory() >> 20} MB")
        for name, figures in found.items():
            alike = Counter(finding.partition(": ")[2] for finding in figures.findings)
            for finding in alike:
                example = next(text for text in figures.findings if text.endswith(f": {finding}"))
                say(f"{name}, {alike[finding]} times, for example number {example}")
        return int(any(figures.findings for figures in found.values()))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
