"""An evaluation in a real browser: started as a job, its views looked at, exported, and a worst case opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pipelines.running import running_app
from tests.browser.driver import PATIENCE, Browser
from tests.evaluations import write_evaluation, write_probes, write_robustness
from tests.tiny import write_ptbxl

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

PICTURES = {"Classes": 1, "Curves": 2, "Robustness": 1, "Linear probes": 2, "Against another": 1}
"""By view: how many figures it draws."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with recordings and two evaluations, dated so that a new one does not come before them."""
    home = tmp_path / "home"
    write_evaluation(home, checkpoint="bbbbbbbbbbbb", noise=3.0, created=1.85e9, tasks=("ptbxl_rhythm",))
    evaluation = write_evaluation(home, created=1.9e9, tasks=("ptbxl_rhythm",), files=True)
    write_robustness(evaluation, "ptbxl_rhythm")
    write_probes(evaluation, "ptbxl_rhythm")
    write_ptbxl(home / "recordings" / "ptb-xl", [{"AFIB": 0.0}, {"SR": 0.0}] * 3, [9] * 6)
    return home


def test_views_export_a_worst_case_and_a_new_evaluation(browser: Browser, home: Path, checkpoint: Path) -> None:
    page = browser.page
    with running_app(home, checkpoint) as address:
        page.goto(f"{address}/Evaluation")
        browser.agree()
        browser.click(page.get_by_text("New evaluation"))
        folder = page.get_by_role("textbox", name="Folder of recordings")
        folder.fill(str(home / "recordings"))
        folder.press("Enter")
        browser.click(page.get_by_role("button", name="Evaluate", exact=True))
        expect(page.get_by_text("Closing this page does not stop it.")).to_be_visible(timeout=PATIENCE)

        for view, number in PICTURES.items():
            browser.click(page.get_by_role("radio", name=view))
            expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=PATIENCE)
            browser.settle()
            expect(page.locator(".js-plotly-plot")).to_have_count(number, timeout=PATIENCE)
        expect(page.get_by_text("First: aaaaaaaaaaaa, macro AUROC")).to_be_visible(timeout=PATIENCE)

        page.set_viewport_size({"width": 420, "height": 1000})
        browser.click(page.get_by_role("radio", name="Classes"))
        page.wait_for_function(
            "[...document.querySelectorAll('.js-plotly-plot .point')].length > 0 &&"
            " [...document.querySelectorAll('.js-plotly-plot .point')]"
            ".every(point => point.getBoundingClientRect().right < 420)",
            timeout=PATIENCE,
        )  # no dot lies beyond the edge of a narrow screen
        page.set_viewport_size({"width": 1280, "height": 1000})

        browser.click(page.get_by_role("radio", name="Protocol, files"))
        report = browser.download(page.get_by_role("button", name="Report (Markdown)")).decode()
        classes = browser.download(page.get_by_role("button", name="All classes (CSV)")).decode()

        done = page.get_by_text(re.compile("^2 tasks evaluated; results and report in"))
        expect(done).to_be_visible(timeout=PATIENCE)
        browser.click(page.get_by_role("radio", name="Worst cases"))
        browser.click(page.get_by_role("button", name="Open on the reading page"))
        expect(page.get_by_role("heading", name="Read an ECG", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("textbox", name="Queries, one a line")).to_have_value(
            re.compile(r"^sinus tachycardia\nNormal ECG\nAtrial fibrillation\nFirst degree"), timeout=PATIENCE
        )
    assert "python -m pipelines.evaluate --data ptb-xl" in report
    assert "| SuPreME, published |" in report
    assert classes.startswith("task,labels,split,class,query")
    assert "Research use only" in report
    assert "Research use only" in classes
    made = [path.parent.name for path in (home / "evaluations").glob("*/*/manifest.json")]
    assert sorted(made)[-2:] == ["first", "first"], made
    assert len(made) == 3
    assert browser.strangers() == []
