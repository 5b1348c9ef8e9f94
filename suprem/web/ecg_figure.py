"""Draw one ECG on ECG paper, to scale in the figure's own units.

The axes are millimetres of paper: x = 25 mm/s * t and y = zero line + 10 mm/mV * U, one scale for both axes. On a screen
of unknown resolution a millimetre has no fixed size, so the paper speed is stated on the figure and everything is measured
in data units. The signal is drawn as recorded: nothing is filtered, and a constant offset only moves a lead's zero line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

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
BLOCK = "43, 76, 160"
"""Red, green and blue of the attention blocks: one hue, told apart from the paper by readers of any colour vision."""

SYNTHETIC = "synthetic"
"""The source of a record that was computed (see `EcgRecord.source`)."""

MAX_ALPHA = 0.45
"""Grid and trace stay readable under the strongest block (ux.md, section 4)."""

BLOCK_SCALE = [[0.0, f"rgba({BLOCK}, 0)"], [1.0, f"rgba({BLOCK}, {MAX_ALPHA})"]]

PAPER_PIXELS = 1184
MAX_PIXELS_PER_MM = 4.6
"""Width of the paper on the page (style.css), and the largest scale, for short recordings. They give a figure its height."""


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


@dataclass(frozen=True, eq=False)
class Blocks:
    """Values over leads and time that lie under the trace, drawn as blocks without interpolation.

    Args:
        values: (lead, patch); row i belongs to `leads[i]`.
        leads: Name of each row.
        start: Start of the first patch in the record drawn, in seconds.
        seconds: Length of a patch.
        ceiling: Value that gets the strongest colour; larger values get it too.
        legend: What the values are.
        unread: Leads the values say nothing about; they are hatched and named so.
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    start: float
    seconds: float
    ceiling: float
    legend: str
    unread: tuple[str, ...] = ()


def lay_out(layout: Layout, seconds: float) -> Sheet:
    """Place the leads of a recording of that length on the paper.

    In columns each lead shows a quarter of the recording (2.5 s of 10 s) and the columns follow each other in time, as on
    a printed ECG; the rhythm strip below is lead II over the whole recording.
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


def ecg_figure(
    record: EcgRecord, *, layout: Layout = Layout.COLUMNS, blocks: Blocks | None = None, start: float = 0.0
) -> go.Figure:
    """Draw a recording on ECG paper.

    Args:
        record: What to draw, whole; a window of a longer recording is cropped before.
        layout: Arrangement of the leads.
        blocks: Values to lie under the trace.
        start: When the record drawn begins in the recording it was cropped from, in seconds; only the time ticks use it.

    Returns:
        A figure whose traces carry `meta = {"lead", "first", "zero"}`: start of the strip in seconds and its zero line in
        millimetres, so that t = x / 25 and U = (y - zero) / 10 hold for every sample drawn.
    """
    return go.Figure(ecg_parts(record, layout=layout, blocks=blocks, start=start))


def ecg_parts(record: EcgRecord, *, layout: Layout, blocks: Blocks | None, start: float) -> Parts:
    """Return what `ecg_figure` is made of, as plain "data" and "layout".

    A figure is built from these in one go: Plotly checks all annotations and shapes again for each one that is added.
    """
    sheet = lay_out(layout, record.seconds)
    drawn = [strip for strip in sheet.strips if strip.lead in record.leads]
    traces = [_trace(record, strip) for strip in drawn] + [_calibration(middle) for middle in sheet.rows]
    bottom, top = _edges(sheet, traces)
    unread = blocks.unread if blocks else ()
    parts: Parts = {
        "data": (_blocks(sheet, blocks) if blocks else []) + traces,
        "layout": {
            **_paper(sheet, bottom, top),
            "annotations": [_label(record, strip, sheet, unread) for strip in sheet.strips]
            + _time_ticks(sheet, bottom, start)
            + [_text(-sheet.margin, top, _statement(record), xanchor="left", yshift=14)],
            "shapes": [mark for strip in sheet.strips if strip.first > 0 for mark in _separator(strip)],
        },
    }
    if blocks:
        parts["layout"]["coloraxis"] = _color_axis(blocks)
    return parts


def _edges(sheet: Sheet, traces: list[Parts]) -> tuple[float, float]:
    """Return bottom and top of the paper, which grows by up to 20 mm so that a high R wave of an outer row is not cut off."""
    low, high = sheet.rows[-1] - sheet.pitch / 2, sheet.rows[0] + 15.0
    heights = np.concatenate([trace["y"] for trace in traces])
    heights = heights[np.isfinite(heights)]
    return (
        max(low - 20, min(low, 5 * float(np.floor(heights.min() / 5)))),
        min(high + 20, max(high, 5 * float(np.ceil(heights.max() / 5)))),
    )


def _paper(sheet: Sheet, bottom: float, top: float) -> Parts:
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


def _statement(record: EcgRecord) -> str:
    """Return speed, gain, filter and rate, and that the ECG was computed where it was."""
    statement = f"<b>{MM_PER_SECOND:g} mm/s &nbsp; {MM_PER_MILLIVOLT:g} mm/mV</b> &nbsp; no display filter &nbsp; {record.fs:g} Hz"
    return statement + (" &nbsp; <b>SYNTHETIC, not a person's ECG</b>" if record.source == SYNTHETIC else "")


def _time_ticks(sheet: Sheet, bottom: float, start: float) -> list[Parts]:
    seconds = range(int(sheet.width / MM_PER_SECOND + 1e-6) + 1)
    return [
        _text(second * MM_PER_SECOND, bottom, f"{start + second:g} s", yshift=-12, color=QUIET_INK, size=12)
        for second in seconds
    ]


def _trace(record: EcgRecord, strip: Strip) -> Parts:
    """Return one strip's samples in millimetres; the lead's median lies on the middle of its row."""
    row = record.lead(strip.lead)
    first, last = round(strip.first * record.fs), round(strip.last * record.fs)
    finite = row[np.isfinite(row)]
    zero = strip.middle - MM_PER_MILLIVOLT * float(np.median(finite)) if finite.size else strip.middle
    return {
        "type": "scatter",
        "x": np.arange(first, min(last + 1, row.size)) / record.fs * MM_PER_SECOND,
        "y": zero + MM_PER_MILLIVOLT * row[first : last + 1].astype(np.float64),
        "mode": "lines",
        "line": {"color": INK, "width": 1.2},
        "meta": {"lead": strip.lead, "first": strip.first, "zero": zero},
    }


def _calibration(middle: float) -> Parts:
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


def _label(record: EcgRecord, strip: Strip, sheet: Sheet, unread: tuple[str, ...]) -> Parts:
    """Return the lead's name with what must be known about it."""
    known = {
        "not recorded": strip.lead not in record.leads,
        "derived": strip.lead in record.derived,
        "not read": strip.lead in unread,
    }
    remarks = ", ".join(remark for remark, applies in known.items() if applies)
    small = f'<span style="color:{QUIET_INK};font-size:11px">{remarks}</span>' if remarks else ""
    if sheet.labels_in_margin:
        text = f"<b>{strip.lead}</b>{'<br>' if small else ''}{small}"
        return _text(-sheet.margin + 1, strip.middle + 2.5, text, xanchor="left")
    x, y = strip.first * MM_PER_SECOND + 1, strip.middle + sheet.pitch / 2 - 3.5
    return _text(x, y, f"<b>{strip.lead}</b> {small}", xanchor="left", background="rgba(255, 253, 251, 0.75)")


