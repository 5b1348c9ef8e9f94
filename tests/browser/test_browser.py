"""The real app in a real browser: the gate before every deep link, an ECG in, a score out, and nothing leaves."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.running import running_app
from suprem.ecg.formats.readers import read_ecg
from suprem.inference.predictor import Predictor
from tests.browser.driver import PATIENCE, Browser
from tests.tiny import ecg, write_wfdb

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

DEEP_LINKS = {
    "": "Read an ECG",
    "Report_Entities": "Report entities",
    "Concept_Map": "Concept map",
    "Training": "Training",
    "Evaluation": "Evaluation",
    "Model_Card": "Model card",
    "Cohort": "Cohort",
}


@pytest.mark.parametrize("link", DEEP_LINKS)
def test_a_deep_link_on_a_fresh_server_meets_the_gate(
    browser: Browser, tmp_path: Path, checkpoint: Path, link: str
) -> None:
    with running_app(tmp_path, checkpoint) as address:
        browser.page.goto(f"{address}/{link}")
        expect(browser.page.get_by_text("Not a medical device")).to_be_visible(timeout=PATIENCE)
        main = browser.page.get_by_test_id("stMain")
        expect(main).not_to_contain_text(DEEP_LINKS[link])
        assert browser.page.locator(".js-plotly-plot").count() == 0
        browser.agree()
        expect(main.get_by_role("heading", name=DEEP_LINKS[link], exact=True)).to_be_visible(timeout=PATIENCE)
        expect(main.get_by_text("Research use only. Not a medical device.")).to_be_visible()
        browser.page.screenshot(path=tmp_path / "deep_link.png")
    assert browser.strangers() == []


def test_a_wfdb_pair_goes_in_and_its_score_comes_out(browser: Browser, tmp_path: Path, checkpoint: Path) -> None:
    write_wfdb(tmp_path / "DOEJANE", ecg(seed=7))
    (expected,) = Predictor.load(checkpoint).score(read_ecg(tmp_path / "DOEJANE"), ["Atrial flutter"])
    page = browser.page
    report = logging.getLogger(__name__).info
    with running_app(tmp_path, checkpoint) as address:
        page.goto(address)
        began = time.monotonic()
        browser.agree()
        browser.wait_for_plots(1)
        report(f"First plot {time.monotonic() - began:.1f} s after the gate, on a server just started.")
        upload = page.get_by_role("radio", name="Upload").or_(page.get_by_role("button", name="Upload", exact=True))
        browser.click(upload.first)
        page.locator("input[type=file]").set_input_files([tmp_path / "DOEJANE.hea", tmp_path / "DOEJANE.dat"])
        expect(page.get_by_role("combobox", name="Uploaded recording")).to_have_value(
            "Upload 1 (WFDB)", timeout=PATIENCE
        )

        browser.settle()
        queries = page.get_by_role("textbox", name="Queries, one a line")
        queries.fill("Atrial flutter")
        queries.press("Control+Enter")
        looked_at = page.get_by_role("combobox", name="Query", exact=True)
        expect(looked_at).to_have_value("Atrial flutter", timeout=PATIENCE)
        expect(page.get_by_text(re.compile(f"^Score {expected.score:.2f}[,.]"))).to_be_visible(timeout=PATIENCE)
        bars = page.get_by_role("figure", name=re.compile("^Rank of each finding"))
        expect(bars).to_contain_text(f"score {expected.score:.2f}", timeout=PATIENCE)
        browser.wait_for_plots(3)

        assert_paper_is_square(page)
        page.set_viewport_size({"width": 1000, "height": 1000})
        page.wait_for_function(  # the paper fits into the page
            "[...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.checkVisibility())"
            ".filter(plot => plot._fullLayout.yaxis.scaleanchor)"
            ".every(plot => Math.abs(plot._fullLayout.width - 936) < 2)"
        )
        assert_paper_is_square(page)
        table = browser.download(page.get_by_role("button", name="Download scores")).decode()
        assert f"{expected.score:.6f}" in table
        assert "Research use only" in table
        assert "DOEJANE" not in table
        assert_an_edit_moves_only_the_copy(browser, expected.score)
        browser.click(page.get_by_role("button", name="Print or save"))
        printed = browser.download(page.get_by_role("button", name="PDF", exact=True))
        assert printed.startswith(b"%PDF")
        assert b"DOEJANE" not in printed
        page.screenshot(path=tmp_path / "journey.png", full_page=True)
        log = (tmp_path / "server.log").read_text()

    assert browser.strangers() == []
    assert [text for text in browser.complaints if "Content Security Policy" in text] == []
    assert "DOEJANE" not in log
    assert "Traceback" not in log


def assert_an_edit_moves_only_the_copy(browser: Browser, score: float) -> None:
    """Edit the signal, see the copy's score, marked as edited and without a way to save it; and undo it."""
    page = browser.page
    browser.click(page.get_by_text("What if the signal were different?"))
    began = time.monotonic()
    browser.click(page.get_by_role("button", name="Apply"))
    edited = page.get_by_role("figure", name=re.compile("^Edited signal: V1 dropped"))
    expect(edited).to_be_visible(timeout=PATIENCE)
    logging.getLogger(__name__).info(f"Edited signal {time.monotonic() - began:.2f} s after the click.")
    expect(page.get_by_text("EDITED SIGNAL. V1 dropped.")).to_be_visible()
    expect(edited).to_contain_text("EDITED SIGNAL, not a recording")
    expect(edited.locator(".modebar-btn")).to_have_count(0)
    rows = page.get_by_role("figure", name=re.compile("^Scores of the recording and of the edited signal"))
    expect(rows).to_contain_text("edited signal")
    expect(page.get_by_text(re.compile(f"^Score {score:.2f}[,.]"))).to_be_visible()
    browser.click(page.get_by_role("button", name="Undo the last"))
    expect(edited).to_have_count(0, timeout=PATIENCE)


def assert_paper_is_square(page: Page) -> None:
    """Check in pixels that a millimetre is as wide as high, and that the bars of the attention view line up."""
    # Trace and attention; the median beat is on paper too, but folded away.
    papers = """[...document.querySelectorAll('.js-plotly-plot')]
        .filter(plot => plot.checkVisibility())
        .map(plot => plot._fullLayout)
        .filter(layout => layout?.yaxis.scaleanchor)"""
    # While a rerun is under way Streamlit keeps the old plot beside the new one.
    page.wait_for_function(f"{papers}.length === 2", timeout=PATIENCE)
    scales = page.evaluate(
        f"() => {papers}"
        """.map(({xaxis, yaxis, xaxis3, yaxis3}) => ({
                x: xaxis._length / (xaxis.range[1] - xaxis.range[0]),
                y: yaxis._length / (yaxis.range[1] - yaxis.range[0]),
                beside: xaxis3 ? [xaxis3._offset - xaxis._offset, yaxis3._offset - yaxis._offset,
                                  xaxis3._length - xaxis._length, yaxis3._length - yaxis._length] : [],
            }))"""
    )
    assert len(scales) == 2
    for scale in scales:
        assert scale["x"] == pytest.approx(scale["y"], rel=1e-3)
        assert scale["x"] > 2.5
        assert scale["beside"] == pytest.approx([0.0] * len(scale["beside"]), abs=0.5)
