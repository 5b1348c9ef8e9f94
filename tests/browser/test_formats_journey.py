"""Every real export at hand is opened, measured, asked about and printed in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pipelines.running import running_app
from suprem.ecg.checks.quality import assess_quality, blocked
from suprem.ecg.formats.readers import read_ecg
from suprem.errors import EcgError
from suprem.inference.predictor import Predictor
from tests.browser.driver import PATIENCE, Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

QUERY = "Atrial flutter"


def test_every_real_export_is_read_measured_asked_and_printed(
    browser: Browser, tmp_path: Path, checkpoint: Path, test_data: Path
) -> None:
    files = sorted(path for path in (test_data / "formats").iterdir() if path.is_file())
    assert len({path.suffix for path in files}) >= 4, "XML, DICOM, SCP-ECG and CSV"
    predictor = Predictor.load(checkpoint)
    page = browser.page
    with running_app(tmp_path, checkpoint) as address:
        page.goto(address)
        browser.agree()
        browser.wait_for_plots(1)
        upload = page.get_by_role("radio", name="Upload").or_(page.get_by_role("button", name="Upload", exact=True))
        browser.click(upload.first)
        for number, path in enumerate(files, start=1):
            page.locator("input[type=file]").set_input_files([path])
            try:
                record = read_ecg(path)
                scored = not blocked(assess_quality(record))
                (expected,) = predictor.score(record, [QUERY])
            except EcgError:
                expect(page.get_by_role("alert").first).to_be_visible(timeout=PATIENCE)
                continue
            expect(page.get_by_role("combobox", name="Uploaded recording")).to_have_value(
                re.compile(rf"^Upload {number} \("), timeout=PATIENCE
            )
            browser.settle()  # until then widgets of the recording before stand beside this one's
            expect(page.get_by_role("heading", name=re.compile("^Measurements"))).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_text("Heart rate").first).to_be_visible()
            if not scored:
                continue
            queries = page.get_by_role("textbox", name="Queries, one a line")
            if queries.input_value() != QUERY:
                queries.fill(QUERY)
                queries.press("Control+Enter")
            # The window of a recording beyond ten seconds begins at a tenth of a second on the page.
            near = "|".join(f"{expected.score + step:.2f}" for step in (-0.005, 0.0, 0.005))
            expect(page.get_by_text(re.compile(f"^Score ({near})[,.]"))).to_be_visible(timeout=PATIENCE)
            browser.click(page.get_by_role("button", name="Print or save"))
            assert browser.download(page.get_by_role("button", name="PDF", exact=True)).startswith(b"%PDF")
            page.keyboard.press("Escape")
        log = (tmp_path / "server.log").read_text()
    assert "Traceback" not in log
    assert browser.strangers() == []
