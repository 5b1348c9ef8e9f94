"""Where the leads lie on ECG paper, in millimetres: the same numbers on the screen and in print.

x = speed * t and y = zero line ± gain * U for every sample drawn, whatever draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.record import CHEST_LEADS, LEADS, LIMB_LEADS, EcgRecord

MM_PER_SECOND = 25.0
MM_PER_MILLIVOLT = 10.0

SPEEDS = (12.5, MM_PER_SECOND, 50.0)
"""Millimetres per second."""

GAINS = (5.0, MM_PER_MILLIVOLT, 20.0)
"""Millimetres per millivolt."""

PART_MILLIMETRES = 250.0
"""The longest time axis on one sheet: ten seconds at 25 mm/s, which is what A4 holds across."""

CALIBRATION_SECONDS = 0.2
CALIBRATION_MILLIVOLT = 1.0

COLUMN_MARK = (4.0, 8.0)
"""Two marks where a column begins, so far above and below the trace that no wave is hidden; in millimetres."""

INVERTED = "−aVR"
CABRERA: tuple[str, ...] = ("aVL", "I", INVERTED, "II", "aVF", "III")
"""The limb leads in the order of their direction in the frontal plane, from -30° to 120°."""


class Layout(StrEnum):
    """How the twelve leads are arranged; the value is what the page shows."""

    COLUMNS = "3 × 4 + II"
    THREE_RHYTHMS = "3 × 4 + II, V1, V5"
    TWO_COLUMNS = "6 × 2"
    FULL_LENGTH = "12 × 1"
    CABRERA = "Cabrera 6 × 2"


@dataclass(frozen=True)
class PaperScale:
    """Paper speed and gain.

    Args:
        speed: Millimetres per second.
        gain: Millimetres per millivolt.
    """

    speed: float = MM_PER_SECOND
    gain: float = MM_PER_MILLIVOLT

    def __str__(self) -> str:
        return f"{self.speed:g} mm/s, {self.gain:g} mm/mV"


STANDARD = PaperScale()


@dataclass(frozen=True)
class Strip:
    """A lead over a stretch of time at a place on the paper.

    Args:
        lead: Name of the lead.
        first: Start of the stretch in the record, in seconds.
        last: End of the stretch, in seconds.
        middle: Height of the strip's middle on the paper, in millimetres.
        inverted: Whether it is drawn upside down, as -aVR.
    """

    lead: str
    first: float
    last: float
    middle: float
    inverted: bool = False

    @property
    def name(self) -> str:
        """Return the label beside the strip."""
        return f"−{self.lead}" if self.inverted else self.lead


@dataclass(frozen=True)
class Sheet:
    """Where everything lies on the paper, in millimetres.

    Args:
        strips: The leads.
        pitch: Distance between two rows.
        margin: Paper left of the time axis; the calibration pulse stands here.
        labels_in_margin: Whether lead names stand left of the pulse instead of on the strip.
        first: Start of the time axis in the record, in seconds.
        last: End of the time axis, in seconds.
        scale: Paper speed and gain.
    """

    strips: tuple[Strip, ...]
    pitch: float
    margin: float
    labels_in_margin: bool
    first: float
    last: float
    scale: PaperScale = STANDARD

    @property
    def left(self) -> float:
        """Return where the time axis begins, in millimetres."""
        return self.first * self.scale.speed

    @property
    def right(self) -> float:
        """Return where the time axis ends, in millimetres."""
        return self.last * self.scale.speed

    @property
    def rows(self) -> tuple[float, ...]:
        """Middle of each row, top first."""
        return tuple(dict.fromkeys(strip.middle for strip in self.strips))

    def parts(self) -> tuple[Sheet, ...]:
        """Return sheets of equal length that together show all, each with a time axis of at most 250 mm.

        Millimetres go on counting from one to the next: x = speed * t holds on each.
        """
        count = max(1, ceil((self.right - self.left) / PART_MILLIMETRES - 1e-6))
        edges = np.linspace(self.first, self.last, count + 1).tolist()
        return tuple(self._cut(first, last) for first, last in pairwise(edges))

    def _cut(self, first: float, last: float) -> Sheet:
        inside = [strip for strip in self.strips if strip.first < last - 1e-6 and strip.last > first + 1e-6]
        strips = (replace(strip, first=max(first, strip.first), last=min(last, strip.last)) for strip in inside)
        return replace(self, strips=tuple(strips), first=first, last=last)


class Line(NamedTuple):
    """A strip's samples on the paper, in millimetres, and the height of 0 mV."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    zero: float