def _separator(strip: Strip) -> list[Parts]:
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


def _blocks(sheet: Sheet, blocks: Blocks) -> list[Parts]:
    """Return the blocks under the strips, and hatching over the strips of leads they say nothing about."""
    edges = blocks.start + blocks.seconds * np.arange(blocks.values.shape[1] + 1)  # seconds
    parts = []
    for strip in sheet.strips:
        bottom, top = strip.middle - sheet.pitch / 2 + 0.5, strip.middle + sheet.pitch / 2 - 0.5
        chosen = np.flatnonzero((edges[:-1] > strip.first - 1e-6) & (edges[1:] < strip.last + 1e-6))
        if strip.lead in blocks.unread:
            parts.append(_hatching(strip, bottom, top))
        elif strip.lead in blocks.leads and chosen.size:
            parts.append(
                {
                    "type": "heatmap",
                    "x": edges[chosen[0] : chosen[-1] + 2] * MM_PER_SECOND,
                    "y": [bottom, top],
                    "z": blocks.values[blocks.leads.index(strip.lead)][None, chosen],
                    "coloraxis": "coloraxis",
                    "zsmooth": False,
                    "meta": {"blocks": strip.lead},
                }
            )
    return parts


def _color_axis(blocks: Blocks) -> Parts:
    return {
        "cmin": 0,
        "cmax": blocks.ceiling,
        "colorscale": BLOCK_SCALE,
        "colorbar": {
            "orientation": "h",
            "x": 0.995,
            "xanchor": "right",
            "y": 1.0,
            "yanchor": "bottom",
            "len": 0.3,
            "thickness": 9,
            "outlinewidth": 0.5,
            "outlinecolor": QUIET_INK,
            "title": {"text": blocks.legend, "side": "top", "font": {"size": 12}},
            "tickfont": {"size": 11},
        },
    }


def _hatching(strip: Strip, bottom: float, top: float) -> Parts:
    left, right = strip.first * MM_PER_SECOND, strip.last * MM_PER_SECOND
    return {
        "type": "scatter",
        "x": [left, right, right, left, left],
        "y": [bottom, bottom, top, top, bottom],
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "fillpattern": {
            "shape": "/",
            "fgcolor": "rgba(91, 97, 110, 0.35)",
            "bgcolor": "rgba(0, 0, 0, 0)",
            "size": 9,
            "solidity": 0.12,
        },
        "meta": {"unread": strip.lead},
    }


def _text(
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
