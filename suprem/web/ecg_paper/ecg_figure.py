"""Draw one ECG on ECG paper, as it is given: nothing is filtered here, and an offset only moves a lead's zero line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas  # noqa: F401 - see suprem/web/chart.py
import plotly.graph_objects as go
from numpy.typing import NDArray

from suprem.ecg.record import EcgRecord
from suprem.paper.colours import INK, QUIET_INK
from suprem.paper.layout import (
    STANDARD,
    Layout,
    Line,
    PaperScale,
    Sheet,
    Strip,
    draw,
    extent,
    label_place,
    lay_out,
    remarks,
)
from suprem.web.ecg_paper.ecg_paper import (
    PAPER_PIXELS,
    Parts,
    annotation,
    calibration_pulse,
    column_marks,
    paper_layout,
    scale_statement,
    time_ticks,
)

BLOCK = "43, 76, 160"
"""Red, green and blue of the attention blocks: one hue, told apart from the paper by readers of any colour vision."""

MAX_ALPHA = 0.45
"""Grid and trace stay readable under the strongest block."""

OTHER_BLOCK = "150, 92, 0"
"""The hue of the other sign, where values have two; told apart from the first by readers of any colour vision."""

Colors = list[list[float | str]]
BLOCK_SCALE: Colors = [[0.0, f"rgba({BLOCK}, 0)"], [1.0, f"rgba({BLOCK}, {MAX_ALPHA})"]]
SIGNED_SCALE: Colors = [
    [0.0, f"rgba({OTHER_BLOCK}, {MAX_ALPHA + 0.1})"],
    [0.5, f"rgba({OTHER_BLOCK}, 0)"],
    [0.5, f"rgba({BLOCK}, 0)"],
    [1.0, f"rgba({BLOCK}, {MAX_ALPHA + 0.1})"],
]


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
        signed: Whether values have two signs, of which each gets a hue.
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    start: float
    seconds: float
    ceiling: float
    legend: str
    unread: tuple[str, ...] = ()
    signed: bool = False


def ecg_figure(
    record: EcgRecord, *, layout: Layout = Layout.COLUMNS, blocks: Blocks | None = None, start: float = 0.0
) -> go.Figure:
    """Draw a recording of up to ten seconds on ECG paper at 25 mm/s and 10 mm/mV.

    Args:
        record: What to draw, whole; a window of a longer recording is cropped before.
        layout: Arrangement of the leads.
        blocks: Values to lie under the trace.
        start: Where the record drawn begins in the recording it was cropped from, in seconds; for the time ticks.

    Returns:
        A figure whose traces carry `meta = {"lead", "first", "zero", "sign"}`: start of the strip in seconds, its zero
        line in millimetres and -1 where it is upside down, so that t = x / speed and U = sign * (y - zero) / gain hold
        for every sample drawn.
    """
    return go.Figure(ecg_parts(record, lay_out(layout, record.seconds), blocks=blocks, start=start))


def ecg_figures(
    record: EcgRecord,
    *,
    layout: Layout = Layout.COLUMNS,
    scale: PaperScale = STANDARD,
    start: float = 0.0,
    shown: str = "",
    pixels: int = PAPER_PIXELS,
) -> list[go.Figure]:
    """Draw a recording on as many sheets as it takes at a paper speed, as `ecg_figure` does on one.

    Args:
        record: What to draw, filtered or not.
        layout: Arrangement of the leads.
        scale: Paper speed and gain.
        start: Where the record drawn begins in the recording it was cropped from, in seconds.
        shown: The filters it was changed by, for the header; empty for none.
        pixels: Width of the paper's place on the page.
    """
    sheet = lay_out(layout, record.seconds, scale)
    return [go.Figure(ecg_parts(record, part, start=start, shown=shown, pixels=pixels)) for part in sheet.parts()]


def ecg_parts(
    record: EcgRecord,
    sheet: Sheet,
    *,
    blocks: Blocks | None = None,
    start: float = 0.0,
    shown: str = "",
    pixels: int = PAPER_PIXELS,
) -> Parts:
    """Return what a figure is made of, as plain "data" and "layout".

    A figure is built from these in one go: Plotly checks all annotations and shapes again for each one that is added.
    """
    drawn = [(strip, draw(record, strip, sheet.scale)) for strip in sheet.strips if strip.lead in record.leads]
    bottom, top = extent(sheet, [line for _, line in drawn])
    unread = blocks.unread if blocks else ()
    parts: Parts = {
        "data": (_blocks(sheet, blocks) if blocks else [])
        + [_trace(strip, line) for strip, line in drawn]
        + [calibration_pulse(sheet, middle) for middle in sheet.rows],
        "layout": {
            **paper_layout(sheet, bottom, top, pixels),
            "annotations": [_label(record, strip, sheet, unread) for strip in sheet.strips]
            + time_ticks(sheet, bottom, start)
            + [
                annotation(
                    sheet.left - sheet.margin, top, scale_statement(record, sheet, shown), xanchor="left", yshift=14
                )
            ],
            "shapes": [
                mark for strip in sheet.strips if strip.first > sheet.first for mark in column_marks(strip, sheet)
            ],
        },
    }
    if blocks:
        parts["layout"]["coloraxis"] = _color_axis(blocks)
    return parts


def _trace(strip: Strip, line: Line) -> Parts:
    return {
        "type": "scatter",
        "x": line.x,
        "y": line.y,
        "mode": "lines",
        "line": {"color": INK, "width": 1.2},
        "meta": {
            "lead": strip.lead,
            "first": strip.first,
            "zero": line.zero,
            "sign": -1 if strip.inverted else 1,
        },
    }


def _label(record: EcgRecord, strip: Strip, sheet: Sheet, unread: tuple[str, ...]) -> Parts:
    """Return the lead's name with what must be known about it."""
    remark = remarks(record, strip.lead, unread)
    small = f'<span style="color:{QUIET_INK};font-size:11px">{remark}</span>' if remark else ""
    x, y = label_place(sheet, strip)
    if sheet.labels_in_margin:
        return annotation(x, y, f"<b>{strip.name}</b>{'<br>' if small else ''}{small}", xanchor="left")
    return annotation(x, y, f"<b>{strip.name}</b> {small}", xanchor="left", background="rgba(255, 253, 251, 0.75)")


def _blocks(sheet: Sheet, blocks: Blocks) -> list[Parts]:
    """Return the blocks under the strips, and hatching over the strips of leads they say nothing about."""
    edges = blocks.start + blocks.seconds * np.arange(blocks.values.shape[1] + 1)  # seconds
    parts = []
    for strip in sheet.strips:
        bottom, top = strip.middle - sheet.pitch / 2 + 0.5, strip.middle + sheet.pitch / 2 - 0.5
        chosen = np.flatnonzero((edges[:-1] > strip.first - 1e-6) & (edges[1:] < strip.last + 1e-6))
        if strip.lead in blocks.unread:
            parts.append(_hatching(strip, sheet, bottom, top))
        elif strip.lead in blocks.leads and chosen.size:
            parts.append(
                {
                    "type": "heatmap",
                    "x": edges[chosen[0] : chosen[-1] + 2] * sheet.scale.speed,
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
        "cmin": -blocks.ceiling if blocks.signed else 0,
        "cmax": blocks.ceiling,
        "colorscale": SIGNED_SCALE if blocks.signed else BLOCK_SCALE,
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


def _hatching(strip: Strip, sheet: Sheet, bottom: float, top: float) -> Parts:
    left, right = strip.first * sheet.scale.speed, strip.last * sheet.scale.speed
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
