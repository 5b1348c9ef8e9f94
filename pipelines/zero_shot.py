"""Evaluate a checkpoint on a zero-shot task: AUROC per class and their mean, with bootstrap intervals.

    python -m pipelines.zero_shot --task ptbxl_superclass --data PTBXL_FOLDER --folds 9 [--json] [--out result.json]
    python -m pipelines.zero_shot --task csn --labels exact --data CSN_FOLDER [--splits MERL_FOLDER] [--json]
    python -m pipelines.zero_shot --task cpsc2018 --data DIR --queries simplified members CKEPE_prompt.json

Tasks: ptbxl_superclass, ptbxl_subclass, ptbxl_form, ptbxl_rhythm, ptbxl_all (the 71 statements), cpsc2018, csn. --data
is the corpus as published, or any folder above its headers. PTB-XL is evaluated on fold 9; the others on every record
unless --folds (drawn by a hash of the name) or --splits (MERL's tables, test part) say otherwise. --labels merl takes
the labels of the published tables, errors included. The model is asked one query per class, or the mean of several
phrases; --queries takes several sets, one result each. Intervals come from drawing patients with replacement. With
--json standard output is one JSON object, or {"results": [...]} for several query sets.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

import numpy as np
from numpy.typing import NDArray

from pipelines.index_datasets import CORPORA, parse_folds
from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.atomic import write_text
from suprem.concepts.vocabulary import load_terms
from suprem.datasets.catalog import LABEL_VARIANTS, TASK_NAMES, load_task
from suprem.datasets.crop import CROPS, cropped_signals
from suprem.datasets.index import RecordIndex
from suprem.datasets.merl_splits import read_merl_split
from suprem.datasets.signal_store import Progress
from suprem.datasets.task import LabelledRecords, Task
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import DatasetError, EcgError
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.query_set import BUILT_IN, SIMPLIFIED, query_set
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.zero_shot import Setting, evaluate_zero_shot
from suprem.export import RESEARCH_USE
from suprem.inference.predictor import Predictor
from suprem.settings import load_settings

SHOWN_QUERY = 60
"""Characters of a query in the table for people; the JSON has all of it."""


@dataclass(frozen=True)
class Config:
    """What to evaluate on what.

    Args:
        task: Name in the catalog.
        data: Folder of the corpus.
        folds: Folds to evaluate; None for the task's own choice.
        labels: "exact" or "merl".
        splits: Folder with MERL's tables; None for the corpus' folds, or those of a hash.
        crop: One of `CROPS`; None for the task's own.
        queries: Query sets by name or file.
        bootstrap: Draws.
        seed: Seed of the bootstrap.
    """

    task: str
    data: Path
    folds: tuple[int, ...] | None = None
    labels: str = "exact"
    splits: Path | None = None
    crop: str | None = None
    queries: tuple[str, ...] = (SIMPLIFIED,)
    bootstrap: int = 1000
    seed: int = 0


def run(config: Config, predictor: Predictor, progress: Progress) -> tuple[EvaluationResult, ...]:
    """Read, score and evaluate the labelled records of the folds; one result for each query set.

    Raises:
        DatasetError: The folder is not the task's corpus, or has no labelled record in a fold.
        EvaluationError: Not one record could be read, or a query set does not fit the task.
    """
    task = load_task(config.task, config.labels)
    terms = load_terms()
    query_sets = [query_set(source, task, terms) for source in config.queries]
    labelled, split = labelled_records(config, task, predictor.spec.fs)
    crop = config.crop or task.crop
    setting = Setting(split, predictor.id, predictor.encoder.name, config.bootstrap, config.seed, crop)
    return evaluate_zero_shot(
        predictor, read_signals(labelled.index, predictor.spec, crop, progress), labelled, setting, query_sets
    )


def labelled_records(config: Config, task: Task, fs: int) -> tuple[LabelledRecords, str]:
    """Return the records to evaluate, and in words which they are.

    Raises:
        DatasetError: The folder is not the task's corpus, or has no labelled record in a fold.
    """
    if config.splits is None:
        folds = config.folds or task.default_folds
        index = CORPORA[task.corpus].index(config.data, folds, fs)
        if folds is not None:
            index = index.in_folds(folds)  # says which fold is empty
        return task.label(index), _folds_in_words(folds)
    merl = read_merl_split(config.splits, task)
    labelled = merl.label(task, CORPORA[task.corpus].index(config.data, None, fs))
    folds = config.folds or labelled.task.default_folds or ()
    held = labelled.index.table["fold"]
    rows = np.flatnonzero(held.isin(folds))
    if len(rows) == 0:
        parts = ", ".join(f"{count} in fold {fold}" for fold, count in held.value_counts().sort_index().items())
        raise DatasetError(
            f"None of the records in {config.data.name} is in fold {','.join(map(str, folds))} of MERL's tables; it "
            f"has {parts} (1 train, 9 validation, 10 test). Choose with --folds, for example --folds 1-10."
        )
    return labelled.take(rows), f"MERL's tables, {_folds_in_words(folds)}"


def read_signals(
    index: RecordIndex, spec: SignalSpec, crop: str, progress: Progress
) -> Iterator[tuple[str, NDArray[np.float32] | EcgError]]:
    """Yield each record's id and its signal (lead, time), or windows of it, or the error its file gave."""
    # With the suffix: a CSN record is a header and a .mat file of one name, and the header tells leads and units.
    paths = [_file(index.root / path) for path in index.table["path"]]
    signals = zip(index.table["record_id"], cropped_signals(paths, spec, crop), strict=True)
    for count, (record_id, signal) in enumerate(signals, start=1):
        yield record_id, signal
        progress(count / len(index), f"{count} of {len(index)} records")


