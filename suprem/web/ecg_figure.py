"""Draw one ECG on ECG paper, to scale in the figure's own units.

The axes are millimetres of paper: x = 25 mm/s * t and y = zero line + 10 mm/mV * U, one scale for both axes. On a screen
of unknown resolution a millimetre has no fixed size, so the paper speed is stated on the figure and everything is measured
in data units. The signal is drawn as recorded: nothing is filtered, and a constant offset only moves a lead's zero line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from suprem.ecg.record import LEADS, EcgRecord

MM_PER_SECOND = 25.0
MM_PER_MILLIVOLT = 10.0

CALIBRATION_SECONDS = 0.2
CALIBRATION_MILLIVOLT = 1.0

PAPER = "#fffdfb"
MINOR_GRID = "#f8e0db"
MAJOR_GRID = "#ecb5aa"
INK = "#16181d"
QUIET_INK = "#5b616e"
BLOCK = "43, 76, 160"
"""Red, green and blue of the attention blocks: one hue, told apart from the paper by readers of any colour vision."""

MAX_ALPHA = 0.45
"""Grid and trace stay readable under the strongest block (ux.md, section 4)."""

BLOCK_SCALE = [[0.0, f"rgba({BLOCK}, 0)"], [1.0, f"rgba({BLOCK}, {MAX_ALPHA})"]]

PIXELS_PER_MM = 4.4
"""Gives a figure its height; fills the page's widest column, so the paper shows neither gap nor scroll bar there."""


class Layout(StrEnum):
    """How the twelve leads are arranged; the value is what the page shows."""

    COLUMNS = "3 × 4 + rhythm strip"
    FULL_LENGTH = "12 × 1, full length"


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
        return Sheet(strips, pitch=20.0, width=width, margin=24.0, labels_in_margin=True)
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
    sheet = lay_out(layout, record.seconds)
    figure = go.Figure()
    if blocks is not None:
        _draw_blocks(figure, sheet, blocks)
    for strip in sheet.strips:
        if strip.lead in record.leads:
            figure.add_trace(_trace(record, strip))
        figure.add_annotation(_label(record, strip, sheet, blocks.unread if blocks else ()))
        if strip.first > 0:
            _draw_separator(figure, strip)
    for middle in sheet.rows:
        figure.add_trace(_calibration(middle))
    _draw_paper(figure, sheet, start)
    return figure


def _draw_paper(figure: go.Figure, sheet: Sheet, start: float) -> None:
    """Set axes in millimetres with the 1 mm and 5 mm grid, time ticks, and the statement of speed and gain.

    The paper grows by up to 20 mm where the outer rows need it, so that a high R wave is not cut off.
    """
    heights = [y for trace in figure.data if trace.type == "scatter" for y in (np.nanmax(trace.y), np.nanmin(trace.y))]
    bottom, top = -sheet.pitch / 2, sheet.rows[0] + sheet.pitch / 2
    top = min(top + 20, max(top, 5 * np.ceil(max(heights) / 5)))
    bottom = max(bottom - 20, min(bottom, 5 * np.floor(min(heights) / 5)))
    seconds = np.arange(0, int(sheet.width / MM_PER_SECOND + 1e-6) + 1)
    statement = f"<b>{MM_PER_SECOND:g} mm/s   {MM_PER_MILLIVOLT:g} mm/mV</b>   as recorded, no display filter"
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
    figure.update_layout(
        template="none",
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        font={"family": "Source Sans, sans-serif", "size": 13, "color": INK},
        margin={"l": 8, "r": 8, "t": 34, "b": 30},
        height=round((top - bottom) * PIXELS_PER_MM) + 64,
        showlegend=False,
        hovermode=False,
        dragmode="pan",
        xaxis={**grid, "range": [-sheet.margin, sheet.width + 1]},
        yaxis={**grid, "range": [bottom, top], "scaleanchor": "x", "scaleratio": 1},
    )
    for second in seconds:
        x = second * MM_PER_SECOND
        figure.add_annotation(_text(x, bottom, f"{start + second:g} s", yshift=-12, color=QUIET_INK, size=12))
    figure.add_annotation(_text(-sheet.margin, top, statement, xanchor="left", yshift=14))


def _trace(record: EcgRecord, strip: Strip) -> go.Scatter:
    """Return one strip's samples in millimetres; the lead's median lies on the middle of its row."""
    row = record.lead(strip.lead)
    first, last = round(strip.first * record.fs), round(strip.last * record.fs)
    finite = row[np.isfinite(row)]
    zero = strip.middle - MM_PER_MILLIVOLT * float(np.median(finite)) if finite.size else strip.middle
    return go.Scatter(
        x=np.arange(first, min(last + 1, row.size)) / record.fs * MM_PER_SECOND,
        y=zero + MM_PER_MILLIVOLT * row[first : last + 1].astype(np.float64),
        mode="lines",
        line={"color": INK, "width": 1.2},
        meta={"lead": strip.lead, "first": strip.first, "zero": zero},
    )


