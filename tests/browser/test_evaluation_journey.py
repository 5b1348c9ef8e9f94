"""Two evaluations in a browser: classes, a comparison, and a worst case that opens as an ECG on the reading page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from pipelines.serve import running_app
from tests.browser.driver import PATIENCE, Browser
from tests.evaluations import write_evaluation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_worst_case_becomes_an_ecg_on_paper(browser: Browser, tmp_path: Path, checkpoint: Path) -> None:
    write_evaluation(tmp_path, checkpoint="bbbbbbbbbbbb", noise=4.0, seed=1, created=1.0)
    write_evaluation(tmp_path, noise=0.5)
    page = browser.page
    with running_app(tmp_path, checkpoint) as address:
        page.goto(f"{address}/Evaluation")
        browser.agree()
        browser.wait_for_plots(1)
        page.screenshot(path=tmp_path / "classes.png")
        page.set_viewport_size({"width": 420, "height": 900})
        page.screenshot(path=tmp_path / "narrow.png")
        page.set_viewport_size({"width": 1280, "height": 1000})
        page.get_by_text("Against another", exact=True).click()
        expect(page.get_by_text("paired draws of patients")).to_be_visible(timeout=PATIENCE)
        browser.wait_for_plots(1)
        page.get_by_text("paired draws of patients").scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / "versus.png")
        page.get_by_text("Worst cases", exact=True).click()
        page.get_by_role("button", name="Open on the reading page").click()
        expect(page.get_by_role("heading", name="Read an ECG", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Opened record", exact=True)).to_be_visible(timeout=PATIENCE)
        browser.wait_for_plots(1)
        browser.settle()
        page.screenshot(path=tmp_path / "opened.png")
        log = (tmp_path / "server.log").read_text()
    assert "Traceback" not in log
    assert browser.strangers() == []
