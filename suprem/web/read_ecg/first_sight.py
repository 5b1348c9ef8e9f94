"""The trace as a picture, seen until the browser has loaded what draws the same trace interactively over it."""

from __future__ import annotations

from base64 import b64encode

from suprem.ecg.record import EcgRecord
from suprem.paper.drawing import PrintFormat, blank, bounds, draw_sheet, drawing, write, write_line
from suprem.paper.layout import Sheet
from suprem.paper.view import header
from suprem.web.ecg_paper.ecg_paper import MARGIN, PAPER_PIXELS, pixels_per_mm


def first_sight(record: EcgRecord, sheet: Sheet, start: float, shown: str, pixels: int = PAPER_PIXELS) -> str:
    """Return a sheet as HTML with a picture inside, in the place and scale in which `ecg_figures` draws it.

    Args:
        record: What is drawn, filtered or not.
        sheet: The paper it is drawn on.
        start: Where the record begins in the recording, in seconds.
        shown: The filters it was changed by, for the header; empty for none.
        pixels: Width of the paper's place on the page.
    """
    scale = pixels_per_mm(sheet, pixels)
    left, right, low, high = bounds(record, sheet)
    width = (pixels + MARGIN["l"] + MARGIN["r"]) / scale
    height = high - low + (MARGIN["t"] + MARGIN["b"]) / scale
    place = (width - (right - left)) / 2, MARGIN["b"] / scale
    words = " · ".join(text for text, _ in header(record, sheet.scale, shown))
    with drawing():
        figure, axes = blank(width, height)
        draw_sheet(axes, record, sheet, place, start, exact=False)
        write_line(axes, place[0], place[1] + high - low + 14 / scale, words, size=13 / scale)
        svg = write([figure], PrintFormat.SVG)
    # Streamlit lets no SVG through in HTML, but pictures.
    source = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    return f'<img class="first-sight" alt="" style="height: {height * scale:.0f}px" src="{source}">'
