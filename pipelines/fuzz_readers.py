"""Send mutated ECG files through the readers: each must be read or refused, quickly, and no other file be touched.

    python -m pipelines.fuzz_readers --seeds FOLDER [--files 2000] [--first 0] [--format "SCP-ECG"]

`--files` mutations are made of every format found in the folder, from numbers alone, so that each can be made again:
`--format KIND --first NUMBER --files 1`. What is read is also checked and prepared for the model, as every page does.
Anything raised but a `SupremError`, a file that takes more than two seconds, and any file, process or connection beyond
a reader's own scratch folder is a finding; with findings the command ends with 1.
"""

from __future__ import annotations

import argparse
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np

from pipelines.mutations import (
    Files,
    Seed,
    mutated,
)
from pipelines.stage import ConsoleProgress, run_stage, say
from pipelines.watched import Hung, Watch, at_most
from suprem.ecg.checks.quality import assess_quality
from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES, read_ecg, read_upload
from suprem.ecg.formats.wfdb_header import decode_header, segment_names
from suprem.ecg.preprocess import SPECS, preprocess
from suprem.errors import EcgError, SupremError
from suprem.jobs.processes import peak_memory

LIMIT_SECONDS = 2.0


@dataclass
class Figures:
    """What became of the mutations of one format."""

    files: int = 0
    read: int = 0
    refused: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    """Seconds, and the number of the file that took them."""
    findings: list[str] = field(default_factory=list)


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
    by_format = {name: Figures() for name in ([kind] if kind else kinds)}
    import_module("wfdb")  # which is read with only where the usual storage is not met
    for seed in seeds:  # so that everything is imported before anything is watched
        assess_quality(read_upload(seed.files))
    watch = Watch()
    for place, (name, figures) in enumerate(by_format.items()):
        own = [seed for seed in seeds if seed.kind == name]
        for number in range(first, first + files):
            rng = np.random.default_rng([number, *name.encode()])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of numbers that overflow: only what comes out of it counts
                try_files(mutated(own[number % len(own)], rng, others), number, figures, watch)
            progress((place + (number - first) / files) / len(by_format), f"{name}: {figures.files} files")
    progress(1.0, f"{sum(figures.files for figures in by_format.values())} files")
    return by_format


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem fuzz-readers", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=Path, required=True, metavar="FOLDER", help="whole ECG files of every format")
    parser.add_argument("--files", type=int, default=200, help="mutations of each format (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default %(default)s)")
    parser.add_argument("--format", help='only this one, for example "SCP-ECG"')
    args = parser.parse_args(argv)

    def work() -> int:
        by_format = fuzz(gather_seeds(args.seeds), files=args.files, first=args.first, kind=args.format)
        print(f"{'format':<20} {'files':>7} {'read':>7} {'refused':>7} {'findings':>8} {'slowest':>8}  number")
        for name, figures in by_format.items():
            print(f"{name:<20} {figures.files:>7} {figures.read:>7} {figures.refused:>7} {len(figures.findings):>8} "
                  f"{1000 * figures.slowest[0]:>5.0f} ms {figures.slowest[1]:>7}")  # fmt: skip
        print(f"most memory at once: {peak_memory() >> 20} MB")
        for name, figures in by_format.items():
            alike = Counter(finding.partition(": ")[2] for finding in figures.findings)
            for finding in alike:
                example = next(text for text in figures.findings if text.endswith(f": {finding}"))
                say(f"{name}, {alike[finding]} times, for example number {example}")
        return int(any(figures.findings for figures in by_format.values()))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
