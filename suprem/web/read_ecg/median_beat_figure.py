"""Draw the median beat of each lead on ECG paper, with the marks that the intervals were measured between."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from suprem.ecg.measurement.measure import Measurements
from suprem.ecg.measurement.median_beat import FS, MedianBeat
from suprem.ecg.record import LEADS
from suprem.paper.colours import INK, MAJOR_GRID, MINOR_GRID, PAPER
from suprem.web.ecg_paper.ecg_paper import FONT, Parts

MM_PER_SECOND, MM_PER_MILLIVOLT = 25.0, 10.0
MARK = "#2b4ca0"
_COLUMNS, _PITCH = 4, 30.0
_PIXELS_PER_MM = 7.0


def median_beat_figure(found: Measurements) -> go.Figure | None:
    """Return the figure, 25 mm/s and 10 mm/mV in data units, or None where there is no median beat.

    Each trace carries `meta = {"lead", "left", "zero"}`, its origin in millimetres. Marks of suppressed values are not
    drawn.
    """
    if found.beat is None:
        return None
    beat, marks = found.beat, _marks(found)
    width = beat.signal.shape[1] / FS * MM_PER_SECOND
    data: list[Parts] = []
    shapes: list[Parts] = []
    notes: list[Parts] = []
    for index, lead in enumerate(lead for lead in LEADS if lead in beat.leads):
        left, zero = index // 3 * width, -(index % 3) * _PITCH
        data.append(_trace(beat, lead, left, zero))
        notes.append(_note(left + 1, zero + 11, f"<b>{lead}</b>", INK))
        for sample in marks.values():
            x = left + sample / FS * MM_PER_SECOND
            line = {"color": MARK, "width": 1, "dash": "dot"}
            shapes.append({"type": "line", "x0": x, "x1": x, "y0": zero - 9, "y1": zero + 9, "line": line})
        if index % 3 == 0:
            for name, middle in _names(marks).items():
                x = left + middle / FS * MM_PER_SECOND
                notes.append({**_note(x, zero + 15, name, MARK), "xanchor": "center"})
    return go.Figure({"data": data, "layout": _layout(width, len(data), shapes, notes)})


def _marks(found: Measurements) -> dict[str, int]:
    marks = found.marks
    if marks is None or found.qrs.value is None:
        return {}
    named = {"QRS": marks.qrs_on, "J": marks.qrs_off}
    if found.pr.value is not None and marks.p_on is not None:
        named["P"] = marks.p_on
    if found.p.value is not None and marks.p_off is not None:
        named["P end"] = marks.p_off
    if found.qt.value is not None and marks.t_off is not None:
        named["T end"] = marks.t_off
    return named


def _names(marks: dict[str, int]) -> dict[str, float]:
    """Return what stands above the marks: a wave's name over its middle, which leaves room where marks are close."""
    spans = {"P": ("P", "P end"), "QRS": ("QRS", "J"), "T end": ("T end", "T end")}
    return {
        name: (marks[first] + marks.get(last, marks[first])) / 2
        for name, (first, last) in spans.items()
        if first in marks
    }


def _trace(beat: MedianBeat, lead: str, left: float, zero: float) -> Parts:
    row = beat.lead(lead)
    return {
        "type": "scatter",
        "x": left + np.arange(row.size) / FS * MM_PER_SECOND,
        "y": zero + row * MM_PER_MILLIVOLT,
        "mode": "lines",
        "line": {"color": INK, "width": 1.3},
        "meta": {"lead": lead, "left": left, "zero": zero},
    }


def _note(x: float, y: float, text: str, color: str) -> Parts:
    font = {"color": color, "size": 11}
    return {"x": x, "y": y, "text": text, "showarrow": False, "xanchor": "left", "font": font}


def _layout(width: float, leads: int, shapes: list[Parts], notes: list[Parts]) -> Parts:
    grid = {
        "showgrid": True,
        "gridcolor": MAJOR_GRID,
        "dtick": 5,
        "tick0": 0,
        "minor": {"showgrid": True, "gridcolor": MINOR_GRID, "dtick": 1, "tick0": 0},
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "constrain": "domain",
    }
    columns = -(-leads // 3)
    bottom, top = -2 * _PITCH - 20.0, 25.0
    scale = _note(1, top - 2, f"{MM_PER_SECOND:g} mm/s, {MM_PER_MILLIVOLT:g} mm/mV, median beat", INK)
    return {
        "template": "none",
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "height": round((top - bottom) * _PIXELS_PER_MM * _COLUMNS / 5),
        "showlegend": False,
        "hovermode": False,
        "dragmode": "pan",
        "xaxis": {**grid, "range": [0, columns * width]},
        "yaxis": {**grid, "range": [bottom, top], "scaleanchor": "x", "scaleratio": 1, "constraintoward": "top"},
        "shapes": shapes,
        "annotations": [*notes, scale],
    }
