"""Draw one ECG on ECG paper, as recorded: nothing is filtered, and a constant offset only moves a lead's zero line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from suprem.ecg.record import EcgRecord
from suprem.web.ecg_paper import (
    INK,
    MM_PER_MILLIVOLT,
    MM_PER_SECOND,
    QUIET_INK,
    Layout,
    Parts,
    Sheet,
    Strip,
    annotation,
    calibration_pulse,
    column_marks,
    lay_out,
    paper_layout,
    scale_statement,
    time_ticks,
)

BLOCK = "43, 76, 160"
"""Red, green and blue of the attention blocks: one hue, told apart from the paper by readers of any colour vision."""

MAX_ALPHA = 0.45
"""Grid and trace stay readable under the strongest block."""

BLOCK_SCALE = [[0.0, f"rgba({BLOCK}, 0)"], [1.0, f"rgba({BLOCK}, {MAX_ALPHA})"]]


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


def ecg_figure(
    record: EcgRecord, *, layout: Layout = Layout.COLUMNS, blocks: Blocks | None = None, start: float = 0.0
) -> go.Figure:
    """Draw a recording on ECG paper.

    Args:
        record: What to draw, whole; a window of a longer recording is cropped before.
        layout: Arrangement of the leads.
        blocks: Values to lie under the trace.
        start: Where the record drawn begins in the recording it was cropped from, in seconds; for the time ticks.

    Returns:
        A figure whose traces carry `meta = {"lead", "first", "zero"}`: start of the strip in seconds and its zero line
        in millimetres, so that t = x / 25 and U = (y - zero) / 10 hold for every sample drawn.
    """
    return go.Figure(ecg_parts(record, layout=layout, blocks=blocks, start=start))


def ecg_parts(record: EcgRecord, *, layout: Layout, blocks: Blocks | None, start: float) -> Parts:
    """Return what `ecg_figure` is made of, as plain "data" and "layout".

    A figure is built from these in one go: Plotly checks all annotations and shapes again for each one that is added.
    """
    sheet = lay_out(layout, record.seconds)
    drawn = [strip for strip in sheet.strips if strip.lead in record.leads]
    traces = [_trace(record, strip) for strip in drawn] + [calibration_pulse(middle) for middle in sheet.rows]
    bottom, top = _edges(sheet, traces)
    unread = blocks.unread if blocks else ()
    parts: Parts = {
        "data": (_blocks(sheet, blocks) if blocks else []) + traces,
        "layout": {
            **paper_layout(sheet, bottom, top),
            "annotations": [_label(record, strip, sheet, unread) for strip in sheet.strips]
            + time_ticks(sheet, bottom, start)
            + [annotation(-sheet.margin, top, scale_statement(record), xanchor="left", yshift=14)],
            "shapes": [mark for strip in sheet.strips if strip.first > 0 for mark in column_marks(strip)],
        },
    }
    if blocks:
        parts["layout"]["coloraxis"] = _color_axis(blocks)
    return parts


def _edges(sheet: Sheet, traces: list[Parts]) -> tuple[float, float]:
    """Return bottom and top of the paper, which grows by up to 20 mm for a high or deep wave of an outer row."""
    low, high = sheet.rows[-1] - sheet.pitch / 2, sheet.rows[0] + 15.0
    heights = np.concatenate([trace["y"] for trace in traces])
    heights = heights[np.isfinite(heights)]
    return (
        max(low - 20, min(low, 5 * float(np.floor(heights.min() / 5)))),
        min(high + 20, max(high, 5 * float(np.ceil(heights.max() / 5)))),
    )


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
        return annotation(-sheet.margin + 1, strip.middle + 2.5, text, xanchor="left")
    x, y = strip.first * MM_PER_SECOND + 1, strip.middle + sheet.pitch / 2 - 3.5
    return annotation(x, y, f"<b>{strip.lead}</b> {small}", xanchor="left", background="rgba(255, 253, 251, 0.75)")


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
