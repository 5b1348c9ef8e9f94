"""Reports become a reviewed vocabulary in a browser: built in the background, decided by keyboard, exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines import index_datasets
from pipelines.running import running_app
from suprem.concepts.mapping.versions import list_versions
from suprem.concepts.review.store import ReviewStore, Status
from tests.browser.driver import PATIENCE, Browser
from tests.tiny import write_ptbxl

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with recordings whose reports bear the numbers of the example reports."""
    home = tmp_path / "home"
    codes: list[dict[str, float]] = [{"SR": 0.0}] * 3
    corpus = write_ptbxl(tmp_path / "ptb-xl", codes, [1, 1, 9])
    words = ["--ptbxl", str(corpus), "--out", str(home / "datasets" / "tiny"), "--workers", "1"]
    assert index_datasets.main(words) == 0
    return home


def choose_view(browser: Browser, name: str) -> None:
    page = browser.page
    browser.click(page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first)
    browser.settle()


def row(page: Page, entity: str) -> None:
    """Wait until a row is under review."""
    expect(page.locator("h3.entity-name")).to_have_text(entity, timeout=PATIENCE)


def test_reports_become_a_reviewed_vocabulary(
    browser: Browser, home: Path, tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = tmp_path / "reports.csv"
    reports.write_text(
        "id,report\n1,sinus rhythm. left axis deviation.\n2,sinus rhythm. old inferior infarction.\n"
        "3,sinus rhythm. atrial premature complexes.\n"
    )
    monkeypatch.setenv("SUPREM_REPORTS", str(reports))
    page = browser.page
    with running_app(home, checkpoint) as address:
        page.goto(f"{address}/Report_Entities")
        browser.agree()
        expect(page.get_by_text("sinus rhythm in 3 reports")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("mark.entity.focus")).to_have_count(3)
        page.screenshot(path=tmp_path / "entities.png", full_page=True)

        page.goto(f"{address}/Concept_Map")
        browser.agree()
        browser.click(page.get_by_text("Upload a table", exact=True))
        page.locator("input[type=file]").set_input_files(reports)
        expect(page.get_by_text("3 reports read")).to_be_visible(timeout=PATIENCE)
        browser.click(page.get_by_role("button", name="Build the version"))
        name = page.get_by_role("textbox", name="Your name")
        name.fill("Anna", timeout=5 * PATIENCE)  # as soon as the job is done, which loads the text encoder first
        name.press("Enter")
        row(page, "sinus rhythm")
        (version,) = list_versions(home / "vocabularies")
        store = ReviewStore.open(f"sqlite:///{home / 'suprem.sqlite'}")

        # By keyboard alone: equal and approve, undo, approve again, then no target for what no concept says.
        page.get_by_role("heading", name="Concept map").click()
        page.keyboard.press("e")
        browser.settle()
        page.keyboard.press("a")
        expect(page.locator("h3.entity-name")).not_to_have_text("sinus rhythm", timeout=PATIENCE)
        browser.settle()
        page.keyboard.press("z")
        row(page, "sinus rhythm")
        browser.settle()
        assert store.current(version.id, "Anna") == {}
        page.keyboard.press("a")
        expect(page.locator("h3.entity-name")).not_to_have_text("sinus rhythm", timeout=PATIENCE)
        browser.settle()
        decided = store.current(version.id, "Anna")["sinus rhythm"]
        assert (decided.status, decided.code, decided.equivalence) == (Status.APPROVED, "SR", None)

        # Keys that are pressed faster than the page answers wait for each other, and none is lost.
        rest = sorted(one.entity for one in version.mappings() if one.entity != "sinus rhythm")
        page.keyboard.type("jj")
        row(page, rest[2])
        page.keyboard.type("kk")
        row(page, rest[0])

        # Typing a comment fires no shortcut.
        before = page.locator("h3.entity-name").text_content()
        comment = page.get_by_role("textbox", name="Comment")
        comment.fill("")
        comment.press_sequentially("fan")
        assert page.locator("h3.entity-name").text_content() == before
        assert len(store.current(version.id, "Anna")) == 1
        comment.press("Enter")
        browser.settle()
        page.screenshot(path=tmp_path / "review.png", full_page=True)

        browser.click(page.get_by_role("button", name="Example ECGs"))
        expect(page.get_by_role("dialog").locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=PATIENCE)
        page.screenshot(path=tmp_path / "example.png", full_page=True)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

        choose_view(browser, "Thresholds")
        slider = page.get_by_role("slider", name="Cluster goes to a concept")
        slider.focus()
        for _ in range(35):
            page.keyboard.press("ArrowRight")
        expect(page.get_by_text("proposed 1.00")).to_be_visible(timeout=PATIENCE)
        page.screenshot(path=tmp_path / "thresholds.png", full_page=True)
        browser.click(page.get_by_role("button", name="Apply as a new version"))
        expect(page.get_by_text("Version 2 is made")).to_be_visible(timeout=PATIENCE)
        second = list_versions(home / "vocabularies")[1]
        assert second.parent == version.id

        choose_view(browser, "Versions")
        browser.click(page.get_by_role("button", name="Carry these decisions over"))
        expect(page.get_by_text("1 decisions were carried over")).to_be_visible(timeout=PATIENCE)

        # A reload, and a server that went away in between, lose nothing.
    with running_app(home, checkpoint) as address:
        page.goto(f"{address}/Concept_Map")
        browser.agree()
        name.fill("Anna", timeout=PATIENCE)
        name.press("Enter")
        expect(page.get_by_text("1 of ").first).to_be_visible(timeout=PATIENCE)
        choose_view(browser, "Clusters")
        browser.wait_for_plots(1)
        page.screenshot(path=tmp_path / "clusters.png", full_page=True)
        choose_view(browser, "Export and audit")
        table = browser.download(page.get_by_role("button", name="Download the approved mapping")).decode()
        assert "sinus rhythm,SR" in table
        assert "Anna" in table
        assert "Research use only" in table
        browser.settle()
        browser.click(page.get_by_role("button", name="Check that nothing was changed"))
        expect(page.get_by_text("Every row is as it was written")).to_be_visible(timeout=PATIENCE)
        page.screenshot(path=tmp_path / "audit.png", full_page=True)
        log = (home / "server.log").read_text()
    done = [event.action for event in store.audit.rows() if event.action != "accept_notice"]
    assert done[:2] == ["export", "carry_over"]
    assert "Traceback" not in log
    assert browser.strangers() == []
