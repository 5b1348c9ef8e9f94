"""Zero-shot evaluation of a checkpoint on the labelled records of a task."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.query import Support
from suprem.concepts.vocabulary import load_terms
from suprem.datasets.catalog import load_task
from suprem.datasets.corpora import CORPORA
from suprem.datasets.crop import cropped_signals
from suprem.datasets.index import RecordIndex
from suprem.datasets.signal_store import STEP
from suprem.datasets.task import LabelledRecords
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import EcgError
from suprem.evaluation.breakdown import stratify
from suprem.evaluation.leakage import RecordingHashes, as_integers, audit_patients
from suprem.evaluation.query_set import QuerySet, query_set
from suprem.evaluation.results import EvaluationResult, Skipped
from suprem.evaluation.scoring import score_query_sets
from suprem.evaluation.zero_shot import Evaluation, Setting, evaluate_query_sets
from suprem.experiments.configurations import ZeroShotConfig
from suprem.experiments.task_records import (
    EVERY_FOLD,
    audit_sums,
    read_task_records,
    refuse_shared,
    store_hashes,
)
from suprem.inference.predictor import Predictor
from suprem.progress import Progress


@dataclass(frozen=True, eq=False)
class Question:
    """One zero-shot evaluation made ready: a task with its records, the words, and what is known before the answer.

    Args:
        labelled: The records evaluated.
        query_sets: The words to ask with.
        strata: For each set the stratum of each class.
        setting: What the result will say of how it came about.
        validation: Other records, in words and with labels, to fit calibrations on.
    """

    labelled: LabelledRecords
    query_sets: tuple[QuerySet, ...]
    strata: tuple[tuple[str, ...], ...]
    setting: Setting
    validation: tuple[str, LabelledRecords] | None


def run(config: ZeroShotConfig, predictor: Predictor, progress: Progress) -> tuple[Evaluation, ...]:
    """Read, score and evaluate the labelled records of the folds; one evaluation for each query set.

    Raises:
        DatasetError: The folder is not the task's corpus, or has no labelled record in a fold.
        EvaluationError: Not one record could be read, or a query set does not fit the task.
    """
    index = CORPORA[load_task(config.task).corpus].index(config.data, None, predictor.spec.fs)
    hashes = RecordingHashes(() if config.against is None else store_hashes(config.against, predictor.spec))
    return answer([ask(config, index, predictor)], predictor, progress, hashes)[0]


def ask(config: ZeroShotConfig, index: RecordIndex, predictor: Predictor) -> Question:
    """Bring a task and the records of its corpus together, and check both.

    Args:
        config: What to evaluate; its folder is not opened.
        index: Every record of that corpus.
        predictor: The model to be asked.

    Raises:
        DatasetError: No record of the folds has a label of the task, or they share patients with those to fit on.
        EvaluationError: A query set does not fit the task.
    """
    task = load_task(config.task, config.labels)
    terms = load_terms()
    query_sets = tuple(query_set(source, task, terms) for source in config.queries)
    corpus = read_task_records(index, task, config.splits)
    folds = config.folds or corpus.task.default_folds
    labelled = corpus.in_folds(folds)
    fit_on = corpus.in_folds(config.calibrate) if config.calibrate else None
    if fit_on is not None:
        refuse_shared(labelled, fit_on, "of --calibrate")
    audit = (
        audit_patients(corpus.index.table, set(labelled.index.table["fold"]), EVERY_FOLD, corpus.index.made_of),
        audit_sums(labelled),
    )
    setting = Setting(
        split=corpus.in_words(folds),
        checkpoint=predictor.id,
        encoder=predictor.encoder.name,
        draws=config.bootstrap,
        seed=config.seed,
        crop=config.crop or task.crop,
        audit=audit,
    )
    strata = tuple(stratify(queries, predictor.vocabulary, supports(predictor, queries)) for queries in query_sets)
    validation = None if fit_on is None else (corpus.in_words(config.calibrate), fit_on)
    return Question(labelled, query_sets, strata, setting, validation)


def answer(
    questions: Sequence[Question], predictor: Predictor, progress: Progress, hashes: RecordingHashes
) -> list[tuple[Evaluation, ...]]:
    """Answer questions about one corpus, all on one pass over its recordings.

    Args:
        questions: All with the same crop.
        predictor: The model.
        progress: Told how many recordings are scored.
        hashes: Finds recordings that must not be among them.

    Returns:
        For each question one evaluation for each of its query sets.

    Raises:
        EvaluationError: Not one record could be read.
    """
    asked = [labelled.index for one in questions for labelled in (one.labelled, *(one.validation or ())[1:])]
    remarks: dict[str, str] = {}
    signals = read_signals(asked, predictor.spec, questions[0].setting.crop, progress, hashes, remarks)
    scored = iter(score_query_sets(predictor, signals, [queries for one in questions for queries in one.query_sets]))
    recordings = hashes.findings()  # complete only now that all have been read
    return [
        evaluate_query_sets(
            [next(scored) for _ in one.query_sets],
            one.labelled,
            replace(
                one.setting,
                audit=(*one.setting.audit, *recordings),
                remarked=tuple(Skipped(name, remarks[name]) for name in one.labelled.record_ids if remarks.get(name)),
            ),
            one.query_sets,
            strata=one.strata,
            validation=one.validation,
        )
        for one in questions
    ]


def supports(predictor: Predictor, queries: QuerySet) -> list[Support]:
    """Return how well the training vocabulary covers each phrase; the scores of an empty signal are not looked at."""
    nothing = np.zeros((1, len(predictor.spec.leads), predictor.spec.samples), np.float32)
    return [answer.support for answer in predictor.score_signals(nothing, queries.asked)[0]]


def read_signals(
    indexes: Sequence[RecordIndex],
    spec: SignalSpec,
    crop: str,
    progress: Progress,
    hashes: RecordingHashes,
    remarks: dict[str, str],
) -> Iterator[tuple[str, NDArray[np.float32] | EcgError]]:
    """Yield each record's id once with its signal (lead, time), or windows of it, or the error its file gave; note its
    hash, and what there is to remark about it."""
    paths = {
        str(name): path for index in indexes for name, path in zip(index.table["record_id"], index.files(), strict=True)
    }
    found = cropped_signals(list(paths.values()), spec, crop)
    for count, (name, one) in enumerate(zip(paths, found, strict=True), start=1):
        signal, remarks[name] = one.signal, one.remarks
        if not isinstance(signal, EcgError):
            hashes.add(name, as_integers(signal, STEP[spec.scaling]))
        yield name, signal
        progress(count / len(paths), f"{count} of {len(paths)} records")


def save_scores(path: Path, evaluations: Sequence[Evaluation], beside: Path | None) -> list[EvaluationResult]:
    """Write the scores of each query set, of several to files named after them.

    Returns:
        The results with the place of their scores, as a path from the folder `beside`, that of the results.
    """
    results = []
    for one in evaluations:
        name = f"{path.stem}-{Path(one.result.queries).stem}{path.suffix}" if len(evaluations) > 1 else path.name
        one.scores.save(path.with_name(name))
        place = Path(os.path.relpath(path.with_name(name), beside or path.parent)).as_posix()
        results.append(replace(one.result, scores=place))
    return results
