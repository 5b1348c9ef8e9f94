"""The ROC curve of one class, with a band that respects patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from suprem.errors import EvaluationError
from suprem.evaluation.metrics import evaluable, patient_resamples

GRID = np.linspace(0.0, 1.0, 101)
"""Specificities are compared between resamples at these false positive rates."""


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Sensitivity over false positive rate.

    Args:
        false_positive_rate: (point,), rising from 0 to 1.
        sensitivity: (point,).
        low: 2.5 % quantile of the sensitivity over resamples of patients, at `GRID`.
        high: 97.5 % quantile.
    """

    false_positive_rate: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def roc(
    present: NDArray[np.bool_],
    scores: NDArray[np.floating],
    patients: Sequence[str],
    *,
    draws: int = 300,
    seed: int = 0,
) -> RocCurve:
    """Return the curve of one class.

    Args:
        present: Whether the class is present, (record,).
        scores: Any scores, (record,).
        patients: Patient of each record.
        draws: Resamples of patients for the band, which holds point by point and not for the curve as a whole.
        seed: Their seed.

    Raises:
        EvaluationError: One of the two labels is missing.
    """
    if not evaluable(present[:, None])[0]:
        count = int(present.sum())
        raise EvaluationError(f"{count} of {len(present)} records have the class, so there is no ROC curve.")
    false_alarms, hits = roc_curve(present, scores, drop_intermediate=True)[:2]
    sensitivities = []
    for taken in patient_resamples(patients, draws=draws, seed=seed):
        if taken[present].any() and taken[~present].any():
            drawn = roc_curve(present, scores, sample_weight=taken, drop_intermediate=False)
            sensitivities.append(np.interp(GRID, drawn[0], drawn[1]))
    low, high = np.quantile(sensitivities, (0.025, 0.975), axis=0)
    return RocCurve(false_alarms, hits, low, high)
