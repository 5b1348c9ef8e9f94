"""Zero-shot classification: each class of a task is asked as one query, and no label of the task is ever learned from.

The protocol (paper, section 4.3): one query per class, the score is the sigmoid of its logit, AUROC per class, and the
unweighted mean. AUROC depends on the order of scores only, so logits are compared directly, which keeps ties out that a
rounded sigmoid would make.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.catalog import LabelledRecords
from suprem.errors import EvaluationError, SupremError
from suprem.evaluation.metrics import (
    MIN_POSITIVES,
    auroc,
    average_precision,
    evaluable,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)
from suprem.evaluation.results import ClassResult, EvaluationResult, Interval, Skipped

PROTOCOL = "clean"
"""One query per class, the same preprocessing as everywhere in the project, nothing chosen on the evaluated records."""

Signals = Iterable[tuple[str, "NDArray[np.float32] | SupremError"]]
"""Record id and either the signal (lead, time) the model reads or the error that stands in its place."""


class Scorer(Protocol):
    """What the evaluation needs of `suprem.inference.predictor.Predictor`."""

    def vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (query, width) of the queries."""

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (batch, query) of signals (batch, lead, time)."""


@dataclass(frozen=True, eq=False)
class ScoredRecords:
    """Logits of the records that could be read, and the others by name.

    Args:
        record_ids: Id of each scored record.
        logits: Float32 (record, query).
        unreadable: Record id and reason of those that could not be read.
    """

    record_ids: tuple[str, ...]
    logits: NDArray[np.float32]
    unreadable: tuple[Skipped, ...]


def score_signals(scorer: Scorer, signals: Signals, queries: Sequence[str], *, batch_size: int = 32) -> ScoredRecords:
    """Score a stream of signals against the queries, a batch at a time.

    Raises:
        EvaluationError: Not one record could be read.
    """
    vectors = scorer.vectors(queries)
    record_ids: list[str] = []
    logits: list[NDArray[np.float32]] = []
    unreadable: list[Skipped] = []

    def readable() -> Iterator[NDArray[np.float32]]:
        for record_id, signal in signals:
            if isinstance(signal, SupremError):
                unreadable.append(Skipped(record_id, str(signal)))
            else:
                record_ids.append(record_id)
                yield signal

    stream = readable()
    while batch := list(islice(stream, batch_size)):
        logits.append(scorer.logits(np.stack(batch), vectors))
    if not logits:
        first = f" The first: {unreadable[0].reason}" if unreadable else ""
        raise EvaluationError(
            f"Not one of {len(unreadable)} records could be read, so there is nothing to evaluate.{first}"
        )
    return ScoredRecords(tuple(record_ids), np.concatenate(logits), tuple(unreadable))


def evaluate_zero_shot(
    scorer: Scorer,
    signals: Signals,
    labelled: LabelledRecords,
    *,
    split: str,
    checkpoint: str,
    encoder: str,
    draws: int = 1000,
    seed: int = 0,
) -> EvaluationResult:
    """Evaluate a model on a task with the task's own queries.

    Args:
        scorer: The model, normally a `Predictor`.
        signals: One entry for each labelled record, in any order.
        labelled: The records of the task and their labels.
        split: The records evaluated, in words, for example "folds 9".
        checkpoint: Id of the checkpoint.
        encoder: Name of its text encoder.
        draws: Bootstrap draws.
        seed: Seed of the bootstrap.

    Raises:
        EvaluationError: No record could be read, a record is missing, or a score is not finite.
    """
    scored = score_signals(scorer, signals, labelled.task.queries)
    return evaluate_scores(
        scored, labelled, split=split, checkpoint=checkpoint, encoder=encoder, draws=draws, seed=seed
    )


def evaluate_scores(
    scored: ScoredRecords,
    labelled: LabelledRecords,
    *,
    split: str,
    checkpoint: str,
    encoder: str,
    draws: int = 1000,
    seed: int = 0,
) -> EvaluationResult:
    """Compute the result from scores; arguments as in `evaluate_zero_shot`.

    Raises:
        EvaluationError: A labelled record has neither scores nor a reason, or scores do not fit the classes.
    """
    task = labelled.task
    published = task.published_in(labelled.index.table["fold"])
    labelled, logits = _match(scored, labelled)
    present = labelled.present
    values = auroc(present, logits)
    precisions = average_precision(present, logits)
    positives = present.sum(axis=0)
    frequent = positives >= MIN_POSITIVES

    resampled = resampled_auroc(present, logits, patient_resamples(labelled.patients, draws=draws, seed=seed))
    intervals = percentile_interval(resampled)
    lost = np.isnan(resampled).sum(axis=0)
    return EvaluationResult(
        task=task.name,
        labels=task.labels,
        protocol=PROTOCOL,
        split=split,
        checkpoint=checkpoint,
        encoder=encoder,
        records=len(logits),
        patients=len(set(labelled.patients)),
        published_records=published,
        macro=float(macro(values)),
        macro_ci=_ends(percentile_interval(macro(resampled))),
        macro_10=float(macro(values, frequent)),
        macro_10_ci=_ends(percentile_interval(macro(resampled, frequent))),
        classes=tuple(
            ClassResult(
                code=entry.code,
                query=entry.query,
                positives=int(positives[i]),
                auroc=float(values[i]),
                ci=_ends(intervals[:, i]),
                average_precision=float(precisions[i]),
                lost_draws=int(lost[i]),
            )
            for i, entry in enumerate(task.classes)
        ),
        skipped=_skipped_classes(task.codes, present),
        unreadable=scored.unreadable,
        draws=draws,
        seed=seed,
    )


def _match(scored: ScoredRecords, labelled: LabelledRecords) -> tuple[LabelledRecords, NDArray[np.float32]]:
    """Return the labelled records that have scores and their logits (record, class), row for row."""
    classes = len(labelled.task.classes)
    if scored.logits.shape != (len(scored.record_ids), classes):
        raise EvaluationError(
            f"The scores have shape {scored.logits.shape}; {labelled.task.name} needs one row for each of "
            f"{len(scored.record_ids)} records and one column for each of its {classes} classes."
        )
    row_of = {record_id: row for row, record_id in enumerate(scored.record_ids)}
    if len(row_of) < len(scored.record_ids):
        raise EvaluationError("A record has been scored twice; give each record once.")
    explained = {entry.name for entry in scored.unreadable}
    missing = [name for name in labelled.record_ids if name not in row_of and name not in explained]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of {len(labelled.record_ids)} labelled records have no scores, first "
            f"{', '.join(missing[:5])}; score every record of the task."
        )
    rows = [row for row, name in enumerate(labelled.record_ids) if name in row_of]
    kept = labelled.take(rows)
    return kept, scored.logits[[row_of[name] for name in kept.record_ids]]


def _skipped_classes(codes: Sequence[str], present: NDArray[np.bool_]) -> tuple[Skipped, ...]:
    """Name the classes without an AUROC."""
    return tuple(
        Skipped(code, f"{'every' if column.any() else 'none'} of {len(column)} records has it; nothing can be ranked")
        for code, column, usable in zip(codes, present.T, evaluable(present), strict=True)
        if not usable
    )


def _ends(interval: NDArray[np.float64]) -> Interval:
    return float(interval[0]), float(interval[1])
