"""The supervisor of one job: starts its stage, watches it, carries out a cancel, and records how it ended.

    python -m suprem.jobs.supervise JOB

It is a process of its own, detached from whoever started it, so a job survives a page reload, Ctrl-C on the server and
a restart of the app. A database that does not answer for a while stops neither it nor the stage: it asks again until it
is answered. At its end it gives its place to the next job that waits.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from suprem.errors import DatabaseUnavailable, JobError
from suprem.jobs.job import ENDED, STOPPED, Job, State
from suprem.jobs.processes import ProcessGroup, end_group, identity, signal_group, start_detached
from suprem.jobs.runner import command, dispatch, open_store
from suprem.jobs.store import JobStore
from suprem.settings import Settings, load_settings

POLL_SECONDS = 0.5
REPORT_SECONDS = 15.0
"""How often a supervisor reports that it is at work."""

RETRY_SECONDS = 5.0
"""How long it waits at most before it asks a database again that did not answer."""

GRACE_SECONDS = 30.0
"""What a stage is given after SIGTERM to save its state."""

T = TypeVar("T")


def supervise(store: JobStore, number: int, *, grace: float = GRACE_SECONDS) -> Job:
    """Run a claimed job to its end and return it.

    Args:
        store: The table.
        number: A job in state `starting`.
        grace: Seconds between the request to stop and the kill.
    """
    job = answered(lambda: store.get(number), store.folder)
    supervisor = identity(os.getpid())
    answered(lambda: store.note_supervisor(number, supervisor), store.folder)
    try:
        stage = start_detached(command(job), log=job.log, folder=Path.cwd(), mark=str(supervisor))
    except OSError as error:
        message = f"The stage could not be started: {error.strerror or error}."
        return answered(lambda: store.move(number, State.FAILED, message=message), store.folder)
    group = ProcessGroup(identity(stage.pid), str(supervisor))
    try:
        try:
            answered(lambda: store.note_group(number, group.leader), store.folder)
        except JobError:  # cancelled in the moment it started
            end_group(group)
        code = _watch(store, job, stage, group, grace)
    finally:
        end_group(group)  # children that the stage left behind
    return answered(lambda: _finish(store, number, code), store.folder)


def answered(ask: Callable[[], T], installed: Path) -> T:
    """Ask the database, again and again until it answers.

    Raises:
        DatabaseUnavailable: It does not, and the folder `installed` is gone too: somebody removed the installation.
    """
    wait = POLL_SECONDS
    while True:
        try:
            return ask()
        except DatabaseUnavailable:
            if not installed.is_dir():
                raise
            time.sleep(wait)
            wait = min(2 * wait, RETRY_SECONDS)


def _watch(store: JobStore, job: Job, stage: subprocess.Popen[bytes], group: ProcessGroup, grace: float) -> int:
    stop_at: float | None = None
    report_at = 0.0
    while True:
        try:
            return stage.wait(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        if stop_at is None:
            try:
                job = store.report(job.id) if now >= report_at else store.get(job.id)
            except DatabaseUnavailable:
                continue  # the stage does not need it
            report_at = now + REPORT_SECONDS if now >= report_at else report_at
        if stop_at is None and job.state in {State.CANCELLING, *ENDED}:  # ended: given up for lost from elsewhere
            signal_group(group, signal.SIGTERM)
            stop_at = now + grace
        if stop_at is not None and now > stop_at:
            end_group(group)


def _finish(store: JobStore, number: int, code: int) -> Job:
    job = store.get(number)
    if job.state in ENDED:  # given up for lost, or an answer that went astray had come after all
        return job
    if code == 0:
        return store.move(number, State.DONE, exit_code=code)
    if job.state is State.CANCELLING:
        return store.move(number, State.CANCELLED, exit_code=code)
    if code in (STOPPED, -signal.SIGTERM):
        message = "It was stopped from outside; what it had saved is kept."
    elif code < 0:
        message = f"It was ended by signal {signal.Signals(-code).name}; SIGKILL often means that memory ran out."
    else:
        message = f"It ended with exit code {code}; the end of its log says why."
    return store.move(number, State.FAILED, exit_code=code, message=message)


def main(number: int, settings: Settings) -> int:
    """Supervise one job, then start those that its place is free for."""
    store = answered(lambda: open_store(settings), settings.home)
    try:
        supervise(store, number)
    finally:
        answered(lambda: dispatch(store, limit=settings.max_jobs), settings.home)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), load_settings()))
