"""Robustness: the records of a task scored as they are, disturbed, and asked in other words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.vocabulary import Vocabulary, load_terms
from suprem.datasets.catalog import load_task
from suprem.datasets.corpora import CORPORA
from suprem.datasets.task import LabelledRecords, Task
from suprem.ecg.disturb import DISTURBANCES
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, EvaluationError
from suprem.evaluation.metrics import auroc, macro
from suprem.evaluation.query_set import query_set
from suprem.evaluation.robustness import Paraphrases, Undisturbed, ask_otherwise, company_sensitivity, independent
from suprem.evaluation.robustness_result import CompanyResult, RobustnessResult
from suprem.experiments.configurations import ZeroShotConfig
from suprem.experiments.zero_shot import ask
from suprem.inference.predictor import Predictor
from suprem.progress import Progress

BATCH = 32


WORDINGS = 5
"""Of our terms, asked for a class at most."""


@dataclass(frozen=True)
class RobustnessConfig:
    """Task, records and conditions of a robustness evaluation.

    Args:
        evaluation: The task and its records, as `zero_shot` takes them.
        records: So many of them at most, evenly spread; None for all.
        paraphrases: File of paraphrases; None takes the other wordings of our terms.
        seed: Of the disturbances.
    """

    evaluation: ZeroShotConfig
    records: int | None = None
    paraphrases: Path | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class DisturbedScores:
    """Scores of the readable records under every condition.

    Args:
        rows: Which of the labelled records.
        logits: Undisturbed (record, class).
        paraphrased: Of the paraphrases (record, query).
        disturbed: For each disturbance (record, class), NaN where a record could not be scored.
        reasons: For each disturbance why not, of the first; "" where all could.
        company: Dependence on the other queries.
    """

    rows: NDArray[np.intp]
    logits: NDArray[np.float32]
    paraphrased: NDArray[np.float32]
    disturbed: tuple[NDArray[np.float32], ...]
    reasons: tuple[str, ...]
    company: tuple[CompanyResult, ...]


def run(config: RobustnessConfig, predictor: Predictor, progress: Progress) -> RobustnessResult:
    """Read, disturb, score and compare.

    Raises:
        DatasetError: The folder is not the task's corpus, or has no labelled record in a fold.
        EvaluationError: Not one record could be read, or the paraphrases do not fit the task.
    """
    asked = config.evaluation
    index = CORPORA[load_task(asked.task).corpus].index(asked.data, None, predictor.spec.fs)
    question = ask(asked, index, predictor)
    labelled = spread(question.labelled, config.records)
    paraphrases = paraphrases_of(labelled.task, config.paraphrases, predictor)
    scored = score(labelled, paraphrases, predictor, config.seed, progress)
    kept = labelled.take(scored.rows)
    undisturbed = Undisturbed(
        kept.task.codes, kept.present, kept.patients, scored.logits, draws=asked.bootstrap, seed=asked.seed
    )
    part = "" if len(labelled.record_ids) == len(question.labelled.record_ids) else f", {len(kept.record_ids)} of them"
    return RobustnessResult(
        task=kept.task.name,
        split=question.setting.split + part,
        checkpoint=predictor.id,
        encoder=predictor.encoder.name,
        records=len(kept.record_ids),
        unreadable=len(labelled.record_ids) - len(kept.record_ids),
        macro=float(macro(auroc(kept.present, scored.logits))),
        conditions=tuple(
            undisturbed.against(disturbance.name, disturbance.kind, logits, reason)
            for disturbance, logits, reason in zip(DISTURBANCES, scored.disturbed, scored.reasons, strict=True)
        ),
        company=scored.company,
        paraphrases=paraphrases.judge(kept.task.codes, kept.present, scored.logits, scored.paraphrased),
        draws=asked.bootstrap,
        seed=config.seed,
    )


def spread(labelled: LabelledRecords, records: int | None) -> LabelledRecords:
    """Return at most so many records, evenly spread over all."""
    count = len(labelled.record_ids)
    if records is None or records >= count:
        return labelled
    return labelled.take(np.linspace(0, count - 1, records).round().astype(np.intp))


def paraphrases_of(task: Task, path: Path | None, predictor: Predictor) -> Paraphrases:
    """Return the paraphrases of each class: those of a file, else the other wordings of our terms.

    Raises:
        EvaluationError: The file is none of queries, or does not fit the task.
    """
    terms = load_terms()
    if path is not None:
        given = query_set(str(path), task, terms)
        wordings, kinds = given.phrases, given.kinds
    else:
        wordings, kinds = tuple(_known_wordings(terms, query) for query in task.queries), ()
    queries, *others = (tuple(predictor.ask(texts)) for texts in (task.queries, *wordings))
    return Paraphrases(queries, tuple(others), kinds)


def _known_wordings(terms: Vocabulary, query: str) -> tuple[str, ...]:
    """Return the other wordings that our terms have for a query."""
    concept = terms.lookup(query)
    names = (concept.name, *concept.synonyms) if concept is not None else ()
    return tuple(name for name in names if name.casefold() != query.casefold())[:WORDINGS]


def score(
    labelled: LabelledRecords, paraphrases: Paraphrases, predictor: Predictor, seed: int, progress: Progress
) -> DisturbedScores:
    """Read each record once and score it as it is, disturbed, and against the paraphrases.

    Raises:
        EvaluationError: Not one record could be read.
    """
    vectors = predictor.vectors(paraphrases.queries)
    other_words = (
        predictor.vectors(paraphrases.asked) if paraphrases.asked else np.empty((0, vectors.shape[1]), np.float32)
    )
    trained = predictor.vectors(predictor.vocabulary.names)
    rows: list[int] = []
    logits, paraphrased = [], []
    disturbed: list[list[NDArray[np.float32]]] = [[] for _ in DISTURBANCES]
    reasons = [""] * len(DISTURBANCES)
    company: tuple[CompanyResult, ...] = ()
    for block in blocks(labelled, predictor, progress):
        signals = np.stack([signal for _, _, signal in block])
        company = company or company_sensitivity(predictor, signals, vectors, trained)
        rows += [row for row, _, _ in block]
        logits.append(predictor.logits(signals, vectors))
        paraphrased.append(
            ask_otherwise(predictor, signals, vectors, paraphrases.columns, other_words, apart=not independent(company))
        )
        for number, disturbance in enumerate(DISTURBANCES):
            # A disturbance that the model's leads or rate do not show is not scored again.
            changed, again = [], logits[-1].copy()
            for place, (row, record, signal) in enumerate(block):
                rng = np.random.default_rng((seed, row, number))
                try:
                    after = preprocess(disturbance.apply(record, rng), predictor.spec).signal
                except EcgError as error:
                    reasons[number] = reasons[number] or str(error)
                    again[place] = np.nan
                    continue
                if not np.array_equal(after, signal):
                    changed.append((place, after))
            if changed:
                places, stack = [place for place, _ in changed], np.stack([after for _, after in changed])
                again[places] = predictor.logits(stack, vectors)
            disturbed[number].append(again)
    if not rows:
        raise EvaluationError(f"Not one of {len(labelled.record_ids)} records could be read, so nothing can be scored.")
    return DisturbedScores(
        np.array(rows),
        np.concatenate(logits),
        np.concatenate(paraphrased),
        tuple(map(np.concatenate, disturbed)),
        tuple(reasons),
        company,
    )


def blocks(
    labelled: LabelledRecords, predictor: Predictor, progress: Progress
) -> Iterator[list[tuple[int, EcgRecord, NDArray[np.float32]]]]:
    """Yield the readable records some at a time: row, record, and what the model reads of it (lead, time)."""
    block: list[tuple[int, EcgRecord, NDArray[np.float32]]] = []
    files = labelled.index.files()
    for row, path in enumerate(files):
        try:
            record = read_ecg(path)
            block.append((row, record, preprocess(record, predictor.spec).signal))
        except (EcgError, OSError):
            pass  # counted: a record that is in no row
        if block and (len(block) == BATCH or row + 1 == len(files)):
            yield block
            block = []
            progress((row + 1) / len(files), f"{row + 1} of {len(files)} records")
    if block:
        yield block
