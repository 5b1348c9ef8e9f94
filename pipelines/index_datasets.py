"""Index a corpus and store its signals, preprocessed once.

    python -m pipelines.index_datasets --ptbxl DIR [--signal compact] [--folds 1-9] [--out DIR]

Writes a signal store (signals.npy, index.csv, manifest.json) that `pipelines.pretrain` reads.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from pipelines.stage import ConsoleProgress, run_stage
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import Progress, SignalStore, build_signal_store
from suprem.ecg.preprocess import SPECS
from suprem.settings import load_settings


@dataclass(frozen=True)
class Config:
    """What to store and how."""

    ptbxl: Path
    out: Path
    signal: str = "compact"
    folds: tuple[int, ...] | None = None
    workers: int = 2


def run(config: Config, progress: Progress) -> SignalStore:
    """Index PTB-XL and build its signal store."""
    spec = SPECS[config.signal]
    index = index_ptbxl(config.ptbxl, folds=config.folds, fs=500 if spec.fs > 100 else 100)
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
    parser.add_argument("--ptbxl", type=Path, required=True, help="folder with ptbxl_database.csv")
    parser.add_argument("--signal", choices=sorted(SPECS), default="compact", help="how signals are prepared")
    parser.add_argument("--folds", type=parse_folds, help="for example 1-9; all by default")
    parser.add_argument("--workers", type=int, default=2, help="processes that read")
    parser.add_argument("--out", type=Path, help="default: <SUPREM_HOME>/datasets/ptb-xl-<signal>")
    args = parser.parse_args(argv)

    def work() -> None:
        out = args.out or load_settings().home / "datasets" / f"ptb-xl-{args.signal}"
        config = Config(ptbxl=args.ptbxl, out=out, signal=args.signal, folds=args.folds, workers=args.workers)
        store = run(config, ConsoleProgress("index_datasets"))
        print(f"{len(store.index)} records in {out}, {len(store.skipped)} skipped")
        for record_id, reason in store.skipped:
            print(f"  {record_id}: {reason}")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