def _file(path: Path) -> Path:
    header = path.with_name(f"{path.name}.hea")
    return header if header.is_file() else path


def _folds_in_words(folds: Sequence[int] | None) -> str:
    return "all records" if folds is None else f"folds {','.join(map(str, folds))}"


def describe(result: EvaluationResult) -> str:
    """Return the result as text for a terminal."""
    table = result.table()
    ends = zip(table.pop("low"), table.pop("high"), strict=True)
    interval = ["-" if math.isnan(low) else f"{low:.3f}-{high:.3f}" for low, high in ends]
    table["query"] = table["query"].map(lambda query: shorten(query, SHOWN_QUERY, placeholder=" ..."))
    table.insert(4, "95 % interval", interval)
    lines = [
        f"{result.task}, {result.split}: {result.records} records of {result.patients} patients",
        f"checkpoint {result.checkpoint}, text encoder {result.encoder}",
        f"labels {result.labels}, protocol {result.protocol}, queries {result.queries}, crop {result.crop}",
        "",
        table.to_string(index=False, float_format="{:.3f}".format, na_rep="-"),
        "",
        f"macro AUROC {result.macro:.4f} (95 % interval {_range(result.macro_ci)})",
        f"over classes with at least {MIN_POSITIVES} positives {result.macro_10:.4f} ({_range(result.macro_10_ci)})",
        f"{result.draws} bootstrap draws of patients, seed {result.seed}",
    ]
    rare = [entry.code for entry in result.classes if 0 < entry.positives < MIN_POSITIVES]
    if rare:
        # A draw repeats the few positives there are and cannot show what others would have scored.
        lines.append(f"fewer than {MIN_POSITIVES} positives, so the interval is too narrow: {', '.join(rare)}")
    for reason in dict.fromkeys(entry.reason for entry in result.skipped):
        names = ", ".join(entry.name for entry in result.skipped if entry.reason == reason)
        lines.append(f"left out of the mean, {reason}: {names}")
    return "\n".join(lines)


def side_by_side(results: Sequence[EvaluationResult]) -> list[str]:
    """Return the means of several query sets as one table (the paper's Table 10), or nothing for a single one."""
    if len(results) < 2:
        return []
    width = max(len(result.queries) for result in results)
    rows = [f"{result.queries:<{width}}  {result.macro:.4f} ({_range(result.macro_ci)})" for result in results]
    return ["\n".join(["macro AUROC by query set", *rows])]


def as_json(results: Sequence[EvaluationResult]) -> str:
    """Return one JSON object: the result, or several under "results"."""
    if len(results) == 1:
        return results[0].to_json()
    together = {"results": [json.loads(result.to_json()) for result in results]}
    return json.dumps(together, ensure_ascii=False, indent=2)


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
    parser.add_argument("--data", type=Path, required=True, help="folder of the task's corpus")
    parser.add_argument(
        "--folds", type=parse_folds, help="for example 9 or 8,9; default: 9 of PTB-XL, else every record"
    )
    parser.add_argument("--labels", choices=LABEL_VARIANTS, default="exact", help="merl: as in the published tables")
    parser.add_argument("--splits", type=Path, metavar="DIR", help="MERL's data_split; its test part by default")
    parser.add_argument("--crop", choices=sorted(CROPS), help="of recordings beyond 10 s; default: the task's own")
    parser.add_argument(
        "--queries", nargs="+", default=[SIMPLIFIED], metavar="SET", help=f"{', '.join(BUILT_IN)}, or .toml/.json files"
    )
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--bootstrap", type=_draws, default=1000, help="draws of the bootstrap, default 1000")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    args = parser.parse_args(argv)

    def work() -> None:
        settings = load_settings()
        # What can be wrong is told before minutes are spent.
        load_task(args.task, args.labels)
        if args.out is not None:
            args.out.parent.mkdir(parents=True, exist_ok=True)
        predictor = Predictor.load(
            args.checkpoint or settings.checkpoint, encoder_folder=settings.encoder_folder, device=settings.device
        )
        config = Config(
            args.task, args.data, args.folds, args.labels, args.splits, args.crop, tuple(args.queries), args.bootstrap
        )
        results = run(config, predictor, ConsoleProgress("zero_shot"))
        for note in shortfalls(results[0]):
            say(note)
        text = as_json(results)
        if args.out is not None:
            write_text(args.out, text)
        print(text if args.json else "\n\n".join([*map(describe, results), *side_by_side(results)]))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
