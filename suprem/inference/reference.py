"""Where a score stands among the recordings that the model was last evaluated on, and how far its query can be trusted.

A score by itself says little: 0.02 may be the highest of a thousand recordings. The model card holds, for each trained
concept, the quantiles of its logits over the evaluation's records, and the AUROC with its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

QUANTILES = 201
"""Steps of half a percent; the ends are the lowest and the highest logit of all."""


@dataclass(frozen=True)
class ReferencePercentile:
    """What an evaluation says about one score.

    Attributes:
        lower: Share of the reference records with a lower logit, 0 to 1.
        records: How many reference records there are.
        auroc: Of this query on them, None where it could not be computed.
        interval: 95 % interval of the AUROC.
        positives: Reference records that carry the finding.
        probability: Calibrated on them, so it holds where the finding is as frequent as there; None where the card has
            no calibration of this query.
        calibration_error: Expected calibration error of such probabilities on patients that were not fitted on.
    """

    lower: float
    records: int
    auroc: float | None
    interval: tuple[float, float] | None
    positives: int
    probability: float | None = None
    calibration_error: float | None = None

    @property
    def prevalence(self) -> float:
        """Share of the reference records that carry the finding."""
        return self.positives / self.records

    @property
    def words(self) -> str:
        """Where the score stands, for people: "above 97 of 100"."""
        return f"above {int(100 * self.lower)} of 100"


def reference_of(codes: Sequence[str], logits: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """Return what a model card keeps of an evaluation's logits (record, query): for each query its quantiles, in one
    line of text, so that the card can still be read."""
    steps = np.linspace(0.0, 1.0, QUANTILES)
    columns = np.quantile(logits, steps, axis=0).T
    return {
        "records": len(logits),
        "quantiles": {
            code: " ".join(f"{value:.3f}" for value in column) for code, column in zip(codes, columns, strict=True)
        },
    }


def reference_percentile(card: Mapping[str, Any], code: str | None, logit: float) -> ReferencePercentile | None:
    """Return where a logit stands among the reference records; None where the card does not know the query.

    The evaluation of the card comes first; for concepts that it did not ask, the figures on labels from reports.
    """
    evaluated = (card.get("reference", {}), card.get("validation", {}))
    of_reports = (card.get("concepts", {}), card.get("concepts", {}))
    known = [(ranks, figures) for ranks, figures in (evaluated, of_reports) if code in ranks.get("quantiles", {})]
    if code is None or not known:
        return None
    reference, figures = known[0]
    found: Mapping[str, Any] = next((row for row in figures.get("classes", ()) if row.get("code") == code), {})
    values = np.array(reference["quantiles"][code].split(), float)
    below, upto = np.searchsorted(values, logit, "left"), np.searchsorted(values, logit, "right")
    # Between two quantiles the share lies between theirs; on one of them it is that quantile's.
    lower = (below if upto > below else below - 0.5) / (len(values) - 1)
    interval = found.get("ci")
    fit = card.get("probability", {}).get("maps", {}).get(code)
    return ReferencePercentile(
        lower=float(np.clip(lower, 0.0, 1.0)),
        records=int(reference["records"]),
        auroc=found.get("auroc"),
        interval=(float(interval[0]), float(interval[1])) if interval and None not in interval else None,
        positives=int(found.get("positives", 0)),
        probability=None if fit is None else float(expit(fit["slope"] * logit + fit["intercept"])),
        calibration_error=None if fit is None else float(fit["ece"]),
    )
