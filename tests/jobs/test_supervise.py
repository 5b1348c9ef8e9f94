"""A database that is away for a while costs no stage its work."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suprem import database
from suprem.errors import DatabaseUnavailable
from suprem.jobs import supervise
from suprem.jobs.job import Job, JobSpec, State
from suprem.jobs.processes import ProcessName
from suprem.jobs.store import JobStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(supervise, "POLL_SECONDS", 0.05)
    store = JobStore(f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "jobs")
    store.submit(JobSpec("pretrain", {"run_dir": "a"}))
    store.claim(limit=1)
    yield store
    store.close()


def stage(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setattr(supervise, "command", lambda _job: [sys.executable, "-c", source])


def test_a_database_that_is_locked_when_the_stage_ends_is_asked_until_it_answers(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(monkeypatch, "print('trained')")
    other = sqlite3.connect(tmp_path / "jobs.sqlite", isolation_level=None)
    noted, waited = store.note_group, []

    def lock_after(number: int, leader: ProcessName) -> Job:
        job = noted(number, leader)
        other.execute("BEGIN IMMEDIATE")
        return job

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            other.execute("ROLLBACK")

    monkeypatch.setattr(store, "note_group", lock_after)
    monkeypatch.setattr("suprem.jobs.supervise.time.sleep", wait)
    job = supervise.supervise(store, 1)
    other.close()
    assert (job.state, job.exit_code) == (State.DONE, 0)
    assert len(waited) >= 3, "the lock was met"


def test_a_database_that_is_away_while_the_stage_runs_does_not_end_it(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[int] = []
    stage(monkeypatch, f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.02)")

    def away(number: int) -> Job:
        asked.append(number)
        if len(asked) == 3:
            (tmp_path / "go").touch()
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(store, "report", away)
    assert supervise.supervise(store, 1).state is State.DONE
    assert len(asked) >= 3


def test_an_installation_that_was_removed_is_not_waited_for(tmp_path: Path) -> None:
    def refuse() -> Any:
        raise DatabaseUnavailable("away")

    with pytest.raises(DatabaseUnavailable):
        supervise.answered(refuse, tmp_path / "removed")


def test_a_job_that_another_machine_gave_up_is_ended_and_stays_lost(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who resumes it there must not meet the first trainer still at work."""
    stage(monkeypatch, "import time; time.sleep(600)")
    noted = store.note_group

    def lose_after(number: int, leader: ProcessName) -> Job:
        noted(number, leader)
        return store.move(number, State.LOST)

    monkeypatch.setattr(store, "note_group", lose_after)
    assert supervise.supervise(store, 1).state is State.LOST
