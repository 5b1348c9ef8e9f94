"""A run launched in a browser outlives server and supervisor, is resumed, and its checkpoint scores an ECG."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines import index_datasets
from pipelines.running import running_app
from suprem.jobs.job import ENDED, Job, State
from suprem.jobs.processes import group_members, signal_group
from suprem.jobs.progress import tail
from suprem.jobs.store import JobStore
from suprem.model.checkpoint import TRAINING_STATE
from tests.browser.driver import PATIENCE, Browser
from tests.tiny import write_ptbxl

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

PATIENT_SECONDS = 700
"""Nothing waits for a time, everything for something to be so; after this long, pytest's limit is near."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with the signal store of a tiny PTB-XL."""
    codes: list[dict[str, float]] = [{"AFIB": 0.0} if row % 2 else {"NORM": 100.0, "SR": 0.0} for row in range(32)]
    corpus = write_ptbxl(tmp_path / "home" / "corpora" / "ptb-xl", codes, [1 + row // 3 for row in range(24)] + [9] * 8)
    home = tmp_path / "home"
    store = home / "datasets" / "ptb-xl-compact"
    assert index_datasets.main(["--ptbxl", str(corpus), "--out", str(store), "--workers", "1"]) == 0
    return home


def until(condition: Callable[[], object], state: Callable[[], object]) -> None:
    """Wait until something is so; otherwise fail with what is the state of things."""
    deadline = time.monotonic() + PATIENT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, state()
        time.sleep(0.05)


def wait_for(store: JobStore, number: int, state: State) -> None:
    """Wait until a job is there and in a state; one that ended in another will not come to it."""

    def job() -> Job | None:
        found = [job for job in store.jobs(limit=10) if job.id == number]
        assert not found or found[0].state is state or found[0].state not in ENDED, (found[0], tail(found[0].log))
        return found[0] if found else None

    until(lambda: (one := job()) is not None and one.state is state, job)


def set_number(page: Page, label: str, value: str, setting: str) -> None:
    """Fill a field of the form and wait until the configuration that it would launch says so."""
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Enter")
    expect(page.get_by_test_id("stCode")).to_contain_text(f"{setting} = {value}\n", timeout=PATIENCE)


def view(browser: Browser, name: str) -> None:
    page = browser.page
    browser.click(page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first)


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
        view(browser, "New run")
        browser.click(page.get_by_text("compact – the shipped network"))
        expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("26", timeout=PATIENCE)  # its own fields
        browser.click(page.get_by_text("Everything that defines this run"))
        set_number(page, "Epochs", "4", "epochs")
        set_number(page, "Batch", "4", "batch")
        browser.click(page.get_by_role("button", name="Launch"))
        expect(page.get_by_text("Job 1 is ")).to_be_visible(timeout=PATIENCE)
        store = JobStore(f"sqlite:///{home / 'suprem.sqlite'}", home / "jobs")
        wait_for(store, 1, State.RUNNING)
        group = store.get(1).group
        assert group is not None
        until((folder / "last" / TRAINING_STATE).exists, lambda: (store.get(1), tail(store.get(1).log)))
        signal_group(group, signal.SIGSTOP)  # so that it cannot end before the server does, however slow that is
        page.get_by_text("Best macro AUROC").wait_for(timeout=PATIENCE)
        page.screenshot(path=tmp_path / "running.png", full_page=True)

    job = store.get(1)
    assert job.state is State.RUNNING, "the server is gone, the run is not"
    assert job.supervisor is not None
    written = (folder / "metrics.jsonl").stat().st_size
    signal_group(group, signal.SIGCONT)
    until(lambda: (folder / "metrics.jsonl").stat().st_size > written, lambda: tail(job.log))
    signal_group(group, signal.SIGSTOP)
    os.kill(job.supervisor.pid, signal.SIGKILL)

    with running_app(home, home / "checkpoint") as address:
        page = open_training(browser, address)
        expect(page.get_by_text("Job 1 was interrupted")).to_be_visible(timeout=PATIENCE)
        assert group_members(group) == []
        browser.click(page.get_by_role("button", name="Resume"))
        wait_for(store, 2, State.DONE)
        page.get_by_role("textbox", name="Folder of PTB-XL").fill("ptb-xl", timeout=PATIENCE)
        page.keyboard.press("Enter")
        browser.click(page.get_by_role("button", name="Evaluate on fold 9"))
        wait_for(store, 3, State.DONE)
        browser.click(page.get_by_role("button", name="Use this checkpoint"))
        wait_for(store, 4, State.DONE)
        page.screenshot(path=tmp_path / "done.png", full_page=True)

        page.goto(address)
        browser.agree()
        browser.wait_for_plots(3)
        log = (home / "server.log").read_text()
    assert "Traceback" not in log
    assert browser.strangers() == []
