"""Index a corpus and store its signals, preprocessed once.

    python -m pipelines.index_datasets --ptbxl DIR [--signal compact] [--folds 1-9] [--out DIR]
    python -m pipelines.index_datasets --mimic DIR | --cpsc2018 DIR | --csn DIR ...

DIR is the corpus as it is published. Folds 1-8 are for training, 9 for validation, 10 for testing: PTB-XL's own, and
drawn by patient in the others (MIMIC-IV-ECG has no 10). Writes a signal store (shards, index.csv, manifest.json)
that `pipelines.pretrain` reads; the same command goes on with a build that was killed. Records that are missing or
cannot be read are left out, counted, and named in the manifest. Several processes share it by --part I/N, whose unit is
a shard; --finish builds what is missing and writes the manifest.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.array import part_of, part_options, read_array, start
from pipelines.stage import ConsoleProgress, job_of, parse_folds, run_stage
from suprem.datasets.corpora import CORPORA
from suprem.datasets.signal_store import SignalStore, build_part, build_signal_store
from suprem.ecg.preprocess import SPECS
from suprem.experiments.configurations import IndexingConfig
from suprem.part import Part
from suprem.progress import Progress
from suprem.settings import load_settings

SHOWN = 20
"""Skipped records named on the terminal; the manifest names all."""


def run(config: IndexingConfig, out: Path, progress: Progress) -> SignalStore:
    """Index a corpus and build its signal store in a folder."""
    spec = SPECS[config.signal]
    index = CORPORA[config.corpus].index(config.root, config.folds, spec.fs)
    return build_signal_store(index, spec, out, workers=config.workers, progress=progress)


def run_part(config: IndexingConfig, out: Path, part: Part, progress: Progress) -> None:
    """Build the shards of a part."""
    spec = SPECS[config.signal]
    index = CORPORA[config.corpus].index(config.root, config.folds, spec.fs)
    build_part(index, spec, out, part, workers=config.workers, progress=progress)


def read(argv: list[str] | None) -> tuple[IndexingConfig, Part | None]:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="suprem index-datasets", description=__doc__.splitlines()[0], parents=[part_options()]
    )
    folders = parser.add_mutually_exclusive_group(required=True)
    for option, corpus in CORPORA.items():
        folders.add_argument(f"--{option}", type=Path, metavar="DIR", help=f"folder with {corpus.published.holds}")
    parser.add_argument("--signal", choices=sorted(SPECS), default="compact", help="how signals are prepared")
    parser.add_argument("--folds", type=parse_folds, help="for example 1-9; all by default")
    parser.add_argument("--workers", type=int, default=2, help="processes that read")
    parser.add_argument("--out", type=Path, help="default: <SUPREM_HOME>/datasets/<corpus>-<signal>")
    args = parser.parse_args(argv)
    option = next(name for name in CORPORA if getattr(args, name) is not None)
    config = IndexingConfig(option, getattr(args, option), args.out, args.signal, args.folds, args.workers)
    return config, part_of(args)


def work(config: IndexingConfig, part: Part | None = None) -> None:
    """Store the corpus, and say what could not be read."""
    name = CORPORA[config.corpus].published.name
    out = config.out or load_settings().home / "datasets" / f"{name}-{config.signal}"
    if part is not None:
        run_part(config, out, part, ConsoleProgress(f"index_datasets {part}"))
        print(f"part {part} is in {out}.building; --finish makes the store of all parts")
        return
    store = run(config, out, ConsoleProgress("index_datasets"))
    print(f"{len(store.index)} records in {out}, {len(store.skipped)} skipped")
    for record_id, reason in store.skipped[:SHOWN]:
        print(f"  {record_id}: {reason}")
    if len(store.skipped) > SHOWN:
        print(f"  and {len(store.skipped) - SHOWN} more, all named in {out / 'manifest.json'}")


def main(argv: list[str] | None = None) -> int:
    """Command line."""

    def begin() -> None:
        job = job_of(argv, IndexingConfig)
        if job is not None:
            return work(job)
        asked = read(argv)
        array, words = read_array(argv)
        return print(start("index_datasets", words, array)) if array.array else work(*asked)

    return run_stage(begin)


if __name__ == "__main__":
    raise SystemExit(main())
