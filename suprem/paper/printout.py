"""One ECG on A4 in true scale, as PDF, SVG or PNG: one drawing for all three, with the layout of the screen.

The figure's only axes cover it and count millimetres of paper, so a length in the drawing is that length on paper:
72/25.4 points of PDF and SVG, 10 pixels of PNG.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from threading import Lock
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from suprem.ecg.edit import EDITED
from suprem.ecg.measure import UNCONFIRMED, Measurements
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError
from suprem.export import RESEARCH_USE
from suprem.paper.colours import INK, MAJOR_GRID, MINOR_GRID, QUIET_INK
from suprem.paper.display_filter import filter_for_display
from suprem.paper.layout import (
    COLUMN_MARK,
    Line,
    Sheet,
    calibration_outline,
    draw,
    extent,
    label_place,
    lay_out,
    remarks,
)
from suprem.paper.view import View, header

PAGE = (297.0, 210.0)
"""A4 across, in millimetres."""

EDGE = 8.0
"""Most printers leave up to 6 mm white."""

HEADER, FOOTER = 24.0, 23.0
"""Millimetres of the page above and below the paper, edges included."""

MIN_PITCH = 6.0
PIXELS_PER_MM = 10
SCALE_BAR = 50.0
ROWS_A_PAGE = 22

_POINTS = 72 / 25.4
_STYLE: Any = {"font.family": "DejaVu Sans", "pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "suprem"}
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


class ScoreLine(NamedTuple):
    """A score as it is printed.

    Args:
        query: What was asked.
        score: The model's score, 0 to 1.
        rank: Where it stands among the reference ECGs, in words; empty where that is not known.
        support: How near the query is to what the model was trained on.
    """

    query: str
    score: float
    rank: str
    support: str


@dataclass(frozen=True, eq=False)
class Printout:
    """What is printed; no field can hold who the patient is.

    Args:
        record: The ECG as recorded, up to ten seconds; the view's filters are applied here.
        view: How it is shown.
        start: Where the record begins in the recording it was cropped from, in seconds.
        measured: Measurements to stand in the header; None for none.
        scores: Scores to stand on a page of their own; empty for none.
        model: The checkpoint they are from.

    Raises:
        EcgError: The record was edited.
    """

    record: EcgRecord
    view: View = field(default_factory=View)
    start: float = 0.0
    measured: Measurements | None = None
    scores: Sequence[ScoreLine] = ()
    model: str = ""

    def __post_init__(self) -> None:
        if self.record.source == EDITED:
            raise EcgError("An edited signal is not printed; print the recording.")

    def sheets(self) -> tuple[Sheet, ...]:
        """Return the sheets of the view, their rows as far apart as the page has room for, at most as on the screen."""
        room = PAGE[1] - HEADER - FOOTER
        sheet = lay_out(self.view.layout, self.record.seconds, self.view.scale)
        while sheet.pitch > MIN_PITCH and any(_height(self.record, part) > room for part in sheet.parts()):
            sheet = lay_out(self.view.layout, self.record.seconds, self.view.scale, pitch=sheet.pitch - 0.25)
        return sheet.parts()


def print_ecg(printout: Printout, form: PrintFormat) -> bytes:
    """Return a print as a file: a PDF of A4 pages, or a picture with its pages one below the other."""
    record = filter_for_display(printout.record, printout.view.filters)
    sheets = printout.sheets()
    tables = [printout.scores[first : first + ROWS_A_PAGE] for first in range(0, len(printout.scores), ROWS_A_PAGE)]
    pages = len(sheets) + len(tables)

    def draw_page(axes: Axes, bottom: float, page: int) -> None:
        number = f"page {page + 1} of {pages}" if pages > 1 else ""
        _frame(axes, bottom, printout, number)
        if page < len(sheets):
            _draw_sheet(axes, bottom, record, sheets[page], printout.start)
        else:
            _draw_scores(axes, bottom, tables[page - len(sheets)], printout.model)

    out = io.BytesIO()
    title = {"Title": "12-lead ECG. Research use only. Not a medical device.", "Creator": "SuPreME Studio"}
    with _DRAWING, mpl.rc_context(_STYLE):
        if form is PrintFormat.PDF:
            with PdfPages(out, metadata={**title, "CreationDate": None}) as pdf:
                for page in range(pages):
                    figure, axes = _blank(1)
                    draw_page(axes, 0.0, page)
                    pdf.savefig(figure)
        else:
            figure, axes = _blank(pages)
            for page in range(pages):
                draw_page(axes, (pages - 1 - page) * PAGE[1], page)
            named = {**title, "Date": None} if form is PrintFormat.SVG else {"Title": title["Title"]}
            figure.savefig(out, format=form.value, dpi=25.4 * PIXELS_PER_MM, metadata=named)
    return out.getvalue()


def _height(record: EcgRecord, sheet: Sheet) -> float:
    low, high = extent(sheet, [line for _, line in _lines(record, sheet)])
    return high - low


def _lines(record: EcgRecord, sheet: Sheet) -> list[tuple[str, Line]]:
    return [(strip.lead, draw(record, strip, sheet.scale)) for strip in sheet.strips if strip.lead in record.leads]


def _blank(pages: int) -> tuple[Figure, Axes]:
    width, height = PAGE[0], PAGE[1] * pages
    figure = Figure(figsize=(width / 25.4, height / 25.4), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def _frame(axes: Axes, bottom: float, printout: Printout, number: str) -> None:
    """Draw what stands on every page: what is shown, what was measured, and the research-use notice."""
    record, view = printout.record, printout.view
    top = bottom + PAGE[1] - EDGE
    words = "    ".join(text for text, _ in header(record, view.scale, view.shown))
    _text(axes, EDGE, top - 3, words, size=3.4, bold=True)
    _text(axes, PAGE[0] - EDGE, top - 3, " · ".join(filter(None, ("SuPreME Studio", number))), side="right")
    part = f", from {printout.start:g} s of the recording" if printout.start else ""
    _text(axes, EDGE, top - 7.5, f"{view.layout}   {record.facts}, {record.source}{part}")
    if printout.measured is not None:
        _text(axes, EDGE, top - 12, _measurement_line(printout.measured))
    first, rest = RESEARCH_USE.split(" Scores are", 1)
    _text(axes, EDGE, bottom + EDGE + 8, first, bold=True)
    for row, line in enumerate(textwrap.wrap(f"Scores are{rest}", 130)):
        _text(axes, EDGE, bottom + EDGE + 4.2 - 3.4 * row, line, size=2.6)
    left, height = PAGE[0] - EDGE - SCALE_BAR, bottom + EDGE + 1
    _lines_between(axes, [((left, height), (left + SCALE_BAR, height))], 0.35, INK, "scale bar")
    _lines_between(axes, [((x, height - 1), (x, height + 1)) for x in (left, left + SCALE_BAR)], 0.35, INK)
    _text(axes, PAGE[0] - EDGE, height + 3, f"{SCALE_BAR:g} mm if printed at 100 %", size=2.6, side="right")


def _measurement_line(found: Measurements) -> str:
    values = "   ".join(f"{name} {value}" for name, value in found.intervals.items())
    return f"{values}   {found.rhythm}   ({UNCONFIRMED})"


def _draw_sheet(axes: Axes, page: float, record: EcgRecord, sheet: Sheet, start: float) -> None:
    """Draw the paper and what lies on it."""
    drawn = _lines(record, sheet)
    low, high = extent(sheet, [line for _, line in drawn])
    left, right = sheet.left - sheet.margin, ceil(sheet.right) + 1.0
    # From paper to page is a shift and no scaling: the paper hangs from the header, in the middle of the page.
    dx = (PAGE[0] - (right - left)) / 2 - left
    dy = page + PAGE[1] - HEADER - high
    paper = Rectangle((left + dx, low + dy), right - left, high - low, fill=False, edgecolor=MAJOR_GRID, linewidth=0.6)
    axes.add_artist(paper)
    _grid(axes, (left, right), (low, high), (dx, dy))
    for middle in sheet.rows:
        _path(axes, *calibration_outline(sheet, middle), (dx, dy), paper, "calibration")
    for strip in sheet.strips:
        if strip.first > sheet.first:
            x = strip.first * sheet.scale.speed + dx
            near, far = COLUMN_MARK
            marks = [((x, strip.middle + dy + side * near), (x, strip.middle + dy + side * far)) for side in (-1, 1)]
            _lines_between(axes, marks, 0.3, INK)
    for lead, line in drawn:
        _path(axes, line.x, line.y, (dx, dy), paper, f"lead {lead}")
    for strip in sheet.strips:
        x, y = label_place(sheet, strip)
        said = remarks(record, strip.lead)
        _text(axes, x + dx, y + dy, f"{strip.name}  {said}" if said else strip.name, size=3.2, bold=True, lifted=True)
    for second in range(ceil(sheet.first - 1e-6), int(sheet.last + 1e-6) + 1):
        words = f"{start + second:g} s"
        _text(axes, second * sheet.scale.speed + dx, low + dy - 2.2, words, size=2.6, color=QUIET_INK, side="center")


def _draw_scores(axes: Axes, page: float, scores: Sequence[ScoreLine], model: str) -> None:
    """Draw a table of scores."""
    top = page + PAGE[1] - HEADER - 4
    columns = (EDGE, 150.0, 175.0, 225.0)
    rows: list[tuple[str, ...]] = [("query", "score", "among reference ECGs", "vocabulary")]
    rows += [(textwrap.shorten(line.query, 75), f"{line.score:.3f}", line.rank or "–", line.support) for line in scores]
    for number, row in enumerate(rows):
        for x, cell in zip(columns, row, strict=True):
            _text(axes, x, top - 6 * number, cell, size=3.2, bold=not number)
    said = f"A score orders recordings for one query. It is not a likelihood of disease. Model {model}."
    _text(axes, EDGE, top - 6 * len(rows) - 2, said, size=2.6, color=QUIET_INK)


def _grid(axes: Axes, x: tuple[float, float], y: tuple[float, float], shift: tuple[float, float]) -> None:
    """Rule the paper at every millimetre and, stronger, at every fifth, where the screen has its lines too."""
    dx, dy = shift
    for minor, width, color in ((True, 0.1, MINOR_GRID), (False, 0.18, MAJOR_GRID)):
        upright = [((at + dx, y[0] + dy), (at + dx, y[1] + dy)) for at in _marks(x, minor=minor)]
        level = [((x[0] + dx, at + dy), (x[1] + dx, at + dy)) for at in _marks(y, minor=minor)]
        _lines_between(axes, [*upright, *level], width, color, "1 mm" if minor else "5 mm")


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
) -> None:
    """Draw a line with every sample at its place; where samples are missing the line has a gap."""
    there = np.isfinite(y)
    codes = np.where(there & np.r_[False, there[:-1]], Path.LINETO, Path.MOVETO)[there]
    if not codes.size:
        return
    path = Path(np.column_stack((x, y))[there] + shift, codes)
    path.should_simplify = False
    patch = PathPatch(path, fill=False, edgecolor=INK, linewidth=0.28 * _POINTS, joinstyle="round", gid=name)
    # add_patch would look for the limits of the axes in every sample, which are fixed.
    axes.add_artist(patch)
    patch.set_clip_path(paper)


def _lines_between(
    axes: Axes, lines: Sequence[Sequence[tuple[float, float]]], width: float, color: str, name: str | None = None
) -> None:
    axes.add_artist(LineCollection(lines, linewidths=width * _POINTS, colors=color, gid=name, zorder=1))


def _text(
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
        fontsize=size * _POINTS,
        color=color,
        fontweight="bold" if bold else "normal",
        horizontalalignment=side,
        verticalalignment="center",
        parse_math=False,
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.4} if lifted else None,
    )
