"""Where a score stands among the recordings that the model was last evaluated on, and how far its query can be trusted.

A score by itself says little: 0.02 may be the highest of a thousand recordings. The model card holds, for each trained
concept, the quantiles of its logits over the evaluation's records and over those that carry the finding, and the AUROC
with its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from suprem.inference.elsewhere import measured_elsewhere, rank_withheld
from suprem.model_card import ClassFigures, ModelCard, ReferenceLogits

QUANTILES = 201
"""Steps of half a percent; the ends are the lowest and the highest logit of all."""

POSITIVE_QUANTILES = 21
"""Steps of five percent over the records that carry the finding, which are far fewer."""

MIN_POSITIVES = 10
"""Fewer records with the finding do not tell how such records score."""

PROBABLE = 0.5
"""From this calibrated probability on, a score says that the finding is there."""

USUAL_OF_POSITIVES = 0.25
"""A score above those of a quarter of the records with the finding is one as they have."""

RARE_OF_POSITIVES = 0.05
"""A score below those of all but so many of the records with the finding is one that they hardly have."""


@dataclass(frozen=True)
class ReferencePercentile:
    """Percentile of one score among reference recordings, and how well its query orders them.

    Attributes:
        lower: Share of the reference records with a lower logit, 0 to 1.
        records: How many reference records there are.
        auroc: Of this query on them, None where it could not be computed.
        interval: 95 % interval of the AUROC.
        positives: Reference records that carry the finding.
        probability: Calibrated on them, so it holds where the finding is as frequent as there; None where the card has
            no calibration of this query.
        calibration_error: Expected calibration error of such probabilities on patients that were not fitted on.
        lower_positives: Share of the reference records with the finding that have a lower logit, 0 to 1; None where
            the card does not tell or they are fewer than `MIN_POSITIVES`.
    """

    lower: float
    records: int
    auroc: float | None
    interval: tuple[float, float] | None
    positives: int
    probability: float | None = None
    calibration_error: float | None = None
    lower_positives: float | None = None

    @property
    def prevalence(self) -> float:
        """Share of the reference records that carry the finding."""
        return self.positives / self.records

    @property
    def words(self) -> str:
        """Return the percentile in words: "above 97 of 100"."""
        return f"above {int(100 * self.lower)} of 100"

    @property
    def is_high(self) -> bool:
        """Whether the score says that the finding is there.

        By the calibrated probability where there is one; else by the records with the finding, as a score that is
        usual among them and rarer than they are; else by a rank as high as theirs would be if all ranked highest.
        """
        if self.probability is not None:
            return self.probability >= PROBABLE
        ranks_with_them = self.positives > 0 and self.lower >= 1.0 - self.prevalence
        if self.lower_positives is None:
            return ranks_with_them
        return ranks_with_them and self.lower_positives >= USUAL_OF_POSITIVES

    @property
    def is_low(self) -> bool:
        """Whether the score says that the finding is not there: one that records with the finding hardly have.

        Where their scores are not known, a rank in the lower half of the records without it.
        """
        if self.lower_positives is not None:
            return self.lower_positives < RARE_OF_POSITIVES
        return self.lower < (1.0 - self.prevalence) / 2


@dataclass(frozen=True)
class OperatingThreshold:
    """A threshold of one query, chosen on some patients of the evaluation and judged on the others.

    Attributes:
        rule: How it was chosen, in words.
        lower: Share of the reference records with a lower logit, 0 to 1.
        sensitivity: Share of the judged records with the finding that lie at or above it.
        specificity: Share of the judged records without the finding that lie below it.
    """

    rule: str
    lower: float
    sensitivity: float
    specificity: float


def operating_thresholds(card: ModelCard, code: str | None) -> tuple[OperatingThreshold, ...]:
    """Return the thresholds that a model card holds for a query; none where it was too rare for one."""
    quantiles = card.reference.quantiles.get(code or "")
    if code is None or quantiles is None:
        return ()
    return tuple(
        OperatingThreshold(point.rule, _fraction_below(quantiles, point.logit), point.sensitivity, point.specificity)
        for point in card.operating_points.get(code, ())
    )


def reference_of(
    codes: Sequence[str], logits: NDArray[np.floating[Any]], present: NDArray[np.bool_] | None = None
) -> ReferenceLogits:
    """Return what a model card keeps of an evaluation's logits.

    Args:
        codes: Of the queries.
        logits: Array (record, query).
        present: Which records carry which finding (record, query); None where that is not known.

    Returns:
        The number of records, and for each query its quantiles over all of them and over those with the finding, each
        in one line of text, so that the card can still be read.
    """
    steps = np.linspace(0.0, 1.0, QUANTILES)
    columns = np.quantile(logits, steps, axis=0).T
    of_positives = {}
    if present is not None:
        steps = np.linspace(0.0, 1.0, POSITIVE_QUANTILES)
        of_positives = {
            code: _line(np.quantile(logits[present[:, column], column], steps))
            for column, code in enumerate(codes)
            if present[:, column].sum() >= MIN_POSITIVES
        }
    return ReferenceLogits(
        len(logits), {code: _line(column) for code, column in zip(codes, columns, strict=True)}, of_positives
    )


def _line(values: NDArray[np.floating[Any]]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def reference_percentile(card: ModelCard, code: str | None, logit: float) -> ReferencePercentile | None:
    """Return where a logit stands among the reference records; None where the card does not know the query, or where
    the query did no better than chance at another hospital.

    The evaluation of the card comes first; for concepts that it did not ask, the figures on labels from reports.
    """
    evaluated: tuple[ReferenceLogits, Sequence[ClassFigures]] = (card.reference, card.validation.classes)
    of_reports: tuple[ReferenceLogits, Sequence[ClassFigures]] = (card.concepts, card.concepts.classes)
    known = [(logits, classes) for logits, classes in (evaluated, of_reports) if code in logits.quantiles]
    if code is None or not known or rank_withheld(measured_elsewhere(card, code)):
        return None
    reference, classes = known[0]
    figures = next(
        (one for one in classes if one.code == code), ClassFigures(code=code, positives=0, auroc=None, ci=None)
    )
    of_positives = reference.positive_quantiles.get(code)
    low, high = figures.ci or (None, None)
    fit = card.probability.maps.get(code)
    return ReferencePercentile(
        lower=_fraction_below(reference.quantiles[code], logit),
        records=reference.records,
        auroc=figures.auroc,
        interval=None if low is None or high is None else (low, high),
        positives=figures.positives,
        probability=None if fit is None else float(expit(fit.slope * logit + fit.intercept)),
        calibration_error=None if fit is None else fit.ece,
        lower_positives=None if of_positives is None else _fraction_below(of_positives, logit),
    )


def _fraction_below(quantiles: str, logit: float) -> float:
    """Return which fraction of the records, 0 to 1, has a lower logit."""
    values = np.array(quantiles.split(), float)
    below, upto = np.searchsorted(values, logit, "left"), np.searchsorted(values, logit, "right")
    # Between two quantiles the share lies between theirs; on one of them it is that quantile's.
    lower = (below if upto > below else below - 0.5) / (len(values) - 1)
    return float(np.clip(lower, 0.0, 1.0))
