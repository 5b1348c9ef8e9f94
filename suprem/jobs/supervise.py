"""The supervisor of one job: starts its stage, watches it, carries out a cancel, and records how it ended.

    python -m suprem.jobs.supervise JOB

It is a process of its own, detached from whoever started it, so a job survives a page reload, Ctrl-C on the server and
a restart of the app. At its end it gives its place to the next job that waits.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from suprem.errors import JobError
from suprem.jobs.job import STOPPED, Job, State
from suprem.jobs.processes import end_group, identity, signal_group, start_detached
from suprem.jobs.runner import command, dispatch, open_store
from suprem.jobs.store import JobStore
from suprem.settings import Settings, load_settings

POLL_SECONDS = 0.5
GRACE_SECONDS = 30.0
"""What a stage is given after SIGTERM to save its state."""


def supervise(store: JobStore, number: int, *, grace: float = GRACE_SECONDS) -> Job:
    """Run a claimed job to its end and return it.

    Args:
        store: The table.
        number: A job in state `starting`.
        grace: Seconds between the request to stop and the kill.
    """
    job = store.get(number)
    pid, start = identity(os.getpid())
    store.note_supervisor(number, pid=pid, start=start)
    try:
        stage = start_detached(command(job), log=job.log, folder=Path.cwd())
    except OSError as error:
        return store.move(number, State.FAILED, message=f"The stage could not be started: {error.strerror or error}.")
    try:
        try:
            store.move(number, State.RUNNING, process_group=stage.pid)
        except JobError:  # cancelled in the moment it started
            end_group(stage.pid)
        code = _watch(store, number, stage, grace)
    finally:
        end_group(stage.pid)  # children that the stage left behind
    return _finish(store, number, code)


def _watch(store: JobStore, number: int, stage: subprocess.Popen[bytes], grace: float) -> int:
    stop_at: float | None = None
    while True:
        try:
            return stage.wait(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        if stop_at is None and store.get(number).state is State.CANCELLING:
            signal_group(stage.pid, signal.SIGTERM)
            stop_at = time.monotonic() + grace
        if stop_at is not None and time.monotonic() > stop_at:
            end_group(stage.pid)


def _finish(store: JobStore, number: int, code: int) -> Job:
    if code == 0:
        return store.move(number, State.DONE, exit_code=code)
    if store.get(number).state is State.CANCELLING:
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
    store = open_store(settings)
    try:
        supervise(store, number)
    finally:
        dispatch(store, limit=settings.max_jobs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), load_settings()))
