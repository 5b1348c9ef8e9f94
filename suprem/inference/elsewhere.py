"""What was measured of a query at other hospitals, as a model card keeps it.

A figure of the corpus that a model learned from says little about strangers. Where a query did no better than chance at
another hospital, its rank among the reference ECGs of the first would look like knowledge; it is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suprem.model_card import Interval, ModelCard

ENOUGH = 8
"""Fewer records with the finding, or without it, decide nothing: the interval includes chance by their number alone."""


@dataclass(frozen=True)
class MeasuredElsewhere:
    """How well a query told records apart at another hospital, of which nothing was learned.

    Args:
        hospital: Name of its folder.
        finding: The hospital's name for it.
        records, positives: Of which it is known, and which have it.
        auroc: With `ci`, its 95 % interval; the ends are None where there is none.
    """

    hospital: str
    finding: str
    records: int
    positives: int
    auroc: float
    ci: Interval

    @property
    def includes_chance(self) -> bool:
        """Whether the interval does not lie above 0.5, or there is none, although the records are enough to tell."""
        enough = min(self.positives, self.records - self.positives) >= ENOUGH
        return enough and not self.excludes_chance

    @property
    def excludes_chance(self) -> bool:
        """Whether the whole interval lies above chance."""
        return self.ci[0] is not None and self.ci[0] > 0.5

    @property
    def sentence(self) -> str:
        """The figures for a person."""
        ends = "" if None in self.ci else f", 95 % interval {self.ci[0]:.2f} to {self.ci[1]:.2f}"
        chance = "; no better than chance as far as that tells" if self.includes_chance else ""
        return (
            f"Measured at another hospital ({self.hospital}): AUROC {self.auroc:.2f}{ends}, {self.positives:,} of "
            f"{self.records:,} ECGs with it{chance}."
        )


def rank_withheld(figures: Sequence[MeasuredElsewhere]) -> bool:
    """Return whether a rank would look like knowledge: chance at a hospital, and better than that at none."""
    return any(one.includes_chance for one in figures) and not any(one.excludes_chance for one in figures)


def measured_elsewhere(card: ModelCard, key: str | None) -> tuple[MeasuredElsewhere, ...]:
    """Return what a model card holds of a query.

    Args:
        card: The model card.
        key: Code of the query's concept, or the text that is embedded where it is no trained concept.
    """
    return tuple(
        MeasuredElsewhere(hospital, one.finding, one.records, one.positives, one.auroc, one.ci)
        for hospital, figures in card.external.items()
        for one in figures
        if key is not None and key in one.queries
    )
