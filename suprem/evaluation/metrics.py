"""Discrimination of multi-label scores, with intervals that respect patients.

Everything here takes labels and scores as arrays (record, class) and knows nothing of models, files or tasks. A class
in which one of the two labels is missing has no AUROC: it is NaN, never 0.5, and the means leave it out.

Two ways to an interval are given. The bootstrap draws patients, not records, because the ECGs of one patient are
alike; its resamples can be kept and used for a second model, which makes the comparison paired. DeLong's variance
needs no resampling and gives a test per class; it treats records as independent and is not to be trusted below about
ten positives.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata
from sklearn.metrics import average_precision_score

from suprem.errors import EvaluationError

MIN_POSITIVES = 10
"""Below this many positives one record moves a class by several points of AUROC; `macro_10` leaves such classes out."""

DRAWS_AT_ONCE = 250
"""Resamples worked on together: the block of weights then stays in the processor's cache."""


def evaluable(labels: ArrayLike) -> NDArray[np.bool_]:
    """Return for each class whether both labels occur in `labels` (record, class)."""
    present = np.asarray(labels, dtype=bool)
    return np.asarray(present.any(axis=0) & ~present.all(axis=0))


def auroc(labels: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Area under the ROC curve of each class: the chance that a positive outranks a negative, ties counting one half.

    Args:
        labels: Whether the class is present, (record, class).
        scores: Any scores, (record, class); only their order within a class matters.

    Returns:
        (class,), NaN where one label is missing.

    Raises:
        EvaluationError: The shapes differ or a score is not finite.
    """
    present, values = _checked(labels, scores)
    positives = present.sum(axis=0)
    negatives = len(present) - positives
    ranks = np.where(present, rankdata(values, axis=0), 0.0).sum(axis=0)
    pairs_won = ranks - positives * (positives + 1) / 2  # Mann-Whitney U
    return _ratio(pairs_won, positives * negatives)


def average_precision(labels: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Average precision of each class: precision at every distinct threshold, weighted by the recall it adds.

    Args:
        labels: Whether the class is present, (record, class).
        scores: Any scores, (record, class).

    Returns:
        (class,), NaN where one label is missing.

    Raises:
        EvaluationError: The shapes differ or a score is not finite.
    """
    present, values = _checked(labels, scores)
    result = np.full(present.shape[1], np.nan)
    for column in np.flatnonzero(evaluable(present)):
        result[column] = average_precision_score(present[:, column], values[:, column])
    return result


def macro(values: ArrayLike, include: ArrayLike | None = None) -> NDArray[np.float64]:
    """Unweighted mean over the classes that have a value.

    Args:
        values: (class,) or (draw, class); NaN marks a class without a value.
        include: Optional mask (class,) of the classes to average.

    Returns:
        A scalar array or (draw,); NaN where no class is left.
    """
    array = np.asarray(values, dtype=np.float64)
    counted = np.isfinite(array)
    if include is not None:
        counted &= np.asarray(include, dtype=bool)
    return _ratio(np.where(counted, array, 0.0).sum(axis=-1), counted.sum(axis=-1))


def patient_resamples(patients: Sequence[str], *, draws: int, seed: int) -> NDArray[np.uint16]:
    """Draw as many patients as there are, with replacement, and take all their records.

    Args:
        patients: The patient of each record.
        draws: Number of resamples.
        seed: The same seed and patients give the same resamples, so two models can be compared on them pair by pair.

    Returns:
        How often each record is taken, (draw, record).

    Raises:
        EvaluationError: There is no record or no draw.
    """
    if len(patients) == 0 or draws < 1:
        raise EvaluationError(
            f"A bootstrap needs records and draws; found {len(patients)} record(s) and {draws} draw(s)."
        )
    names, patient_of_record = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    rng = np.random.default_rng(seed)
    resamples = np.empty((draws, len(patient_of_record)), dtype=np.uint16)
    for row in resamples:
        drawn = np.bincount(rng.integers(0, len(names), size=len(names)), minlength=len(names))
        row[:] = drawn[patient_of_record]
    return resamples


def resampled_auroc(labels: ArrayLike, scores: ArrayLike, resamples: NDArray[np.integer]) -> NDArray[np.float64]:
    """AUROC of each class in each resample, equal to computing it on the records taken.

    The negatives are sorted once per class. In a resample, those that a positive outranks are then a cumulative sum of
    weights, so no resample is ever built or sorted.

    Args:
        labels: Whether the class is present, (record, class).
        scores: (record, class).
        resamples: How often each record is taken, (draw, record), from `patient_resamples`.

    Returns:
        (draw, class), NaN where a resample has lost one of the labels.

    Raises:
        EvaluationError: The shapes do not fit or a score is not finite.
    """
    present, values = _checked(labels, scores)
    if resamples.ndim != 2 or resamples.shape[1] != len(present):
        raise EvaluationError(f"The resamples have shape {resamples.shape}; expected (draw, {len(present)} records).")
    classes = [_sorted_class(present[:, column], values[:, column]) for column in range(present.shape[1])]
    result = np.empty((len(resamples), len(classes)))
    for first in range(0, len(resamples), DRAWS_AT_ONCE):
        taken = np.ascontiguousarray(resamples[first : first + DRAWS_AT_ONCE].T, dtype=np.int32)  # (record, draw)
        for column, (positive, negative, below, up_to) in enumerate(classes):
            weight = taken[positive]
            outranked = np.zeros((len(negative) + 1, taken.shape[1]), dtype=np.int32)
            np.cumsum(taken[negative], axis=0, out=outranked[1:])
            twice_won = outranked[below] + outranked[up_to]  # a tied negative is in up_to only: one half
            won = np.einsum("rd,rd->d", weight.astype(np.float64), twice_won.astype(np.float64)) / 2
            pairs = weight.sum(axis=0, dtype=np.float64) * outranked[-1]
            result[first : first + taken.shape[1], column] = _ratio(won, pairs)
    return result


def percentile_interval(draws: ArrayLike, *, level: float = 0.95) -> NDArray[np.float64]:
    """Percentile interval of bootstrap draws, ignoring those without a value.

    Args:
        draws: (draw,) or (draw, class).
        level: Share of the draws between the two ends.

    Returns:
        (2,) or (2, class): lower and upper end, NaN where no draw has a value.
    """
    array = np.asarray(draws, dtype=np.float64)
    columns = array.reshape(len(array), -1)
    ends = np.full((2, columns.shape[1]), np.nan)
    for column in range(columns.shape[1]):
        known = columns[np.isfinite(columns[:, column]), column]
        if len(known):
            ends[:, column] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return ends.reshape(2, *array.shape[1:])


def delong_covariance(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUROC of several models on the same records and one class, with DeLong's covariance.

    DeLong et al., Biometrics 44 (1988) 837, computed from midranks as in Sun and Xu, IEEE Signal Processing Letters 21
    (2014) 1389: O(n log n) instead of all pairs.

    Args:
        labels: Whether the class is present, (record,).
        scores: (record, model).

    Returns:
        AUROC (model,) and its covariance (model, model), which is NaN with fewer than two positives or negatives.

    Raises:
        EvaluationError: The shapes do not fit or a score is not finite.
    """
    values = np.asarray(scores, dtype=np.float64)
    models = values.shape[1] if values.ndim == 2 else 1
    present, values = _checked(np.repeat(np.asarray(labels, dtype=bool)[:, None], models, axis=1), values)
    areas = auroc(present, values)
    positive = present[:, 0]
    if min(positive.sum(), (~positive).sum()) < 2:
        return areas, np.full((models, models), np.nan)
    ranks = rankdata(values, axis=0)
    # For each positive the share of negatives it outranks; for each negative the share of positives that outrank it.
    won = (ranks[positive] - rankdata(values[positive], axis=0)) / (~positive).sum()
    lost = 1 - (ranks[~positive] - rankdata(values[~positive], axis=0)) / positive.sum()
    covariance = np.cov(won, rowvar=False) / len(won) + np.cov(lost, rowvar=False) / len(lost)
    return areas, covariance.reshape(models, models)


def delong_test(labels: ArrayLike, first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """Compare two models on the same records and one class.

    Args:
        labels: Whether the class is present, (record,).
        first: Scores of the first model, (record,).
        second: Scores of the second model, (record,).

    Returns:
        AUROC of the first minus that of the second, and the two-sided p-value, NaN with fewer than two of either label.
    """
    areas, covariance = delong_covariance(labels, np.column_stack([np.asarray(first), np.asarray(second)]))
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if np.isnan(variance):
        return difference, float("nan")
    if variance <= 1e-15:  # both order the records alike, or both separate them without error
        return difference, 1.0 if abs(difference) < 1e-12 else 0.0
    return difference, float(2 * norm.sf(abs(difference) / np.sqrt(variance)))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values for their number, step-down (Holm, Scandinavian Journal of Statistics 6 (1979) 65).

    Args:
        p_values: (test,); NaN marks a test that could not be made, which stays NaN and does not count.

    Returns:
        (test,): compare with the level that the whole family shall keep.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    made = np.flatnonzero(np.isfinite(raw))
    ascending = made[np.argsort(raw[made], kind="stable")]
    factors = np.arange(len(ascending), 0, -1)
    adjusted[ascending] = np.minimum(np.maximum.accumulate(raw[ascending] * factors), 1.0)
    return adjusted


def _checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return labels and scores as arrays (record, class) of one shape, all scores finite."""
    present, values = np.asarray(labels, dtype=bool), np.asarray(scores, dtype=np.float64)
    if present.ndim != 2 or present.shape != values.shape:
        raise EvaluationError(
            f"Labels have shape {present.shape} and scores {values.shape}; both must be (record, class)."
        )
    if not np.isfinite(values).all():
        rows = int((~np.isfinite(values)).any(axis=1).sum())
        raise EvaluationError(f"Scores of {rows} record(s) are not finite numbers; such records cannot be ranked.")
    return present, values


def _sorted_class(
    present: NDArray[np.bool_], values: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the positives, the negatives in rising order, and how many negatives lie below and up to each positive."""
    positive, negative = np.flatnonzero(present), np.flatnonzero(~present)
    negative = negative[np.argsort(values[negative], kind="stable")]
    below = np.searchsorted(values[negative], values[positive], side="left")
    up_to = np.searchsorted(values[negative], values[positive], side="right")
    return positive, negative, below, up_to


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.integer]) -> NDArray[np.float64]:
    """Divide, with NaN where the denominator is zero."""
    ratio = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=ratio, where=np.asarray(denominator) > 0)
    return ratio
