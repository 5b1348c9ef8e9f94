"""Cleaning up judges the processes of this machine by their names, and those of another by what they report."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from suprem.jobs import runner
from suprem.jobs.job import Job, JobSpec, State
from suprem.jobs.processes import ProcessName, identity
from suprem.jobs.store import JobStore

SPEC = JobSpec("pretrain", {"run_dir": "a"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "jobs")
    yield store
    store.close()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def running(store: JobStore, supervisor: ProcessName, leader: ProcessName) -> Job:
    store.submit(SPEC)
    job = store.claim(limit=1)
    assert job is not None
    store.note_supervisor(job.id, supervisor)
    return store.note_group(job.id, leader)


def reconciled(store: JobStore) -> list[int]:
    return [job.id for job in runner.reconcile(store, limit=1, start=lambda _job: None)]


def test_a_stranger_who_was_given_the_numbers_survives(store: JobStore, bystander: subprocess.Popen[bytes]) -> None:
    """The machine was started again: both numbers of the job belong to others now."""
    before = {"boot": "an earlier one", "start": 1.0}
    job = running(store, replace(identity(os.getpid()), **before), replace(identity(bystander.pid), **before))
    assert reconciled(store) == [job.id]
    assert bystander.poll() is None


def test_a_healthy_supervisor_survives_a_step_of_the_clock(
    store: JobStore, bystander: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    running(store, identity(os.getpid()), identity(bystander.pid))
    now, created = time.time, psutil.Process.create_time
    monkeypatch.setattr(time, "time", lambda: now() + 7200)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 7200)
    assert reconciled(store) == []
    assert bystander.poll() is None


def test_what_runs_on_another_machine_is_lost_when_it_no_longer_reports_and_never_signalled(
    store: JobStore, bystander: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = [replace(identity(pid), host="elsewhere") for pid in (os.getpid(), bystander.pid)]
    job = running(store, *elsewhere)
    assert reconciled(store) == []
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + runner.SILENT_SECONDS - 10)
    store.report(job.id)
    monkeypatch.setattr(time, "time", lambda: now() + runner.SILENT_SECONDS + 10)
    assert reconciled(store) == [], "it has reported since"
    monkeypatch.setattr(time, "time", lambda: now() + 3 * runner.SILENT_SECONDS)
    assert reconciled(store) == [job.id]
    assert bystander.poll() is None


def test_a_row_of_an_earlier_version_names_nobody_whom_a_signal_could_reach(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    path = tmp_path / "jobs.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, stage TEXT, arguments TEXT, title TEXT, processes INTEGER, "
            "resumes INTEGER, state TEXT, folder TEXT, created FLOAT, started FLOAT, ended FLOAT, supervisor_pid "
            "INTEGER, supervisor_start FLOAT, process_group INTEGER, exit_code INTEGER, message TEXT)"
        )
        connection.execute(
            "INSERT INTO jobs VALUES (1, 'pretrain', '{}', '', 1, NULL, 'running', '', 0, 0, NULL, ?, 0, ?, NULL, '')",
            (os.getpid(), bystander.pid),
        )
    connection.close()
    store = JobStore(f"sqlite:///{path}", tmp_path / "jobs")
    assert (store.get(1).supervisor, store.get(1).group) == (None, None)
    assert reconciled(store) == [1]
    assert bystander.poll() is None
    assert store.get(1).state is State.LOST
    store.close()
