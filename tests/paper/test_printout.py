"""The print is true: its files are measured, in points and in pixels, against the signal."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from defusedxml import ElementTree
from numpy.typing import NDArray
from PIL import Image

from suprem.ecg.edit import Edit, EditKind, apply_edits
from suprem.ecg.measurement.measure import measure
from suprem.ecg.record import LEADS
from suprem.errors import EcgError
from suprem.paper.display_filter import DisplayFilter
from suprem.paper.drawing import PIXELS_PER_MM, PrintFormat
from suprem.paper.layout import STANDARD, Layout, PaperScale
from suprem.paper.printout import Printout, ScoreLine, print_ecg
from suprem.paper.view import View
from tests.tiny import ecg

POINT = 25.4 / 72
"""Millimetres."""

RECORD = replace(ecg(seed=3, noise=0.02), fs=100.0, signal=ecg(seed=3, noise=0.02).signal[:, ::5])


def pdf_pages(file: bytes) -> list[str]:
    """Return the drawing instructions of each page."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", file, re.S)
    pages = []
    for stream in streams:
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        if text.startswith(b"/DeviceRGB"):
            pages.append(text.decode("latin-1"))
    return pages


def lines_of(page: str) -> list[NDArray[np.float64]]:
    """Return the lines of a PDF page in millimetres from its lower left corner, each (point, 2)."""
    found = re.findall(r"-?[\d.]+ -?[\d.]+ m\n(?:-?[\d.]+ -?[\d.]+ l\n)+", page)
    return [np.array(re.findall(r"-?[\d.]+", line), float).reshape(-1, 2) * POINT for line in found]


def svg_line(file: bytes, name: str) -> NDArray[np.float64]:
    """Return the first line of that id in millimetres from the upper left corner, (point, 2)."""
    tree = ElementTree.fromstring(file)
    group = next(node for node in tree.iter() if node.get("id") == name)
    path = next(node for node in group.iter() if node.tag.endswith("path"))
    numbers = re.findall(r"[ML] (-?[\d.e-]+) (-?[\d.e-]+)", path.get("d", ""))
    return np.array(numbers, float) * POINT


def svg_text(file: bytes) -> str:
    return " | ".join(node.text for node in ElementTree.fromstring(file).iter() if node.text and node.text.strip())


@pytest.mark.parametrize("scale", [STANDARD, PaperScale(50.0, 20.0), PaperScale(12.5, 5.0)], ids=str)
def test_every_sample_of_the_pdf_is_at_its_time_and_voltage(scale: PaperScale) -> None:
    file = print_ecg(Printout(RECORD, View(Layout.FULL_LENGTH, scale)), PrintFormat.PDF)
    assert re.search(rb"/MediaBox \[ 0 0 841.8\d+ 595.2\d+ \]", file)
    pages = pdf_pages(file)
    assert len(pages) == (2 if scale.speed == 50.0 else 1)
    seconds, left = 10.0 / len(pages), 0
    for page in pages:
        long = [line for line in lines_of(page) if len(line) > 100]
        assert len(long) == len(LEADS)
        for lead, line in zip(LEADS, long, strict=True):
            x, y = line.T
            np.testing.assert_allclose(x - x[0], np.arange(len(x)) / RECORD.fs * scale.speed, atol=2e-4)
            assert x[-1] - x[0] == pytest.approx(seconds * scale.speed, abs=scale.speed / RECORD.fs + 1e-3)
            truth = RECORD.lead(lead)[left : left + len(x)]
            np.testing.assert_allclose(y - y[0], (truth - truth[0]) * scale.gain, atol=2e-4)
        pulses = [line for line in lines_of(page) if len(line) == 6]
        assert len(pulses) == len(LEADS)
        for pulse in pulses:
            assert np.ptp(pulse[:, 1]) == pytest.approx(scale.gain, abs=1e-3)
            assert pulse[3, 0] - pulse[2, 0] == pytest.approx(0.2 * scale.speed, abs=1e-3)
        left += round(seconds * RECORD.fs)


def test_the_grid_of_the_pdf_is_one_millimetre_wide() -> None:
    (page,) = pdf_pages(print_ecg(Printout(RECORD), PrintFormat.PDF))
    rulings = [line for line in lines_of(page) if len(line) == 2 and np.ptp(line[:, 1]) > 90]
    upright = [line[0, 0] for line in rulings]
    assert len(upright) > 250
    np.testing.assert_allclose(np.diff(sorted(upright)), 1.0, atol=1e-3)


