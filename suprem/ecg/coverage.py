"""How much a recording holds of the window that a model reads: which leads, and for how many seconds each.

Missing are leads that are absent and follow from no others, samples that the file does not have, and the padding, one
value held for long, with which exports fill a lead up to the length of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.record import LEADS, EcgRecord, complete_leads
from suprem.errors import MissingLead

ENOUGH_LEADS, ENOUGH_SECONDS = 8, 5.0
"""Of less than this no reader would be sure of a rhythm and its place."""

LEAST_SECONDS = 2.4
"""A column of a 3 x 4 print, which is what devices print least of a lead; a shorter one is a scrap."""

_PADDED_SHARE = 0.05
"""One value held at an end for more than this part of the recording is padding."""

_NEARLY = 0.95
"""What is shorter than the window by less than a twentieth lacks nothing that can be told."""


@dataclass(frozen=True)
class Coverage:
    """How much of a window was recorded.

    Args:
        seconds: Of each of the twelve leads, also of one that follows from two others; 0 where it is missing.
        window: How many seconds the model reads.
    """

    seconds: Mapping[str, float]
    window: float

    @property
    def whole(self) -> bool:
        """Whether nothing is missing that could be told."""
        return self.leads_with(self.window) == len(self.seconds)

    @property
    def sparse(self) -> bool:
        """Whether fewer than eight leads were recorded for five seconds."""
        return self.leads_with(ENOUGH_SECONDS) < ENOUGH_LEADS

    @property
    def scrap(self) -> bool:
        """Whether there is less than a 3 x 4 print holds."""
        return self.leads_with(LEAST_SECONDS) < ENOUGH_LEADS

    @property
    def words(self) -> str:
        """What there is, the most leads first, for example "2.5 s of 11 leads and 10 s of II"."""
        groups: dict[float, list[str]] = {}
        for lead, seconds in self.seconds.items():
            if seconds > 0:
                groups.setdefault(round(seconds, 1), []).append(lead)
        parts = [
            f"{seconds:g} s of {leads[0] if len(leads) == 1 else f'{len(leads)} leads'}"
            for seconds, leads in sorted(groups.items(), key=lambda group: (-len(group[1]), -group[0]))
        ]
        return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else "nothing"

    def holds(self, lead: str, seconds: float) -> bool:
        """Whether a lead was recorded for as good as so many seconds."""
        return self.seconds.get(lead, 0.0) >= _NEARLY * seconds

    def leads_with(self, seconds: float) -> int:
        """Return how many of the twelve leads were recorded for as good as so many seconds."""
        return sum(self.holds(lead, seconds) for lead in self.seconds)


def coverage_of(record: EcgRecord, window: float) -> Coverage:
    """Return how much of a window of so many seconds a recording holds that is no longer than it."""
    try:
        complete = complete_leads(record)
    except MissingLead:
        return Coverage(dict.fromkeys(LEADS, 0.0), window)
    seconds = {
        lead: min(window, recorded_samples(row) / complete.fs)
        for lead, row in zip(complete.leads, complete.signal, strict=True)
    }
    return Coverage({lead: seconds.get(lead, 0.0) for lead in LEADS}, window)


def recorded_samples(row: NDArray[np.float32]) -> int:
    """Return the number of samples of a lead (time,) without missing ones and without padding at either end."""
    return int((np.isfinite(row) & ~padding(row)).sum())


def padding(row: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where a lead (time,) holds one value for long at either end; everywhere where it holds one alone."""
    out = np.zeros(row.size, np.bool_)
    longest = _PADDED_SHARE * row.size
    if np.ptp(row[: int(longest) + 2]) > 0 and np.ptp(row[-max(1, int(longest)) :]) > 0:
        return out  # as nearly every lead, and told without looking at all of it
    at = np.flatnonzero(np.isfinite(row))
    moves = np.flatnonzero(np.diff(row[at]))
    if moves.size == 0:
        out[at] = True
        return out
    if moves[0] > longest:
        out[at[: moves[0]]] = True
    if at.size - moves[-1] > longest:
        out[at[moves[-1] + 2 :]] = True
    return out
