"""What missing leads or seconds cost a score: the AUROC that its finding loses, by a table in the model card.

The table comes from recordings of which leads and seconds were taken away (`suprem robustness --missing`). It knows
leads lost with all seconds kept, and seconds lost of all leads; a recording that lacks both is charged for both. Of the
ways in which a recording can be said to hold at least what a measured condition left, the cheapest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from suprem.ecg.coverage import Coverage
from suprem.ecg.record import CHEST_LEADS
from suprem.model_card import MissingLoss, MissingSignal, ModelCard

PERFECT_GAIN = 0.5
"""What a perfect score gains: AUROC 1 instead of the 0.5 of chance."""

MOST_LOST = 0.1 * PERFECT_GAIN
"""A score whose finding loses more of its AUROC is withheld until it is asked for."""

PRINT, PRINT_WITH_II = "3x4", "3x4 with II"
"""Layouts in which leads are recorded in turn: four columns of three leads; the same with lead II all the time."""

_LIMB = ("I", "II")


@dataclass(frozen=True)
class MissingCost:
    """What the missing part of a recording costs one score.

    Args:
        held: What there is, for example "2.5 s of 11 leads and 10 s of II".
        loss: AUROC that is lost; None where that was not measured.
        measured: Whether it was measured for this finding; else it is the mean over those for which it was.
        sparse: Whether less than five seconds of eight leads were recorded.
    """

    held: str
    loss: float | None
    measured: bool
    sparse: bool

    @property
    def withheld(self) -> bool:
        """Whether the score is given only to those who ask for it."""
        return self.sparse if self.loss is None else self.loss > MOST_LOST

    @property
    def sentence(self) -> str:
        """What a reader has to know beside the score."""
        if self.loss is None:
            said = f"Scored from {self.held}; what that costs was not measured for this checkpoint"
        elif self.measured:
            said = f"Scored from {self.held}; for this finding that costs {self.loss:.2f} of AUROC"
        else:
            said = (
                f"Scored from {self.held}; that costs {self.loss:.2f} of AUROC in the mean over findings, for this one "
                "it was not measured"
            )
        if not self.withheld:
            return f"{said}."
        why = "" if self.loss is None else f", more than a tenth of what a perfect score gains ({MOST_LOST:g})"
        return f"{said}{why}: withheld until it is asked for."


def missing_cost(card: ModelCard, checkpoint: str, coverage: Coverage | None, code: str | None) -> MissingCost | None:
    """Return what the missing part of a recording costs; None where nothing is missing that could be told.

    Args:
        card: The model card.
        checkpoint: Id of the checkpoint that scores; a table of another one says nothing of it.
        coverage: How much of the window was recorded; None where that is not known.
        code: Of the query's concept.
    """
    if coverage is None or coverage.whole:
        return None
    table = card.missing_signal
    if table is None or table.checkpoint != checkpoint:
        return MissingCost(coverage.words, None, False, coverage.sparse)
    loss = min(_losses(table, coverage, code or ""), default=None)
    measured = any((code or "") in condition.losses for condition in table.conditions)
    return MissingCost(coverage.words, loss, measured, coverage.sparse)


def words_of(condition: MissingLoss) -> str:
    """Return what is missing in a measured condition, in words."""
    if condition.layout:
        return f"all but a print of {condition.layout}"
    if condition.seconds is not None:
        return f"all but {condition.seconds:g} s of every lead"
    limb = ("", "I or II and what follows from it", "all limb leads")[condition.limb]
    chest = f"{condition.chest} chest lead{'s' if condition.chest > 1 else ''}" if condition.chest else ""
    return " and ".join(filter(None, (limb, chest)))


def _losses(table: MissingSignal, coverage: Coverage, code: str) -> Iterator[float]:
    """Yield the loss by each condition, or two of them, that left no more than the recording holds."""
    by_leads = {(one.limb, one.chest): _of(one, code) for one in table.conditions if one.limb or one.chest}
    by_seconds = sorted((one.seconds, _of(one, code)) for one in table.conditions if one.seconds is not None)
    for seconds in sorted({*coverage.seconds.values(), coverage.window}):
        limb = sum(not coverage.holds(lead, seconds) for lead in _LIMB)
        chest = sum(not coverage.holds(lead, seconds) for lead in CHEST_LEADS)
        of_leads = by_leads.get((limb, chest)) if limb or chest else 0.0
        of_seconds = _between([*by_seconds, (coverage.window, 0.0)], seconds)
        if of_leads is not None and of_seconds is not None:
            yield of_leads + of_seconds
    column = coverage.window / 4
    if all(coverage.holds(lead, column) for lead in (*_LIMB, *CHEST_LEADS)):
        layouts = {PRINT, PRINT_WITH_II} if coverage.holds("II", coverage.window) else {PRINT}
        yield from (_of(one, code) for one in table.conditions if one.layout in layouts)


def _of(condition: MissingLoss, code: str) -> float:
    return condition.losses.get(code, condition.mean)


def _between(measured: list[tuple[float, float]], seconds: float) -> float | None:
    """Return the loss at so many seconds, between those that were measured; None below the fewest."""
    times, losses = (np.array(column) for column in zip(*measured, strict=True))
    if seconds < 0.95 * times[0]:
        return None
    return 0.0 if seconds >= 0.95 * times[-1] else float(np.interp(seconds, times, losses))