def lay_out(layout: Layout, seconds: float, scale: PaperScale = STANDARD, *, pitch: float | None = None) -> Sheet:
    """Place the leads of a recording of that length on the paper.

    In columns each lead shows its share of the recording (2.5 s of 10 s in four columns) and the columns follow each
    other in time, as on a printed ECG; rhythm strips below show a lead over the whole recording.

    Args:
        layout: Arrangement of the leads.
        seconds: Length of the recording.
        scale: Paper speed and gain.
        pitch: Distance between two rows in millimetres; without it, what suits layout and gain.
    """
    columns, rhythms = _arrangement(layout)
    full_length = len(columns) == 1
    if pitch is None:
        # Rows move apart for a doubled gain, by less than waves grow; at half the gain they stay.
        pitch = (20.0 if full_length else 30.0) * max(1.0, 0.5 + scale.gain / MM_PER_MILLIVOLT / 2)
    last = len(columns[0]) + len(rhythms) - 1
    share = seconds / len(columns)
    strips = [
        _strip(name, column * share, (column + 1) * share, (last - row) * pitch)
        for column, names in enumerate(columns)
        for row, name in enumerate(names)
    ]
    strips += [_strip(name, 0.0, seconds, (len(rhythms) - 1 - row) * pitch) for row, name in enumerate(rhythms)]
    pulse = CALIBRATION_SECONDS * scale.speed
    margin = (21.0 if full_length else 7.0) + pulse
    return Sheet(tuple(strips), pitch, margin, full_length, 0.0, seconds, scale)


def _arrangement(layout: Layout) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Return the columns, each from top to bottom, and the rhythm strips."""
    if layout is Layout.FULL_LENGTH:
        return (LEADS,), ()
    if layout is Layout.TWO_COLUMNS:
        return (LIMB_LEADS, CHEST_LEADS), ()
    if layout is Layout.CABRERA:
        return (CABRERA, CHEST_LEADS), ()
    rhythms = ("II",) if layout is Layout.COLUMNS else ("II", "V1", "V5")
    return tuple(LEADS[first : first + 3] for first in range(0, len(LEADS), 3)), rhythms


def _strip(name: str, first: float, last: float, middle: float) -> Strip:
    return Strip(name.removeprefix("−"), first, last, middle, inverted=name == INVERTED)


def draw(record: EcgRecord, strip: Strip, scale: PaperScale) -> Line:
    """Return the samples of a strip; the lead's median over the whole record lies on the middle of its row.

    Raises:
        MissingLead: The record does not have the lead.
    """
    row = record.lead(strip.lead)
    gain = -scale.gain if strip.inverted else scale.gain
    first, last = round(strip.first * record.fs), round(strip.last * record.fs)
    finite = row[np.isfinite(row)]
    zero = strip.middle - gain * float(np.median(finite)) if finite.size else strip.middle
    seconds = np.arange(first, min(last + 1, row.size)) / record.fs
    return Line(seconds * scale.speed, zero + gain * row[first : last + 1].astype(np.float64), zero)


def extent(sheet: Sheet, lines: list[Line]) -> tuple[float, float]:
    """Return bottom and top of the paper, which grows by up to 20 mm for a high or deep wave of an outer row."""
    low, high = sheet.rows[-1] - sheet.pitch / 2, sheet.rows[0] + max(15.0, sheet.pitch / 2)
    pulse_top = sheet.rows[0] + CALIBRATION_MILLIVOLT * sheet.scale.gain
    heights = np.concatenate([*(line.y for line in lines), [sheet.rows[-1], pulse_top]])
    heights = heights[np.isfinite(heights)]
    return (
        max(low - 20, min(low, 5 * float(np.floor(heights.min() / 5)))),
        min(high + 20, max(high, 5 * float(np.ceil(heights.max() / 5)))),
    )


def calibration_outline(sheet: Sheet, middle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of the calibration pulse, 1 mV for 200 ms, that stands left of a row."""
    width, height = CALIBRATION_SECONDS * sheet.scale.speed, CALIBRATION_MILLIVOLT * sheet.scale.gain
    left = sheet.left - width - 4.0
    return (
        np.array([left - 2, left, left, left + width, left + width, left + width + 2]),
        np.array([middle, middle, middle + height, middle + height, middle, middle]),
    )


def label_place(sheet: Sheet, strip: Strip) -> tuple[float, float]:
    """Return where a lead's name begins and the height of its middle."""
    if sheet.labels_in_margin:
        return sheet.left - sheet.margin + 1, strip.middle + 2.5
    return strip.first * sheet.scale.speed + 1, strip.middle + sheet.pitch / 2 - 3.5


def remarks(record: EcgRecord, lead: str, unread: tuple[str, ...] = ()) -> str:
    """Return what must be known about a lead wherever its name stands; empty for an ordinary one."""
    known = {
        "not recorded": lead not in record.leads,
        "computed": lead in record.derived,
        "not read": lead in unread,
    }
    return ", ".join(remark for remark, applies in known.items() if applies)
