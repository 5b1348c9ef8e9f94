"""Draw ECG paper with matplotlib, in millimetres: what the print and the first sight of the page are made of.

The axes of a figure cover it and count millimetres, so a length in the drawing is that length on paper: 72/25.4 points
of PDF and SVG, 10 pixels of PNG.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from math import ceil
from threading import Lock
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from suprem.ecg.record import EcgRecord
from suprem.paper.colours import INK, MAJOR_GRID, MINOR_GRID, QUIET_INK
from suprem.paper.layout import COLUMN_MARK, Line, Sheet, calibration_outline, draw, extent, label_place, remarks

PIXELS_PER_MM = 10
POINTS = 72 / 25.4
"""Per millimetre."""

SEEN = 0.3
"""Points, 0.1 mm or half a pixel of the page: what a line that need not be exact may leave out."""

_STYLE: Any = {"font.family": "DejaVu Sans", "pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "suprem"}
_TITLE = {"Title": "12-lead ECG. Research use only. Not a medical device.", "Creator": "SuPreME Studio"}
_DRAWING = Lock()
"""Matplotlib's settings and font cache belong to the process, and sessions draw at the same time."""


class PrintFormat(StrEnum):
    """What a print is written as; the value is the file's suffix."""

    PDF = "pdf"
    SVG = "svg"
    PNG = "png"

    @property
    def mime(self) -> str:
        """Its media type."""
        return {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}[self.value]


@contextmanager
def drawing() -> Iterator[None]:
    """Draw and write figures in here; one thread at a time does."""
    with _DRAWING, mpl.rc_context(_STYLE):
        yield


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of that many millimetres, and its axes."""
    figure = Figure(figsize=(width / 25.4, height / 25.4), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def write(figures: Sequence[Figure], form: PrintFormat) -> bytes:
    """Return figures as a file; only a PDF holds several. The same figure always gives the same bytes."""
    out = io.BytesIO()
    if form is PrintFormat.PDF:
        with PdfPages(out, metadata={**_TITLE, "CreationDate": None}) as pdf:
            for figure in figures:
                pdf.savefig(figure)
    else:
        (figure,) = figures
        named = {**_TITLE, "Date": None} if form is PrintFormat.SVG else {"Title": _TITLE["Title"]}
        figure.savefig(out, format=form.value, dpi=25.4 * PIXELS_PER_MM, metadata=named)
    return out.getvalue()


def bounds(record: EcgRecord, sheet: Sheet) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of the paper of a sheet, in its own millimetres."""
    low, high = extent(sheet, [line for _, line in _lines(record, sheet)])
    return sheet.left - sheet.margin, ceil(sheet.right) + 1.0, low, high


def _lines(record: EcgRecord, sheet: Sheet) -> list[tuple[str, Line]]:
    return [(strip.lead, draw(record, strip, sheet.scale)) for strip in sheet.strips if strip.lead in record.leads]


def draw_sheet(
    axes: Axes, record: EcgRecord, sheet: Sheet, place: tuple[float, float], start: float, *, exact: bool = True
) -> None:
    """Draw the paper of a sheet and what lies on it.

    Args:
        axes: In millimetres.
        record: What is drawn, filtered or not.
        sheet: Where it lies.
        place: Left and lower edge of the paper on the axes.
        start: Where the record begins in the recording, in seconds.
        exact: Whether every sample is in the drawing; else those are left out that lie nearer than `SEEN` to the line.
    """
    left, right, low, high = bounds(record, sheet)
    # From the sheet's millimetres to those of the axes is a shift, never a scaling.
    dx, dy = place[0] - left, place[1] - low
    paper = Rectangle(place, right - left, high - low, fill=False, edgecolor=MAJOR_GRID, linewidth=0.6)
    axes.add_artist(paper)
    _grid(axes, (left, right), (low, high), (dx, dy))
    for middle in sheet.rows:
        _path(axes, *calibration_outline(sheet, middle), (dx, dy), paper, "calibration", exact=exact)
    for strip in sheet.strips:
        if strip.first > sheet.first:
            x = strip.first * sheet.scale.speed + dx
            near, far = COLUMN_MARK
            marks = [((x, strip.middle + dy + side * near), (x, strip.middle + dy + side * far)) for side in (-1, 1)]
            rule(axes, marks, 0.3, INK)
    for lead, line in _lines(record, sheet):
        _path(axes, line.x, line.y, (dx, dy), paper, f"lead {lead}", exact=exact)
    for strip in sheet.strips:
        x, y = label_place(sheet, strip)
        said = remarks(record, strip.lead)
        write_line(
            axes, x + dx, y + dy, f"{strip.name} {said}" if said else strip.name, size=3.2, bold=True, lifted=True
        )
    for second in range(ceil(sheet.first - 1e-6), int(sheet.last + 1e-6) + 1):
        words = f"{start + second:g} s"
        write_line(
            axes, second * sheet.scale.speed + dx, low + dy - 2.2, words, size=2.6, color=QUIET_INK, side="center"
        )


def _grid(axes: Axes, x: tuple[float, float], y: tuple[float, float], shift: tuple[float, float]) -> None:
    """Rule the paper at every millimetre and, stronger, at every fifth, where the screen has its lines too."""
    dx, dy = shift
    for minor, width, color in ((True, 0.1, MINOR_GRID), (False, 0.18, MAJOR_GRID)):
        upright = [((at + dx, y[0] + dy), (at + dx, y[1] + dy)) for at in _marks(x, minor=minor)]
        level = [((x[0] + dx, at + dy), (x[1] + dx, at + dy)) for at in _marks(y, minor=minor)]
        rule(axes, [*upright, *level], width, color, "1 mm" if minor else "5 mm")


def _marks(span: tuple[float, float], *, minor: bool) -> Iterator[int]:
    for at in range(ceil(span[0] - 1e-6), int(np.floor(span[1] + 1e-6)) + 1):
        if (at % 5 != 0) == minor:
            yield at


def _path(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    shift: tuple[float, float],
    paper: Rectangle,
    name: str,
    *,
    exact: bool,
) -> None:
    """Draw a line with every sample at its place; where samples are missing the line has a gap."""
    there = np.isfinite(y)
    codes = np.where(there & np.r_[False, there[:-1]], Path.LINETO, Path.MOVETO)[there]
    if not codes.size:
        return
    path = Path(np.column_stack((x, y))[there] + shift, codes)
    path.should_simplify = not exact
    path.simplify_threshold = SEEN
    patch = PathPatch(path, fill=False, edgecolor=INK, linewidth=0.28 * POINTS, joinstyle="round", gid=name)
    # add_patch would look for the limits of the axes in every sample, which are fixed.
    axes.add_artist(patch)
    patch.set_clip_path(paper)


def rule(
    axes: Axes, lines: Sequence[Sequence[tuple[float, float]]], width: float, color: str, name: str | None = None
) -> None:
    """Draw straight lines; their width is in millimetres."""
    axes.add_artist(LineCollection(lines, linewidths=width * POINTS, colors=color, gid=name, zorder=1))


def write_line(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float = 2.9,
    color: str = INK,
    bold: bool = False,
    side: str = "left",
    lifted: bool = False,
) -> None:
    """Write a line; its size is in millimetres, and formulas in a text stay text."""
    axes.text(
        x,
        y,
        text,
        fontsize=size * POINTS,
        color=color,
        fontweight="bold" if bold else "normal",
        horizontalalignment=side,
        verticalalignment="center",
        parse_math=False,
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.4} if lifted else None,
    )
