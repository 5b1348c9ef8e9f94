"""Index a corpus and store its signals, preprocessed once.

    python -m pipelines.index_datasets --ptbxl DIR [--signal compact] [--folds 1-9] [--out DIR]
    python -m pipelines.index_datasets --mimic DIR | --cpsc2018 DIR | --csn DIR ...

DIR is the corpus as it is published. Folds 1-8 are for training, 9 for validation, 10 for testing: PTB-XL's own, and
drawn by patient in the others (MIMIC-IV-ECG has no 10). Writes a signal store (shards, index.csv, manifest.json)
that `pipelines.pretrain` reads; the same command goes on with a build that was killed. Records that are missing or
cannot be read are left out, counted, and named in the manifest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.stage import ConsoleProgress, run_stage
from suprem.datasets.challenge import index_challenge
from suprem.datasets.cpsc2018 import index_cpsc2018
from suprem.datasets.csn import index_csn
from suprem.datasets.index import RecordIndex
from suprem.datasets.mimic_iv_ecg import index_mimic_iv_ecg
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.published import PUBLISHED, Publication
from suprem.datasets.signal_store import Progress, SignalStore, build_signal_store
from suprem.ecg.preprocess import SPECS
from suprem.settings import load_settings

SHOWN = 20
"""Skipped records named on the terminal; the manifest names all."""


@dataclass(frozen=True)
class StoredCorpus:
    """A corpus that can be stored.

    Args:
        published: What it is.
        index: Reads its folder, given the folds to keep and the rate of the model.
    """

    published: Publication
    index: Callable[[Path, tuple[int, ...] | None, int], RecordIndex]


CORPORA = {
    corpus.published.option: corpus
    for corpus in (
        StoredCorpus(
            PUBLISHED["ptb-xl"],
            lambda root, folds, fs: index_ptbxl(root, folds=folds, fs=500 if fs > 100 else 100),
        ),
        StoredCorpus(PUBLISHED["mimic-iv-ecg"], lambda root, folds, _: index_mimic_iv_ecg(root, folds=folds)),
        StoredCorpus(PUBLISHED["cpsc2018"], lambda root, folds, _: index_cpsc2018(root, folds=folds)),
        StoredCorpus(PUBLISHED["csn"], lambda root, folds, _: index_csn(root, folds=folds)),
        StoredCorpus(PUBLISHED["challenge"], lambda root, folds, _: index_challenge(root, folds=folds)),
    )
}
"""By the option that names their folder."""


@dataclass(frozen=True)
class Config:
    """What to store and how; `corpus` is a key of `CORPORA`."""

    corpus: str
    root: Path
    out: Path
    signal: str = "compact"
    folds: tuple[int, ...] | None = None
    workers: int = 2


def run(config: Config, progress: Progress) -> SignalStore:
    """Index a corpus and build its signal store."""
    spec = SPECS[config.signal]
    index = CORPORA[config.corpus].index(config.root, config.folds, spec.fs)
    return build_signal_store(index, spec, config.out, workers=config.workers, progress=progress)


def parse_folds(text: str) -> tuple[int, ...]:
    """Read "1-8" or "9" or "1,3,5-7"."""
    folds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        folds += range(int(first), int(last or first) + 1)
    return tuple(folds)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.index_datasets", description=__doc__.splitlines()[0])
    folders = parser.add_mutually_exclusive_group(required=True)
    for option, corpus in CORPORA.items():
        folders.add_argument(f"--{option}", type=Path, metavar="DIR", help=f"folder with {corpus.published.holds}")
    parser.add_argument("--signal", choices=sorted(SPECS), default="compact", help="how signals are prepared")
    parser.add_argument("--folds", type=parse_folds, help="for example 1-9; all by default")
    parser.add_argument("--workers", type=int, default=2, help="processes that read")
    parser.add_argument("--out", type=Path, help="default: <SUPREM_HOME>/datasets/<corpus>-<signal>")
    args = parser.parse_args(argv)

    def work() -> None:
        option = next(name for name in CORPORA if getattr(args, name) is not None)
        name = CORPORA[option].published.name
        out = args.out or load_settings().home / "datasets" / f"{name}-{args.signal}"
        config = Config(option, getattr(args, option), out, args.signal, args.folds, args.workers)
        store = run(config, ConsoleProgress("index_datasets"))
        print(f"{len(store.index)} records in {out}, {len(store.skipped)} skipped")
        for record_id, reason in store.skipped[:SHOWN]:
            print(f"  {record_id}: {reason}")
        if len(store.skipped) > SHOWN:
            print(f"  and {len(store.skipped) - SHOWN} more, all named in {out / 'manifest.json'}")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