@pytest.mark.parametrize("layout", list(Layout))
def test_every_layout_fits_the_page_and_says_what_it_is(layout: Layout) -> None:
    shown = View(layout, filters=(DisplayFilter.MUSCLE,))
    high = replace(RECORD, signal=RECORD.signal * 2)
    file = print_ecg(Printout(high, shown, start=2.5, measured=measure(high)), PrintFormat.SVG)
    tree = ElementTree.fromstring(file)
    assert (tree.get("width"), tree.get("height")) == ("841.889764pt", "595.275591pt")
    words = svg_text(file)
    for expected in (
        "25 mm/s · 10 mm/mV · FILTERED for display only: 40 Hz low-pass · 100 Hz · SYNTHETIC",
        "Research use only. Not a medical device.",
        "automatic, unconfirmed",
        str(layout),
        "12.5 s",
        *(lead for lead in LEADS if layout is not Layout.CABRERA or lead != "aVR"),
    ):
        assert expected in words
    drawn = np.concatenate([svg_line(file, node.get("id")) for node in tree.iter() if "lead" in (node.get("id") or "")])
    assert drawn.min() > 6.0
    assert drawn[:, 0].max() < 297 - 6.0
    assert drawn[:, 1].max() < 210 - 23.0


def test_the_svg_has_the_lengths_of_the_pdf() -> None:
    x, y = svg_line(print_ecg(Printout(RECORD), PrintFormat.SVG), "lead I").T
    np.testing.assert_allclose(x - x[0], np.arange(len(x)) * 0.25, atol=2e-4)
    np.testing.assert_allclose(y[0] - y, (RECORD.lead("I")[: len(x)] - RECORD.lead("I")[0]) * 10.0, atol=2e-4)


def test_the_png_has_ten_pixels_to_the_millimetre() -> None:
    with Image.open(io.BytesIO(print_ecg(Printout(RECORD), PrintFormat.PNG))) as picture:
        assert picture.size == (2970, 2100)
        assert picture.info["dpi"] == pytest.approx((254.0, 254.0), abs=0.01)
        pixels = np.asarray(picture.convert("L"), float)
    assert PIXELS_PER_MM == 10
    # The uppermost row of pixels on the paper that crosses upright rulings alone.
    rows = pixels[260:300, 250:2700]
    row = rows[np.argmax(rows.mean(axis=1))]
    ruled = np.flatnonzero((row[1:-1] < row[:-2]) & (row[1:-1] <= row[2:]))
    assert (ruled[-1] - ruled[0]) / (len(ruled) - 1) == pytest.approx(PIXELS_PER_MM, abs=0.01)


def test_missing_samples_leave_a_gap_in_print() -> None:
    record = replace(RECORD, signal=RECORD.signal.copy())
    record.signal[LEADS.index("I"), 100:120] = np.nan
    x = svg_line(print_ecg(Printout(record), PrintFormat.SVG), "lead I")[:, 0]
    assert np.diff(x).max() == pytest.approx(21 * 0.25, abs=1e-3)


def test_scores_stand_on_a_page_of_their_own_and_formulas_stay_text() -> None:
    scores = [ScoreLine(f"query {number} $x_1$", 0.5, "above 97 of 100", "trained") for number in range(30)]
    printout = Printout(RECORD, scores=scores, model="abc")
    assert len(pdf_pages(print_ecg(printout, PrintFormat.PDF))) == 3
    words = svg_text(print_ecg(printout, PrintFormat.SVG))
    assert words.count("above 97 of 100") == 30
    assert "query 29 $x_1$" in words
    assert "not a likelihood of disease. Model abc." in words


@pytest.mark.parametrize("form", [PrintFormat.PDF, PrintFormat.SVG])
def test_the_file_does_not_depend_on_who_it_is_or_when(form: PrintFormat) -> None:
    named = replace(RECORD, record_id="DOE_JANE", device_statements=("DOE JANE",), device={"ID": "DOE"}, notes=("DOE",))
    assert print_ecg(Printout(named), form) == print_ecg(Printout(RECORD), form)


def test_an_edited_signal_is_never_printed() -> None:
    with pytest.raises(EcgError, match="edited"):
        Printout(apply_edits(ecg(), [Edit(EditKind.DROP, "V1")]))
