"""Signals to one logit for each record and class, for one set of queries or several on the same pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from suprem.concepts.query import CardiacQuery
from suprem.errors import EvaluationError, SupremError
from suprem.evaluation.query_set import QuerySet
from suprem.evaluation.results import Skipped

Signals = Iterable[tuple[str, "NDArray[np.float32] | SupremError"]]
"""Record id and either what the model reads, one signal (lead, time) or several windows of the record (window, lead,
time), or the error that stands in its place."""


class Scorer(Protocol):
    """What the evaluation needs of `suprem.inference.predictor.Predictor`."""

    def vectors(self, queries: Sequence[CardiacQuery | str]) -> NDArray[np.float32]:
        """Return the vectors (query, width) of the queries."""

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (batch, query) of signals (batch, lead, time)."""


@dataclass(frozen=True, eq=False)
class ScoredRecords:
    """Logits of the records that could be read, and the others by name.

    Args:
        record_ids: Id of each scored record.
        logits: Float (record, class).
        unreadable: Record id and reason of those that could not be read.
    """

    record_ids: tuple[str, ...]
    logits: NDArray[np.floating]
    unreadable: tuple[Skipped, ...]


def score_query_sets(
    scorer: Scorer, signals: Signals, query_sets: Sequence[QuerySet], *, batch_size: int = 32
) -> tuple[ScoredRecords, ...]:
    """Score a stream of signals against sets of queries, a batch at a time; the signals are read once.

    Each set is asked on its own: with query self-attention a score would depend on the other sets.

    Returns:
        One result for each set.

    Raises:
        EvaluationError: Not one record could be read.
    """
    vectors = [scorer.vectors(queries.asked) for queries in query_sets]
    reading = _Reading([], [], [])
    logits: list[list[NDArray[np.float32]]] = [[] for _ in query_sets]
    batch: list[NDArray[np.float32]] = []

    def score_batch() -> None:
        block = np.stack(batch)
        for done, asked in zip(logits, vectors, strict=True):
            done.append(scorer.logits(block, asked))
        batch.clear()

    for window in reading.windows(signals):
        batch.append(window)
        if len(batch) == batch_size:
            score_batch()
    if batch:
        score_batch()
    if not reading.record_ids:
        first = f" The first: {reading.unreadable[0].reason}" if reading.unreadable else ""
        raise EvaluationError(
            f"Not one of {len(reading.unreadable)} records could be read, so there is nothing to evaluate.{first}"
        )
    return tuple(
        ScoredRecords(
            tuple(reading.record_ids),
            _by_class(_by_record(np.concatenate(done), reading.window_counts), queries),
            tuple(reading.unreadable),
        )
        for done, queries in zip(logits, query_sets, strict=True)
    )


def mean_score(logits: NDArray[np.floating], axis: int) -> NDArray[np.floating]:
    """Return the logit of the mean of the scores (sigmoids) along an axis.

    Computed in logarithms: rounding a score near 0 or 1 would make ties. One logit is returned as it is.
    """
    if logits.shape[axis] == 1:
        return np.take(logits, 0, axis=axis)
    exact = logits.astype(np.float64)
    return np.asarray(logsumexp(log_expit(exact), axis=axis) - logsumexp(log_expit(-exact), axis=axis))


@dataclass
class _Reading:
    """The records that have come from the stream: those read with their number of windows, and those unreadable."""

    record_ids: list[str]
    window_counts: list[int]
    unreadable: list[Skipped] = field(default_factory=list)

    def windows(self, signals: Signals) -> Iterable[NDArray[np.float32]]:
        """Yield the windows (lead, time) of all records."""
        for record_id, signal in signals:
            if isinstance(signal, SupremError):
                self.unreadable.append(Skipped(record_id, str(signal)))
                continue
            windows = signal if signal.ndim == 3 else signal[None]
            self.record_ids.append(record_id)
            self.window_counts.append(len(windows))
            yield from windows


def _by_record(logits: NDArray[np.float32], window_counts: Sequence[int]) -> NDArray[np.floating]:
    """Bring the windows of a record together: (window, query) -> (record, query)."""
    if max(window_counts) == 1:
        return logits
    ends = np.cumsum(window_counts)
    return np.stack([mean_score(part, axis=0) for part in np.split(logits, ends[:-1])])


def _by_class(logits: NDArray[np.floating], queries: QuerySet) -> NDArray[np.floating]:
    """Bring the phrases of a class together: (record, phrase) -> (record, class)."""
    if not queries.is_ensemble:
        return logits
    ends = np.cumsum([len(phrases) for phrases in queries.phrases])
    return np.stack([mean_score(part, axis=1) for part in np.split(logits, ends[:-1], axis=1)], axis=1)
