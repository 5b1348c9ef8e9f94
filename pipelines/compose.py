"""Compose ECGs of conditions that a corpus hardly has, out of the beats of its training recordings, with exact labels.

    python -m pipelines.compose --store STORE --out FOLDER [--count 16000] [--seed 0]
    python -m pipelines.compose --store STORE --out FOLDER --pictures PICTURES     one print of each kind, to look at

The recordings are taken apart once, into FOLDER/parts. `pretrain --set composed=FOLDER` learns from the result.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.composed.parts import (
    Complex,
    Parts,
    load_complexes,
    recordings_to_take_apart,
    save_complexes,
    take_files_apart,
)
from suprem.composed.recipe import KINDS, baselines_of, compose
from suprem.composed.store import write_store
from suprem.composed.strip import RATE
from suprem.composed.truth import Composed
from suprem.datasets.index import TRAIN_FOLDS
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.record import INDEPENDENT_LEADS, SYNTHETIC, EcgRecord, complete_leads
from suprem.export import RESEARCH_USE
from suprem.paper.drawing import PrintFormat
from suprem.paper.printout import Printout, print_ecg


def take_apart(store: SignalStore, folder: Path, progress: ConsoleProgress) -> list[Complex]:
    """Return the complexes of the training recordings; they are kept in a folder and read from there the next time."""
    if not (folder / "parts.npz").exists():
        files = recordings_to_take_apart(store.index, TRAIN_FOLDS)
        complexes: list[Complex] = []
        for count, parts in enumerate(take_files_apart(files, workers=os.cpu_count() or 1), start=1):
            complexes += parts
            progress(count / len(files), f"{count:,} of {len(files):,} recordings taken apart")
        save_complexes(complexes, folder)
    return load_complexes(folder)


def draw_pictures(composed: Iterator[Composed], folder: Path) -> None:
    """Print composed ECGs as pictures, each named by its kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in composed:
        record = EcgRecord(signal=one.signal, leads=INDEPENDENT_LEADS, fs=RATE, record_id=one.kind, source=SYNTHETIC)
        picture = print_ecg(Printout(complete_leads(record)), PrintFormat.PNG)
        name = one.kind.lower().replace(" ", "-").replace(":", "-to-")
        (folder / f"{name}.{PrintFormat.PNG}").write_bytes(picture)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem compose", description=__doc__.splitlines()[0], epilog=RESEARCH_USE)
    parser.add_argument("--store", type=Path, required=True, help="signal store of the corpus, eight leads at 100 Hz")
    parser.add_argument("--out", type=Path, required=True, help="folder of the composed ECGs")
    parser.add_argument("--count", type=int, default=16_000, help="how many; default: 16000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, help="folder for a print of one ECG of each kind; no store is made")
    args = parser.parse_args(argv)

    def work() -> None:
        store, progress = SignalStore.open(args.store), ConsoleProgress("compose")
        parts = Parts.sorted(take_apart(store, args.out / "parts", progress))
        row = {record_id: position for position, record_id in enumerate(store.index.table["record_id"])}

        def signal_of(record_id: str) -> NDArray[np.float32]:
            return store.read(np.array([row[record_id]]))[0]

        def told(composed: Iterator[Composed]) -> Iterator[Composed]:
            for count, one in enumerate(composed, start=1):
                progress(count / args.count, f"{count:,} of {args.count:,} ECGs composed")
                yield one

        baselines = baselines_of(parts, signal_of, args.seed)
        if args.pictures:
            each = (compose(parts, signal_of, baselines, [0], args.seed, {kind: 1.0}) for kind in KINDS)
            draw_pictures(chain.from_iterable(each), args.pictures)
            say(f"{len(KINDS)} pictures in {args.pictures}")
            return
        composed = compose(parts, signal_of, baselines, range(args.count), args.seed)
        write_store(told(composed), args.count, args.out, corpus=store.index.corpus, seed=args.seed)
        print(f"{args.count:,} composed ECGs in {args.out}")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
