"""ECG paper: where the leads lie on it, its grid, calibration pulse, time ticks and the statement of its scale.

The axes are millimetres of paper, one scale for both: x = 25 mm/s * t and y = zero line + 10 mm/mV * U. On a screen of
unknown resolution a millimetre has no fixed size, so the paper speed is stated on the figure and everything is measured
in data units.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from suprem.ecg.record import LEADS, EcgRecord

MM_PER_SECOND = 25.0
MM_PER_MILLIVOLT = 10.0

CALIBRATION_SECONDS = 0.2
CALIBRATION_MILLIVOLT = 1.0

Parts = dict[str, Any]
"""A piece of a figure in Plotly's own terms."""

FONT = "Source Sans, sans-serif"
PAPER = "#fffdfb"
MINOR_GRID = "#f8e0db"
MAJOR_GRID = "#ecb5aa"
INK = "#16181d"
QUIET_INK = "#5b616e"
SYNTHETIC = "synthetic"
"""The source of a record that was computed (see `EcgRecord.source`)."""

PAPER_PIXELS = 1184
MAX_PIXELS_PER_MM = 4.6
"""Width of the paper on the page (style.css) and the largest scale, for short recordings; they give the height."""


class Layout(StrEnum):
    """How the twelve leads are arranged; the value is what the page shows."""

    COLUMNS = "3 × 4 + II"
    FULL_LENGTH = "12 × 1"


@dataclass(frozen=True)
class Strip:
    """A lead over a stretch of time at a place on the paper.

    Args:
        lead: Name of the lead.
        first: Start of the stretch in the record, in seconds.
        last: End of the stretch, in seconds.
        middle: Height of the strip's middle on the paper, in millimetres.
    """

    lead: str
    first: float
    last: float
    middle: float


@dataclass(frozen=True)
class Sheet:
    """Where everything lies on the paper, in millimetres.

    Args:
        strips: The leads.
        pitch: Distance between two rows.
        width: Length of the time axis.
        margin: Paper left of the time axis; the calibration pulse stands here.
        labels_in_margin: Whether lead names stand left of the pulse instead of on the strip.
    """

    strips: tuple[Strip, ...]
    pitch: float
    width: float
    margin: float
    labels_in_margin: bool

    @property
    def pixels_per_mm(self) -> float:
        """Scale at which the paper fills its place on the page."""
        return min(MAX_PIXELS_PER_MM, PAPER_PIXELS / (self.margin + self.width + 1))

    @property
    def rows(self) -> tuple[float, ...]:
        """Middle of each row, top first."""
        return tuple(dict.fromkeys(strip.middle for strip in self.strips))


def lay_out(layout: Layout, seconds: float) -> Sheet:
    """Place the leads of a recording of that length on the paper.

    In columns each lead shows a quarter of the recording (2.5 s of 10 s) and the columns follow each other in time, as
    on a printed ECG; the rhythm strip below is lead II over the whole recording.
    """
    width = seconds * MM_PER_SECOND
    if layout is Layout.FULL_LENGTH:
        last = len(LEADS) - 1
        strips = tuple(Strip(lead, 0.0, seconds, (last - row) * 20.0) for row, lead in enumerate(LEADS))
        return Sheet(strips, pitch=20.0, width=width, margin=26.0, labels_in_margin=True)
    quarter = seconds / 4
    columns = tuple(
        Strip(lead, index // 3 * quarter, (index // 3 + 1) * quarter, (3 - index % 3) * 30.0)
        for index, lead in enumerate(LEADS)
    )
    rhythm = Strip("II", 0.0, seconds, 0.0)
    return Sheet((*columns, rhythm), pitch=30.0, width=width, margin=12.0, labels_in_margin=False)


def paper_layout(sheet: Sheet, bottom: float, top: float) -> Parts:
    """Return axes in millimetres, one scale for both, with the 1 mm and the 5 mm grid."""
    grid = {
        "showgrid": True,
        "gridcolor": MAJOR_GRID,
        "gridwidth": 1,
        "dtick": 5,
        "tick0": 0,
        "minor": {"showgrid": True, "gridcolor": MINOR_GRID, "gridwidth": 0.6, "dtick": 1, "tick0": 0},
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "constrain": "domain",
    }
    return {
        "template": "none",
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 8, "r": 8, "t": 34, "b": 30},
        "height": round((top - bottom) * sheet.pixels_per_mm) + 64,
        "showlegend": False,
        "hovermode": False,
        "dragmode": "pan",
        "xaxis": {**grid, "range": [-sheet.margin, sheet.width + 1]},
        "yaxis": {**grid, "range": [bottom, top], "scaleanchor": "x", "scaleratio": 1},
    }


def scale_statement(record: EcgRecord) -> str:
    """Return speed, gain, filter and rate, and that the ECG was computed where it was."""
    scale = f"<b>{MM_PER_SECOND:g} mm/s &nbsp; {MM_PER_MILLIVOLT:g} mm/mV</b>"
    synthetic = " &nbsp; <b>SYNTHETIC, not a person's ECG</b>" if record.source == SYNTHETIC else ""
    return f"{scale} &nbsp; no display filter &nbsp; {record.fs:g} Hz{synthetic}"


def time_ticks(sheet: Sheet, bottom: float, start: float) -> list[Parts]:
    """Return a label for each second, counted from the start of the whole recording."""
    seconds = range(int(sheet.width / MM_PER_SECOND + 1e-6) + 1)
    return [
        annotation(second * MM_PER_SECOND, bottom, f"{start + second:g} s", yshift=-12, color=QUIET_INK, size=12)
        for second in seconds
    ]


def calibration_pulse(middle: float) -> Parts:
    """Return the calibration pulse, 1 mV for 200 ms, that stands left of a row."""
    width, height = CALIBRATION_SECONDS * MM_PER_SECOND, CALIBRATION_MILLIVOLT * MM_PER_MILLIVOLT
    left = -width - 4.0
    return {
        "type": "scatter",
        "x": np.array([left - 2, left, left, left + width, left + width, left + width + 2]),
        "y": np.array([middle, middle, middle + height, middle + height, middle, middle]),
        "mode": "lines",
        "line": {"color": INK, "width": 1.2},
        "meta": {"calibration": True},
    }


def column_marks(strip: Strip) -> list[Parts]:
    """Return two marks where a column begins, above and below the trace so that no wave is hidden."""
    x = strip.first * MM_PER_SECOND
    return [
        {
            "type": "line",
            "x0": x,
            "x1": x,
            "y0": strip.middle + side * 4,
            "y1": strip.middle + side * 8,
            "line": {"color": INK, "width": 1.2},
        }
        for side in (-1, 1)
    ]


def annotation(
    x: float,
    y: float,
    text: str,
    *,
    xanchor: str = "center",
    yshift: float = 0,
    color: str = INK,
    size: int = 13,
    background: str | None = None,
) -> Parts:
    """Return an annotation without an arrow at a place on the paper."""
    return {
        "x": x,
        "y": y,
        "text": text,
        "showarrow": False,
        "xanchor": xanchor,
        "align": xanchor,
        "yanchor": "middle",
        "yshift": yshift,
        "font": {"color": color, "size": size},
        "bgcolor": background,
        "borderpad": 1,
    }
