"""A cohort in a real browser: a folder scored by a real job, its table, one of its ECGs opened, nothing named."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from pipelines.running import running_app
from tests.browser.driver import PATIENCE, Browser
from tests.tiny import ecg, write_wfdb

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_folder_is_scored_in_the_background_and_an_ecg_of_it_opened(
    browser: Browser, tmp_path: Path, checkpoint: Path
) -> None:
    for number in range(3):
        write_wfdb(tmp_path / "recordings" / "study" / f"DOEJANE{number}", ecg(seed=number))
    page = browser.page
    with running_app(tmp_path, checkpoint) as address:
        page.goto(f"{address}/Cohort")
        browser.agree()
        queries = page.get_by_role("textbox", name="Queries, one a line")
        queries.wait_for()
        browser.settle()
        queries.fill("Atrial flutter\nLeft bundle branch block")
        queries.press("Control+Enter")
        browser.click(page.get_by_role("button", name="Score in the background"))
        expect(page.get_by_text("3 ECGs", exact=True)).to_be_visible(timeout=PATIENCE)
        page.screenshot(path=tmp_path / "cohort.png", full_page=True)
        # The results are there before the job has ended, and at its end the page is drawn anew under a click.
        expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0, timeout=PATIENCE)
        table = browser.download(
            page.get_by_test_id("stDownloadButton").get_by_role("button", name="Download as CSV")
        ).decode()
        browser.click(page.get_by_role("button", name="Open in Read an ECG"))
        expect(page.get_by_role("heading", name="Read an ECG", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("10.0 s, 500 Hz, 12 leads")).to_be_visible(timeout=PATIENCE)
        log = (tmp_path / "server.log").read_text()
    assert table.count("\n") == 1 + 3 + 2
    assert "Research use only" in table
    job_logs = "".join(path.read_text() for path in (tmp_path / "jobs").rglob("*.txt"))
    assert [text for text in (table, log, job_logs) if "DOEJANE" in text] == []
    assert browser.strangers() == []
