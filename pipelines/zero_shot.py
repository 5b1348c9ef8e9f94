"""Evaluate a checkpoint on a zero-shot task of PTB-XL: AUROC per class and their mean, with bootstrap intervals.

    python -m pipelines.zero_shot --task ptbxl_superclass --data PTBXL_FOLDER --folds 9 [--json] [--out result.json]

Tasks: ptbxl_superclass, ptbxl_subclass, ptbxl_form, ptbxl_rhythm, and ptbxl_all (the 71 statements). The model is
asked one query per class; intervals come from drawing patients with replacement. With --json standard output is one
JSON object.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.index_datasets import parse_folds
from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.atomic import write_text
from suprem.datasets.catalog import TASK_NAMES, load_task
from suprem.datasets.index import RecordIndex
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import Progress
from suprem.ecg.intake import prepare_files
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import EcgError
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.zero_shot import evaluate_zero_shot
from suprem.export import RESEARCH_USE
from suprem.inference.predictor import Predictor
from suprem.settings import load_settings


@dataclass(frozen=True)
class Config:
    """What to evaluate on what."""

    task: str
    data: Path
    folds: tuple[int, ...] = (9,)
    bootstrap: int = 1000
    seed: int = 0


def run(config: Config, predictor: Predictor, progress: Progress) -> EvaluationResult:
    """Read, score and evaluate the labelled records of the folds.

    Raises:
        DatasetError: The folder is not PTB-XL, or has no labelled record in a fold.
        EvaluationError: Not one record could be read.
    """
    task = load_task(config.task)
    index = index_ptbxl(config.data, folds=config.folds, fs=500 if predictor.spec.fs > 100 else 100)
    labelled = task.label(index.take(index.rows_in_folds(config.folds)))
    return evaluate_zero_shot(
        predictor,
        read_signals(labelled.index, predictor.spec, progress),
        labelled,
        split=f"folds {','.join(map(str, config.folds))}",
        checkpoint=predictor.id,
        encoder=predictor.encoder.name,
        draws=config.bootstrap,
        seed=config.seed,
    )


def read_signals(
    index: RecordIndex, spec: SignalSpec, progress: Progress
) -> Iterator[tuple[str, NDArray[np.float32] | EcgError]]:
    """Yield each record's id and its signal (lead, time), or the error its file gave."""
    paths = [index.root / f"{path}.hea" for path in index.table["path"]]
    signals = zip(index.table["record_id"], prepare_files(paths, spec), strict=True)
    for count, (record_id, signal) in enumerate(signals, start=1):
        yield record_id, signal
        progress(count / len(index), f"{count} of {len(index)} records")


def describe(result: EvaluationResult) -> str:
    """Return the result as text for a terminal."""
    table = result.table()
    interval = [f"{low:.3f}-{high:.3f}" for low, high in zip(table.pop("low"), table.pop("high"), strict=True)]
    table.insert(4, "95 % interval", interval)
    lines = [
        f"{result.task}, {result.split}: {result.records} records of {result.patients} patients",
        f"checkpoint {result.checkpoint}, text encoder {result.encoder}",
        f"labels {result.labels}, protocol {result.protocol}",
        "",
        table.to_string(index=False, float_format="{:.3f}".format),
        "",
        f"macro AUROC {result.macro:.4f} (95 % interval {_range(result.macro_ci)})",
        f"over classes with at least {MIN_POSITIVES} positives {result.macro_10:.4f} ({_range(result.macro_10_ci)})",
        f"{result.draws} bootstrap draws of patients, seed {result.seed}",
    ]
    rare = [entry.code for entry in result.classes if 0 < entry.positives < MIN_POSITIVES]
    if rare:
        # A draw repeats the few positives there are and cannot show what others would have scored.
        lines.append(f"fewer than {MIN_POSITIVES} positives, so the interval is too narrow: {', '.join(rare)}")
    lines += [f"left out of the mean: {entry.name}, {entry.reason}" for entry in result.skipped]
    return "\n".join(lines)


def shortfalls(result: EvaluationResult) -> list[str]:
    """Return what is missing from the evaluated records, in sentences."""
    notes = [f"record {entry.name} could not be read: {entry.reason}" for entry in result.unreadable]
    if notes:
        notes.append(f"{len(notes)} record(s) could not be read and are not in the numbers")
    absent = (result.published_records or 0) - result.records - len(result.unreadable)
    if absent > 0:
        notes.append(f"{absent} of {result.published_records} records that the release has in these folds are absent")
    return notes


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.4f}-{interval[1]:.4f}"


def _draws(text: str) -> int:
    draws = int(text)
    if draws < 1:
        raise argparse.ArgumentTypeError("at least one bootstrap draw is needed")
    return draws


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.zero_shot", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--task", required=True, help=f"one of {', '.join(TASK_NAMES)}")
    parser.add_argument("--data", type=Path, required=True, help="folder with ptbxl_database.csv")
    parser.add_argument("--folds", type=parse_folds, default=(9,), help="for example 9 or 8,9; default 9")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--bootstrap", type=_draws, default=1000, help="draws of the bootstrap, default 1000")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    args = parser.parse_args(argv)

    def work() -> None:
        settings = load_settings()
        # What can be wrong is told before minutes are spent.
        load_task(args.task)
        if args.out is not None:
            args.out.parent.mkdir(parents=True, exist_ok=True)
        predictor = Predictor.load(
            args.checkpoint or settings.checkpoint, encoder_folder=settings.encoder_folder, device=settings.device
        )
        config = Config(task=args.task, data=args.data, folds=args.folds, bootstrap=args.bootstrap)
        result = run(config, predictor, ConsoleProgress("zero_shot"))
        for note in shortfalls(result):
            say(note)
        if args.out is not None:
            write_text(args.out, result.to_json())
        print(result.to_json() if args.json else describe(result))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
