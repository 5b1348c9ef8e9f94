"""Evaluation of a checkpoint on every task for which some folders hold records."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from suprem.atomic import write_text
from suprem.datasets.catalog import load_task
from suprem.datasets.corpora import CORPORA
from suprem.datasets.index import RecordIndex
from suprem.datasets.ptbxl import TABLE as PTBXL_TABLE
from suprem.errors import ConfigError, DatasetError
from suprem.evaluation.evaluation_folder import (
    MANIFEST,
    CorpusFolder,
    EvaluationFolder,
    write_manifest,
    write_results,
)
from suprem.evaluation.leakage import RecordingHashes
from suprem.evaluation.report import FILES
from suprem.evaluation.results import Skipped
from suprem.evaluation.zero_shot import Evaluation
from suprem.experiments.configurations import EvaluationConfig, ZeroShotConfig
from suprem.experiments.zero_shot import Question, answer, ask
from suprem.inference.predictor import Predictor
from suprem.progress import Progress

DEPTH = ("", "*/", "*/*/")
"""Where below a folder PTB-XL is looked for; the other corpora are known by the names of their headers at any depth."""


def run(
    config: EvaluationConfig, predictor: Predictor, out: Path, progress: Progress, provenance: Mapping[str, Any]
) -> EvaluationFolder:
    """Evaluate and write the folder.

    Args:
        config: What to evaluate on what.
        predictor: The model.
        out: The new folder.
        progress: Called with the fraction done and a message.
        provenance: What the figures depend on besides: code, packages, machine.

    Raises:
        ConfigError: The folder holds an evaluation already.
        DatasetError: No task has records.
        EvaluationError: Not one record of a corpus could be read, or the query set does not fit a task.
    """
    if (out / MANIFEST).exists():
        raise ConfigError(f"There is an evaluation in {out} already; give another --name.")
    missing: dict[str, str] = {}
    questions: dict[str, dict[str, Question]] = defaultdict(dict)
    indexes: dict[str, RecordIndex] = {}
    for task in config.tasks:
        corpus = load_task(task).corpus
        try:
            if corpus not in indexes:
                indexes[corpus] = find_corpus(config.data, corpus, predictor.spec.fs)
            one = ZeroShotConfig(
                task, config.data[0], labels=config.labels, splits=config.splits, queries=(config.queries,),
                bootstrap=config.draws,
            )  # fmt: skip
            questions[corpus][task] = ask(one, indexes[corpus], predictor)
        except DatasetError as error:
            missing[task] = str(error)
    if not questions:
        raise DatasetError("\n".join(["No task has records.", *(f"{task}: {why}" for task, why in missing.items())]))

    results: dict[str, Evaluation] = {}
    sizes = {corpus: len(evaluated(asked.values())) for corpus, asked in questions.items()}
    done = 0
    for corpus, asked in questions.items():
        share = _within(progress, done / sum(sizes.values()), sizes[corpus] / sum(sizes.values()), corpus)
        answers = answer(list(asked.values()), predictor, share, RecordingHashes())
        done += sizes[corpus]
        for task, (evaluation,) in zip(asked, answers, strict=True):
            if math.isnan(evaluation.result.macro):
                missing[task] = (
                    f"None of its classes is both present and absent among {evaluation.result.records} records."
                )
            else:
                results[task] = evaluation
    if not results:
        raise DatasetError("\n".join(["No task can be ranked.", *(f"{task}: {why}" for task, why in missing.items())]))
    about = EvaluationFolder(
        folder=out,
        checkpoint=predictor.id,
        run=predictor.card.training.run,
        encoder=predictor.encoder.name,
        labels=config.labels,
        queries=next(iter(results.values())).result.queries,
        created=time.time(),
        tasks=tuple(task for task in config.tasks if task in results),
        missing=tuple(Skipped(task, missing[task]) for task in config.tasks if task in missing),
        corpora={
            corpus: CorpusFolder(indexes[corpus].corpus, str(indexes[corpus].root.absolute())) for corpus in questions
        },
        provenance=dict(provenance),
    )
    indexes = {corpus: evaluated(asked.values()) for corpus, asked in questions.items()}
    write_results(out, [(one.result, one.scores) for one in results.values()], indexes)
    for name, made in FILES.items():
        write_text(out / name, made(about))
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


def evaluated(questions: Iterable[Question]) -> RecordIndex:
    """Return the records that some questions are about, each once."""
    indexes = [question.labelled.index for question in questions]
    table = pd.concat([index.table for index in indexes]).drop_duplicates("record_id", ignore_index=True)
    return replace(indexes[0], table=table, skipped=())


def _within(progress: Progress, start: float, share: float, corpus: str) -> Progress:
    """Return the progress of a part of the work."""
    return lambda fraction, message: progress(min(0.99, start + share * fraction), f"{corpus}: {message}")
