"""The trace as a picture, seen until the browser has loaded what draws the same trace interactively over it."""

from __future__ import annotations

from suprem.ecg.record import EcgRecord
from suprem.paper.drawing import PrintFormat, blank, bounds, draw_sheet, drawing, write, write_line
from suprem.paper.layout import Sheet
from suprem.paper.view import header
from suprem.web.ecg_paper import MARGIN, PAPER_PIXELS, pixels_per_mm


def first_sight(record: EcgRecord, sheet: Sheet, start: float, shown: str) -> str:
    """Return a sheet as HTML with an SVG inside, in the place and scale in which `ecg_figures` draws it.

    Args:
        record: What is drawn, filtered or not.
        sheet: The paper it is drawn on.
        start: Where the record begins in the recording, in seconds.
        shown: The filters it was changed by, for the header; empty for none.
    """
    scale = pixels_per_mm(sheet)
    left, right, low, high = bounds(record, sheet)
    width = (PAPER_PIXELS + MARGIN["l"] + MARGIN["r"]) / scale
    height = high - low + (MARGIN["t"] + MARGIN["b"]) / scale
    place = (width - (right - left)) / 2, MARGIN["b"] / scale
    words = "    ".join(text for text, _ in header(record, sheet.scale, shown))
    with drawing():
        figure, axes = blank(width, height)
        draw_sheet(axes, record, sheet, place, start, exact=False)
        write_line(axes, place[0], place[1] + high - low + 14 / scale, words, size=13 / scale)
        svg = write([figure], PrintFormat.SVG).decode()
    picture = svg[svg.index("<svg") :]
    return f'<div class="first-sight" aria-hidden="true" style="height: {height * scale:.0f}px">{picture}</div>'
