"""One ECG on A4 in true scale, as PDF, SVG or PNG: one drawing for all three, with the layout of the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from suprem.ecg.edit import EDITED
from suprem.ecg.measurement.measure import UNCONFIRMED, Measurements
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError
from suprem.export import RESEARCH_USE
from suprem.paper.colours import INK, QUIET_INK
from suprem.paper.display_filter import filter_for_display
from suprem.paper.drawing import PrintFormat, blank, bounds, draw_sheet, drawing, rule, write, write_line
from suprem.paper.layout import Sheet, lay_out
from suprem.paper.view import View, header

PAGE = (297.0, 210.0)
"""A4 across, in millimetres."""

EDGE = 8.0
"""Most printers leave up to 6 mm white."""

HEADER, FOOTER = 24.0, 23.0
"""Millimetres of the page above and below the paper, edges included."""

MIN_PITCH = 6.0
SCALE_BAR = 50.0
ROWS_A_PAGE = 22


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
    """Content of a print; no field can hold the patient's identity.

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


def print_ecg(printout: Printout, form: PrintFormat) -> bytes:
    """Return a print as a file: a PDF of A4 pages, or a picture with its pages one below the other."""
    record = filter_for_display(printout.record, printout.view.filters)
    sheets = _sheets(record, printout.view)
    tables = [printout.scores[first : first + ROWS_A_PAGE] for first in range(0, len(printout.scores), ROWS_A_PAGE)]
    pages = len(sheets) + len(tables)
    width, height = PAGE

    def draw_page(axes: Axes, bottom: float, page: int) -> None:
        number = f"page {page + 1} of {pages}" if pages > 1 else ""
        _frame(axes, bottom, printout, number)
        if page >= len(sheets):
            _draw_scores(axes, bottom, tables[page - len(sheets)], printout.model)
            return
        left, right, low, high = bounds(record, sheets[page])
        # The paper hangs from the header, in the middle of the page.
        place = (width - (right - left)) / 2, bottom + height - HEADER - (high - low)
        draw_sheet(axes, record, sheets[page], place, printout.start)

    with drawing():
        figures: list[Figure] = []
        for first in range(pages) if form is PrintFormat.PDF else (0,):
            last = first + 1 if form is PrintFormat.PDF else pages
            figure, axes = blank(width, height * (last - first))
            for page in range(first, last):
                draw_page(axes, (last - 1 - page) * height, page)
            figures.append(figure)
        return write(figures, form)


def _sheets(record: EcgRecord, view: View) -> tuple[Sheet, ...]:
    """Return the sheets of a view, their rows as far apart as the page has room for, at most as on the screen."""
    room = PAGE[1] - HEADER - FOOTER
    sheet = lay_out(view.layout, record.seconds, view.scale)
    while sheet.pitch > MIN_PITCH and any(_height(record, part) > room for part in sheet.parts()):
        sheet = lay_out(view.layout, record.seconds, view.scale, pitch=sheet.pitch - 0.25)
    return sheet.parts()


def _height(record: EcgRecord, sheet: Sheet) -> float:
    _, _, low, high = bounds(record, sheet)
    return high - low


def _frame(axes: Axes, bottom: float, printout: Printout, number: str) -> None:
    """Draw what stands on every page: what is shown, what was measured, and the research-use notice."""
    record, view = printout.record, printout.view
    top = bottom + PAGE[1] - EDGE
    words = " · ".join(text for text, _ in header(record, view.scale, view.shown))
    write_line(axes, EDGE, top - 3, words, size=3.4, bold=True)
    write_line(axes, PAGE[0] - EDGE, top - 3, " · ".join(filter(None, ("SuPreME Studio", number))), side="right")
    part = f", from {printout.start:g} s of the recording" if printout.start else ""
    write_line(axes, EDGE, top - 7.5, f"{view.layout} · {record.facts}, {record.source}{part}")
    if printout.measured is not None:
        write_line(axes, EDGE, top - 12, _measurement_line(printout.measured))
    first, rest = RESEARCH_USE.split(" Scores are", 1)
    write_line(axes, EDGE, bottom + EDGE + 8, first, bold=True)
    for row, line in enumerate(textwrap.wrap(f"Scores are{rest}", 130)):
        write_line(axes, EDGE, bottom + EDGE + 4.2 - 3.4 * row, line, size=2.6)
    left, height = PAGE[0] - EDGE - SCALE_BAR, bottom + EDGE + 1
    rule(axes, [((left, height), (left + SCALE_BAR, height))], 0.35, INK, "scale bar")
    rule(axes, [((x, height - 1), (x, height + 1)) for x in (left, left + SCALE_BAR)], 0.35, INK)
    write_line(axes, PAGE[0] - EDGE, height + 3, f"{SCALE_BAR:g} mm if printed at 100 %", size=2.6, side="right")


def _measurement_line(found: Measurements) -> str:
    values = " · ".join(f"{name} {value}" for name, value in found.intervals.items())
    return f"{values} · {found.rhythm} ({UNCONFIRMED})"


def _draw_scores(axes: Axes, page: float, scores: Sequence[ScoreLine], model: str) -> None:
    """Draw a table of scores."""
    top = page + PAGE[1] - HEADER - 4
    columns = (EDGE, 150.0, 175.0, 225.0)
    rows: list[tuple[str, ...]] = [("query", "score", "among reference ECGs", "vocabulary")]
    rows += [(textwrap.shorten(line.query, 75), f"{line.score:.3f}", line.rank or "–", line.support) for line in scores]
    for number, row in enumerate(rows):
        for x, cell in zip(columns, row, strict=True):
            write_line(axes, x, top - 6 * number, cell, size=3.2, bold=not number)
    said = f"A score orders recordings for one query. It is not a likelihood of disease. Model {model}."
    write_line(axes, EDGE, top - 6 * len(rows) - 2, said, size=2.6, color=QUIET_INK)
