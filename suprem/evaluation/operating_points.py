"""Thresholds for one class: chosen on one half of the patients, judged on the other.

A threshold chosen and judged on the same records looks better than it is. So the patients are halved by a hash of
their id, the same on every machine, and every figure is of the half that the threshold has not seen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binomtest
from sklearn.metrics import roc_curve

from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.results import Interval, Skipped
from suprem.evaluation.score_table import ScoreTable
from suprem.model_card import ThresholdFigures

LARGEST_F1 = "largest F1"
SPECIFICITIES = {"specificity at least 0.90": 0.90, "specificity at least 0.95": 0.95}
RULES = (LARGEST_F1, *SPECIFICITIES)
HOW = (
    "Each threshold is chosen on one half of the patients, drawn by a hash of their id, and every figure is of the "
    "other half. Intervals are Wilson's, which takes records for independent. PPV and NPV hold at the frequency of the "
    "class among these records only."
)


@dataclass(frozen=True)
class Proportion:
    """A share of records with its 95 % interval (Wilson); NaN where there is no record."""

    value: float
    ci: Interval

    @classmethod
    def of(cls, count: int, total: int) -> Proportion:
        """Return `count` of `total`."""
        if total == 0:
            return cls(math.nan, (math.nan, math.nan))
        interval = binomtest(count, total).proportion_ci(method="wilson")
        return cls(count / total, (float(interval.low), float(interval.high)))


@dataclass(frozen=True)
class OperatingPoint:
    """A class at one threshold.

    Args:
        code: The class.
        rule: How the threshold was chosen, one of `RULES`.
        score: The threshold as a score from 0 to 1; at or above it a record is called positive.
        chosen_on: Records, and positives among them, that it was chosen on.
        judged_on: Records, and positives among them, that the figures are of.
        sensitivity: Share of positives called positive.
        specificity: Share of negatives called negative.
        ppv: Share of positives among those called positive.
        npv: Share of negatives among those called negative.
        f1: Harmonic mean of PPV and sensitivity; NaN where no positive is called.
    """

    code: str
    rule: str
    score: float
    chosen_on: tuple[int, int]
    judged_on: tuple[int, int]
    sensitivity: Proportion
    specificity: Proportion
    ppv: Proportion
    npv: Proportion
    f1: float


def operating_points(scores: ScoreTable) -> tuple[tuple[OperatingPoint, ...], tuple[Skipped, ...]]:
    """Return every class at every rule, and the classes that are too rare for a threshold, with the reason.

    Args:
        scores: Labels and logits of the evaluated records.
    """
    choosing = first_half(scores.patients)
    points: list[OperatingPoint] = []
    skipped = []
    for column, code in enumerate(scores.origin.codes):
        present, logits = scores.present[:, column], scores.logits[:, column]
        counts = [int(part.sum()) for half in (choosing, ~choosing) for part in (present[half], ~present[half])]
        if min(counts) < MIN_POSITIVES:
            why = f"fewer than {MIN_POSITIVES} records with or without it in a half of the patients"
            skipped.append(Skipped(code, why))
            continue
        for rule, threshold in thresholds(present[choosing], logits[choosing]).items():
            judged = _judge(present[~choosing], logits[~choosing] >= threshold)
            chosen_on = (int(choosing.sum()), int(present[choosing].sum()))
            points.append(OperatingPoint(code, rule, float(expit(threshold)), chosen_on, *judged))
    return tuple(points), tuple(skipped)


def first_half(patients: Sequence[str]) -> NDArray[np.bool_]:
    """Return which records belong to the first half of the patients, (record,)."""
    return np.array([hashlib.sha256(name.encode()).digest()[0] % 2 == 0 for name in patients], bool)


def thresholds(present: NDArray[np.bool_], logits: NDArray[np.floating]) -> dict[str, float]:
    """Return the threshold of each rule for one class.

    Args:
        present: Labels of the records to choose on, both of them, (record,).
        logits: (record,).
    """
    false_alarms, hits, values = roc_curve(present, logits, drop_intermediate=False)
    true, false = hits * present.sum(), false_alarms * (~present).sum()
    f1 = 2 * true / (true + false + present.sum())
    chosen = {LARGEST_F1: float(values[np.argmax(f1)])}
    for rule, least in SPECIFICITIES.items():
        allowed = np.flatnonzero(1 - false_alarms >= least - 1e-12)
        chosen[rule] = float(values[allowed[np.argmax(hits[allowed])]])
    return chosen


def _judge(
    present: NDArray[np.bool_], called: NDArray[np.bool_]
) -> tuple[tuple[int, int], Proportion, Proportion, Proportion, Proportion, float]:
    hit, false = int((called & present).sum()), int((called & ~present).sum())
    missed, quiet = int((~called & present).sum()), int((~called & ~present).sum())
    return (
        (len(present), hit + missed),
        Proportion.of(hit, hit + missed),
        Proportion.of(quiet, quiet + false),
        Proportion.of(hit, hit + false),
        Proportion.of(quiet, quiet + missed),
        2 * hit / (2 * hit + false + missed) if hit else math.nan,
    )


def thresholds_of(scores: ScoreTable) -> dict[str, tuple[ThresholdFigures, ...]]:
    """Return what a model card keeps of the operating points, by code."""
    kept: dict[str, tuple[ThresholdFigures, ...]] = {}
    for point in operating_points(scores)[0]:
        figures = ThresholdFigures(
            rule=point.rule,
            logit=round(float(logit(point.score)), 3),
            sensitivity=round(point.sensitivity.value, 3),
            specificity=round(point.specificity.value, 3),
        )
        kept[point.code] = (*kept.get(point.code, ()), figures)
    return kept