def _calibration(middle: float) -> go.Scatter:
    """Return the calibration pulse, 1 mV for 200 ms, that stands left of a row."""
    width, height = CALIBRATION_SECONDS * MM_PER_SECOND, CALIBRATION_MILLIVOLT * MM_PER_MILLIVOLT
    left = -width - 4.0
    return go.Scatter(
        x=[left - 2, left, left, left + width, left + width, left + width + 2],
        y=[middle, middle, middle + height, middle + height, middle, middle],
        mode="lines",
        line={"color": INK, "width": 1.2},
        meta={"calibration": True},
    )


def _label(record: EcgRecord, strip: Strip, sheet: Sheet, unread: tuple[str, ...]) -> dict[str, object]:
    """Return the lead's name with what must be known about it."""
    remarks = [
        remark
        for remark, applies in (
            ("not recorded", strip.lead not in record.leads),
            ("derived", strip.lead in record.derived),
            ("not read", strip.lead in unread),
        )
        if applies
    ]
    small = f'<span style="color:{QUIET_INK};font-size:11px">{", ".join(remarks)}</span>' if remarks else ""
    if sheet.labels_in_margin:
        separator = "<br>" if small else ""
        return _text(-sheet.margin + 1, strip.middle + 2.5, f"<b>{strip.lead}</b>{separator}{small}", xanchor="left")
    x, y = strip.first * MM_PER_SECOND + 1, strip.middle + sheet.pitch / 2 - 3.5
    return _text(x, y, f"<b>{strip.lead}</b> {small}", xanchor="left", background="rgba(255, 253, 251, 0.75)")


def _draw_separator(figure: go.Figure, strip: Strip) -> None:
    """Mark where a column begins, above and below the trace so that no wave is hidden."""
    x = strip.first * MM_PER_SECOND
    for side in (-1, 1):
        y0, y1 = strip.middle + side * 4, strip.middle + side * 8
        figure.add_shape(type="line", x0=x, x1=x, y0=y0, y1=y1, line={"color": INK, "width": 1.2})


def _draw_blocks(figure: go.Figure, sheet: Sheet, blocks: Blocks) -> None:
    """Lay the blocks under the strips and hatch the strips of leads they say nothing about."""
    edges = blocks.start + blocks.seconds * np.arange(blocks.values.shape[1] + 1)  # seconds
    for strip in sheet.strips:
        bottom, top = strip.middle - sheet.pitch / 2 + 0.5, strip.middle + sheet.pitch / 2 - 0.5
        chosen = np.flatnonzero((edges[:-1] > strip.first - 1e-6) & (edges[1:] < strip.last + 1e-6))
        if strip.lead in blocks.unread:
            figure.add_trace(_hatching(strip, bottom, top))
        elif strip.lead in blocks.leads and chosen.size:
            figure.add_trace(
                go.Heatmap(
                    x=edges[chosen[0] : chosen[-1] + 2] * MM_PER_SECOND,
                    y=[bottom, top],
                    z=blocks.values[blocks.leads.index(strip.lead)][None, chosen],
                    coloraxis="coloraxis",
                    zsmooth=False,
                    meta={"blocks": strip.lead},
                )
            )
    bar = {
        "orientation": "h",
        "x": 1.0,
        "xanchor": "right",
        "y": 1.0,
        "yanchor": "bottom",
        "len": 0.3,
        "thickness": 9,
        "outlinewidth": 0.5,
        "outlinecolor": QUIET_INK,
        "title": {"text": blocks.legend, "side": "top", "font": {"size": 12}},
        "tickfont": {"size": 11},
    }
    figure.update_layout(coloraxis={"cmin": 0, "cmax": blocks.ceiling, "colorscale": BLOCK_SCALE, "colorbar": bar})


def _hatching(strip: Strip, bottom: float, top: float) -> go.Scatter:
    """Return the hatching of a lead that the blocks say nothing about."""
    left, right = strip.first * MM_PER_SECOND, strip.last * MM_PER_SECOND
    return go.Scatter(
        x=[left, right, right, left, left],
        y=[bottom, bottom, top, top, bottom],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillpattern={
            "shape": "/",
            "fgcolor": "rgba(91, 97, 110, 0.35)",
            "bgcolor": "rgba(0, 0, 0, 0)",
            "size": 9,
            "solidity": 0.12,
        },
        meta={"unread": strip.lead},
    )


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
) -> dict[str, object]:
    """Return an annotation without an arrow at a place on the paper."""
    return {
        "x": x,
        "y": y,
        "text": text,
        "showarrow": False,
        "xanchor": xanchor,
        "yanchor": "middle",
        "yshift": yshift,
        "font": {"color": color, "size": size},
        "bgcolor": background,
        "borderpad": 1,
    }
