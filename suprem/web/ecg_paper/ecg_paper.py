"""ECG paper on the screen: its grid, calibration pulse, time ticks and the statement of its scale.

The axes are millimetres of paper, one scale for both (see `paper.layout`). On a screen of
unknown resolution a millimetre has no fixed size, so the paper speed is stated on the figure and everything is measured
in data units.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from suprem.ecg.record import EcgRecord
from suprem.paper.colours import INK, MAJOR_GRID, MINOR_GRID, PAPER, QUIET_INK
from suprem.paper.layout import COLUMN_MARK, Sheet, Strip, calibration_outline
from suprem.paper.view import header

Parts = dict[str, Any]
"""A piece of a figure in Plotly's own terms."""

FONT = "Source Sans, sans-serif"

PAPER_PIXELS = 1184
MAX_PIXELS_PER_MM = 4.6
"""Width of the paper on the page (style.css) and the largest scale, for short recordings; they give the height."""

HALF_PIXELS = 576
"""Width of the paper where two lie side by side."""

MARGIN = {"l": 8, "r": 8, "t": 34, "b": 30}
"""Pixels round the paper, for its header and the time ticks."""


def pixels_per_mm(sheet: Sheet, pixels: int = PAPER_PIXELS) -> float:
    """Return the scale at which the paper fills its place on the page, which is that many pixels wide."""
    return min(MAX_PIXELS_PER_MM, pixels / (sheet.margin + sheet.right - sheet.left + 1))


def paper_layout(sheet: Sheet, bottom: float, top: float, pixels: int = PAPER_PIXELS) -> Parts:
    """Return axes in millimetres, one scale for both, with the 1 mm and the 5 mm grid."""
    grid = {
        "showgrid": True,
        "gridcolor": MAJOR_GRID,
        "gridwidth": 1,
        "dtick": 5,
        "tick0": 0,
        # Millimetres of two pixels would be a red area, not a grid.
        "minor": {
            "showgrid": pixels_per_mm(sheet, pixels) >= 3,
            "gridcolor": MINOR_GRID,
            "gridwidth": 0.6,
            "dtick": 1,
            "tick0": 0,
        },
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
        "margin": MARGIN,
        "height": round((top - bottom) * pixels_per_mm(sheet, pixels)) + MARGIN["t"] + MARGIN["b"],
        "showlegend": False,
        "hovermode": False,
        "dragmode": "pan",
        "xaxis": {**grid, "range": [sheet.left - sheet.margin, sheet.right + 1]},
        "yaxis": {**grid, "range": [bottom, top], "scaleanchor": "x", "scaleratio": 1, "constraintoward": "top"},
    }


def scale_statement(record: EcgRecord, sheet: Sheet, shown: str = "") -> str:
    """Return the header of the paper (see `paper.view.header`) as Plotly writes it."""
    return " &nbsp; ".join(f"<b>{text}</b>" if bold else text for text, bold in header(record, sheet.scale, shown))


def time_ticks(sheet: Sheet, bottom: float, start: float) -> list[Parts]:
    """Return a label for each second, counted from the start of the whole recording."""
    seconds = range(ceil(sheet.first - 1e-6), int(sheet.last + 1e-6) + 1)
    return [
        annotation(second * sheet.scale.speed, bottom, f"{start + second:g} s", yshift=-12, color=QUIET_INK, size=12)
        for second in seconds
    ]


def calibration_pulse(sheet: Sheet, middle: float) -> Parts:
    """Return the calibration pulse, 1 mV for 200 ms, that stands left of a row."""
    x, y = calibration_outline(sheet, middle)
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "line": {"color": INK, "width": 1.2},
        "meta": {"calibration": True},
    }


def column_marks(strip: Strip, sheet: Sheet) -> list[Parts]:
    """Return two marks where a column begins, above and below the trace so that no wave is hidden."""
    x = strip.first * sheet.scale.speed
    return [
        {
            "type": "line",
            "x0": x,
            "x1": x,
            "y0": strip.middle + side * COLUMN_MARK[0],
            "y1": strip.middle + side * COLUMN_MARK[1],
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
