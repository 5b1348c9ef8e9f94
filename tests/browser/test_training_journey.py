"""A run launched in a browser outlives server and supervisor, is resumed, and its checkpoint scores an ECG."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines import index_datasets
from pipelines.serve import running_app
from suprem.jobs.job import State
from suprem.jobs.processes import group_members
from suprem.jobs.store import JobStore
from tests.browser.driver import PATIENCE, Browser
from tests.tiny import write_ptbxl

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


JOB_SECONDS = 400
"""A run of half a minute may take minutes on a busy machine."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with the signal store of a tiny PTB-XL."""
    codes: list[dict[str, float]] = [{"AFIB": 0.0} if row % 2 else {"NORM": 100.0, "SR": 0.0} for row in range(48)]
    corpus = write_ptbxl(tmp_path / "ptb-xl", codes, [1 + row // 5 for row in range(40)] + [9] * 8)
    home = tmp_path / "home"
    store = home / "datasets" / "ptb-xl-compact"
    assert index_datasets.main(["--ptbxl", str(corpus), "--out", str(store), "--workers", "1"]) == 0
    return home


def number(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Enter")


def wait_for(store: JobStore, number: int, state: State) -> None:
    """Wait until a job is there and in a state."""
    deadline = time.monotonic() + JOB_SECONDS
    while True:
        found = [job for job in store.jobs(limit=10) if job.id == number]
        if found and found[0].state is state:
            return
        assert time.monotonic() < deadline, f"job {number}: {found or 'never submitted'}"
        time.sleep(0.2)


def open_training(browser: Browser, address: str) -> Page:
    browser.page.goto(f"{address}/Training")
    browser.agree()
    expect(browser.page.get_by_role("heading", name="Training", exact=True)).to_be_visible(timeout=PATIENCE)
    return browser.page


def test_a_run_survives_server_and_supervisor_and_its_checkpoint_scores(
    browser: Browser,
    home: Path,
    tmp_path: Path,
) -> None:
    folder = home / "runs" / "compact-1"
    with running_app(home, home / "checkpoint") as address:
        page = open_training(browser, address)
        page.get_by_role("tab", name="New run").click()
        page.get_by_text("compact – the shipped network").click()
        browser.settle()  # each preset has fields of its own
        number(page, "Epochs", "12")
        browser.settle()
        number(page, "Batch", "4")
        browser.settle()
        page.get_by_role("button", name="Launch").click()
        expect(page.get_by_text("follow it under Jobs")).to_be_visible(timeout=PATIENCE)
        store = JobStore(f"sqlite:///{home / 'suprem.sqlite'}", home / "jobs")
        deadline = time.monotonic() + PATIENCE / 1000
        while not (folder / "last" / "training.ckpt").exists():
            assert time.monotonic() < deadline, store.get(1).message
            time.sleep(0.2)
        page.get_by_role("tab", name="Jobs").click()
        page.get_by_text("Best macro AUROC").wait_for(timeout=PATIENCE)
        page.screenshot(path=tmp_path / "running.png", full_page=True)

    job = store.get(1)
    assert job.state is State.RUNNING, "the server is gone, the run is not"
    assert job.supervisor is not None
    assert job.group is not None
    os.kill(job.supervisor[0], signal.SIGKILL)

    with running_app(home, home / "checkpoint") as address:
        page = open_training(browser, address)
        expect(page.get_by_text("Job 1 was interrupted")).to_be_visible(timeout=PATIENCE)
        assert group_members(job.group) == []
        page.get_by_role("button", name="Resume").click()
        wait_for(store, 2, State.DONE)
        page.reload()
        browser.agree()
        page.get_by_role("textbox", name="Folder of PTB-XL").fill(str(tmp_path / "ptb-xl"))
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Evaluate on fold 9").click()
        wait_for(store, 3, State.DONE)
        page.reload()
        browser.agree()
        page.get_by_role("combobox", name="Job").click()
        page.get_by_role("option", name="2 · ").click()
        browser.settle()
        page.get_by_role("button", name="Use this checkpoint").click()
        wait_for(store, 4, State.DONE)
        page.screenshot(path=tmp_path / "done.png", full_page=True)

        page.goto(address)
        browser.agree()
        browser.wait_for_plots(3)
        log = (home / "server.log").read_text()
    assert "Traceback" not in log
    assert browser.strangers() == []
