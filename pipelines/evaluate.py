"""Evaluate a checkpoint on every task for which a folder has records, and keep all of it in one folder.

    python -m pipelines.evaluate --data DIR [DIR ...] [--checkpoint FOLDER] [--tasks TASK ...] [--labels exact]

DIR is a corpus as published or a folder with several. PTB-XL is evaluated on fold 9, other corpora on every record
unless --splits gives MERL's tables. Tasks of one corpus share one pass over its recordings. The results, every record's
scores, report.md, classes.csv and worst_cases.csv go to <SUPREM_HOME>/evaluations/<checkpoint>/<name>, which the
Evaluation page shows; a task without records is named and the others go on. Exit code 2 means that no task could be
evaluated.
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pipelines import zero_shot
from pipelines.index_datasets import CORPORA
from pipelines.result_text import shortfalls
from pipelines.stage import ConsoleProgress, draws, provenance, run_stage, say
from suprem.atomic import write_text
from suprem.datasets.catalog import LABEL_VARIANTS, TASK_NAMES, load_task
from suprem.datasets.index import RecordIndex
from suprem.datasets.ptbxl import TABLE as PTBXL_TABLE
from suprem.datasets.signal_store import Progress
from suprem.errors import ConfigError, DatasetError
from suprem.evaluation.evaluation_folder import (
    EVALUATIONS,
    MANIFEST,
    CorpusFolder,
    EvaluationFolder,
    write_manifest,
    write_results,
)
from suprem.evaluation.leakage import RecordingHashes
from suprem.evaluation.query_set import BUILT_IN, SIMPLIFIED
from suprem.evaluation.report import FILES
from suprem.evaluation.results import Skipped
from suprem.evaluation.zero_shot import Evaluation
from suprem.export import RESEARCH_USE
from suprem.inference.predictor import Predictor
from suprem.settings import load_settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DEPTH = ("", "*/", "*/*/")
"""Where below a folder PTB-XL is looked for; the other corpora are known by the names of their headers at any depth."""


@dataclass(frozen=True)
class Config:
    """What to evaluate on what.

    Args:
        data: Folders of corpora, or above them.
        out: The new folder.
        tasks: Names in the catalog.
        labels: "exact" or "merl".
        splits: Folder with MERL's tables; None for the corpus' folds, or every record.
        queries: Query set by name or file.
        draws: Of the bootstrap.
    """

    data: tuple[Path, ...]
    out: Path
    tasks: tuple[str, ...] = TASK_NAMES
    labels: str = "exact"
    splits: Path | None = None
    queries: str = SIMPLIFIED
    draws: int = 1000


def run(config: Config, predictor: Predictor, progress: Progress) -> EvaluationFolder:
    """Evaluate and write the folder.

    Raises:
        ConfigError: The folder holds an evaluation already.
        DatasetError: No task has records.
        EvaluationError: Not one record of a corpus could be read, or the query set does not fit a task.
    """
    if (config.out / MANIFEST).exists():
        raise ConfigError(f"There is an evaluation in {config.out} already; give another --name.")
    missing: dict[str, str] = {}
    questions: dict[str, dict[str, zero_shot.Question]] = defaultdict(dict)
    indexes: dict[str, RecordIndex] = {}
    for task in config.tasks:
        corpus = load_task(task).corpus
        try:
            if corpus not in indexes:
                indexes[corpus] = find_corpus(config.data, corpus, predictor.spec.fs)
            asked = zero_shot.Config(
                task, config.data[0], labels=config.labels, splits=config.splits, queries=(config.queries,),
                bootstrap=config.draws,
            )  # fmt: skip
            questions[corpus][task] = zero_shot.ask(asked, indexes[corpus], predictor)
        except DatasetError as error:
            missing[task] = str(error)
    if not questions:
        raise DatasetError("\n".join(["No task has records.", *(f"{task}: {why}" for task, why in missing.items())]))

    results: dict[str, Evaluation] = {}
    sizes = {corpus: len(evaluated(asked.values())) for corpus, asked in questions.items()}
    done = 0
    for corpus, asked in questions.items():
        share = _within(progress, done / sum(sizes.values()), sizes[corpus] / sum(sizes.values()), corpus)
        answers = zero_shot.answer(list(asked.values()), predictor, share, RecordingHashes())
        done += sizes[corpus]
        for task, (found,) in zip(asked, answers, strict=True):
            if math.isnan(found.result.macro):
                missing[task] = f"None of its classes is both present and absent among {found.result.records} records."
            else:
                results[task] = found
    if not results:
        raise DatasetError("\n".join(["No task can be ranked.", *(f"{task}: {why}" for task, why in missing.items())]))
    about = EvaluationFolder(
        folder=config.out,
        checkpoint=predictor.id,
        run=str(predictor.card.get("training", {}).get("run") or ""),
        encoder=predictor.encoder.name,
        labels=config.labels,
        queries=next(iter(results.values())).result.queries,
        created=time.time(),
        tasks=tuple(task for task in config.tasks if task in results),
        missing=tuple(Skipped(task, missing[task]) for task in config.tasks if task in missing),
        corpora={
            corpus: CorpusFolder(indexes[corpus].corpus, str(indexes[corpus].root.absolute())) for corpus in questions
        },
        provenance=provenance(),
    )
    indexes = {corpus: evaluated(asked.values()) for corpus, asked in questions.items()}
    write_results(config.out, [(one.result, one.scores) for one in results.values()], indexes)
    for name, made in FILES.items():
        write_text(config.out / name, made(about))
    write_manifest(about)
    return about


def find_corpus(folders: Sequence[Path], corpus: str, fs: int) -> RecordIndex:
    """Return the records of a corpus from the first folder that has some.

    Raises:
        DatasetError: None has; with the reason of the last.
    """
    for folder in folders:
        tables = [table.parent for depth in DEPTH for table in sorted(folder.glob(f"{depth}{PTBXL_TABLE}"))]
        place = tables[0] if corpus == "ptbxl" and tables else folder
        try:
            return CORPORA[corpus].index(place, None, fs)
        except DatasetError as error:
            reason = error
    raise reason


def evaluated(questions: Iterable[zero_shot.Question]) -> RecordIndex:
    """Return the records that some questions are about, each once."""
    indexes = [question.labelled.index for question in questions]
    table = pd.concat([index.table for index in indexes]).drop_duplicates("record_id", ignore_index=True)
    return replace(indexes[0], table=table, skipped=())


def _within(progress: Progress, start: float, share: float, corpus: str) -> Progress:
    """Return the progress of a part of the work."""
    return lambda fraction, message: progress(min(0.99, start + share * fraction), f"{corpus}: {message}")


def describe(found: EvaluationFolder) -> str:
    """Return the means as text for a terminal, and the tasks without one."""
    lines = [f"checkpoint {found.checkpoint}, text encoder {found.encoder}, labels {found.labels}"]
    for task in found.tasks:
        result = found.result(task)
        lines.append(
            f"{task}, {result.split}: {result.records} records, macro AUROC {result.macro:.4f} "
            f"({result.macro_ci[0]:.4f}-{result.macro_ci[1]:.4f})"
        )
    lines += [f"{task.name}: not evaluated. {task.reason}" for task in found.missing]
    return "\n".join([*lines, f"{len(found.tasks)} tasks evaluated; results and report in {found.folder}"])


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.evaluate", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="corpora, or above them")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--tasks", nargs="+", choices=TASK_NAMES, default=TASK_NAMES, metavar="TASK")
    parser.add_argument("--labels", choices=LABEL_VARIANTS, default="exact", help="merl: as in the published tables")
    parser.add_argument("--splits", type=Path, metavar="DIR", help="MERL's data_split, its test part")
    parser.add_argument("--queries", default=SIMPLIFIED, metavar="SET", help=f"{', '.join(BUILT_IN)}, or a file")
    parser.add_argument("--name", help="of the folder; default: date and time")
    parser.add_argument("--bootstrap", type=draws, default=1000, help="draws of the bootstrap, default 1000")
    args = parser.parse_args(argv)
    name = args.name or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    if not NAME.fullmatch(name):
        parser.error("--name is made of letters, digits, dots, dashes and underscores")

    def work() -> None:
        settings = load_settings()
        predictor = Predictor.configured(settings, args.checkpoint)
        out = settings.home / EVALUATIONS / predictor.id / name
        config = Config(
            tuple(args.data), out, tuple(args.tasks), args.labels, args.splits, args.queries, args.bootstrap
        )
        progress = ConsoleProgress("evaluate")
        found = run(config, predictor, progress)
        progress(1.0, f"{len(found.tasks)} tasks evaluated, {len(found.missing)} not")
        for task in found.tasks:
            for note in shortfalls(found.result(task)):
                say(f"{task}: {note}")
        print(describe(found))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
