"""Submit, cancel and clean up jobs: what a page or a command line calls."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from suprem.errors import JobError
from suprem.jobs.job import ACTIVE, ENDED, Job, JobSpec, State
from suprem.jobs.processes import end_group, is_alive, start_detached
from suprem.jobs.store import JobStore
from suprem.settings import Settings

FREE_DISK = 1 << 30
FREE_MEMORY = 1 << 30
"""Bytes that must be free before a job starts."""

SILENT_SECONDS = 300.0
"""A supervisor on another machine that has not reported for so long is taken to be gone."""

STARTING_SECONDS = 60.0
"""A job that has no supervisor after this time will not get one."""

SUPERVISOR_LOG = "supervisor.txt"

Starter = Callable[[Job], None]


def open_store(settings: Settings) -> JobStore:
    """Open the job table of an installation."""
    return JobStore(settings.database, settings.home / "jobs")


def command(job: Job) -> list[str]:
    """Return the words that run a job's stage; a person can type the same."""
    module = ["-m", "suprem", job.spec.stage, "--job", str(job.configuration_file)]
    if job.spec.processes == 1:
        return [sys.executable, *module]
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={job.spec.processes}"]
    return [sys.executable, *torchrun, *module]


def start_supervisor(job: Job) -> None:
    """Start the detached supervisor of a claimed job."""
    words = [sys.executable, "-m", "suprem.jobs.supervise", str(job.id)]
    start_detached(words, log=job.folder / SUPERVISOR_LOG, folder=Path.cwd())


def submit(store: JobStore, spec: JobSpec, *, limit: int, owner: str = "", start: Starter = start_supervisor) -> Job:
    """Queue a job for who starts it, and start it if a place is free.

    Raises:
        JobError: The disk or the memory of this machine is nearly full.
    """
    check_machine(store.folder)
    job = store.submit(spec, owner)
    dispatch(store, limit=limit, start=start)
    return store.get(job.id)


def resume(store: JobStore, number: int, *, limit: int, start: Starter = start_supervisor) -> Job:
    """Queue the continuation of a job that ended before its work was done; it stays its owner's.

    Training, indexing and downloads go on where they were; the other stages begin anew.

    Raises:
        JobError: The job still runs, is done, or is continued already.
    """
    job = store.get(number)
    if job.spec.earlier:
        raise JobError(f"Job {number} was made by an earlier version of this program; start its work anew.")
    if not job.can_resume:
        raise JobError(f"Job {number} ({job.spec.stage}) is {job.state}; only one that was stopped can go on.")
    for other in store.jobs(states=set(State) - ENDED):
        if other.spec.resumes == number:
            raise JobError(f"Job {other.id} continues job {number} already.")
    spec = replace(job.spec, configuration=job.spec.again(), resumes=number)
    return submit(store, spec, limit=limit, owner=job.owner, start=start)


def dispatch(store: JobStore, *, limit: int, start: Starter = start_supervisor) -> list[Job]:
    """Start queued jobs while places are free; return those started."""
    started = []
    while (job := store.claim(limit=limit)) is not None:
        try:
            start(job)
        except OSError as error:
            store.move(job.id, State.FAILED, message=f"Its supervisor could not be started: {error.strerror or error}.")
        started.append(job)
    return started


def cancel(store: JobStore, number: int) -> Job:
    """Ask a job to stop; a queued one is cancelled at once, a running one is given time to save its state.

    Raises:
        JobError: It has ended already.
    """
    job = store.get(number)
    if job.state is State.QUEUED:
        try:
            return store.move(number, State.CANCELLED)
        except JobError:  # it started in this moment
            job = store.get(number)
    if job.state is State.CANCELLING:
        return job
    return store.move(number, State.CANCELLING)


def reconcile(store: JobStore, *, limit: int, start: Starter = start_supervisor) -> list[Job]:
    """Find jobs whose supervisor is gone, end what it left running, mark them lost, and start what waits.

    Called when the app starts and whenever the page of jobs is opened; calling it twice does no harm. What runs on
    another machine receives no signal.

    Returns:
        The jobs found lost.
    """
    lost = []
    for job in store.jobs(states=ACTIVE):
        if not _vanished(job):
            continue
        if job.group is not None:
            end_group(job.group)
        try:
            message = "Its supervisor vanished, by a crash, a kill or a restart; what it had saved is kept."
            lost.append(store.move(job.id, State.LOST, message=message))
        except JobError:
            continue  # another process was faster, or it has ended after all
    dispatch(store, limit=limit, start=start)
    return lost


def _vanished(job: Job) -> bool:
    if job.supervisor is None:
        return time.time() - (job.started or job.created) > STARTING_SECONDS
    if job.supervisor.is_of_this_machine:
        return not is_alive(job.supervisor)
    return time.time() - (job.seen or job.created) > SILENT_SECONDS


def check_machine(folder: Path) -> None:
    """Refuse to start what the machine cannot hold.

    Raises:
        JobError: Less than 1 GB of disk or memory is free.
    """
    place = folder
    while not place.exists():
        place = place.parent
    disk = shutil.disk_usage(place).free
    if disk < FREE_DISK:
        raise JobError(f"Only {disk / 2**30:.1f} GB of disk are free; make room for at least 1 GB first.")
    memory = psutil.virtual_memory().available
    if memory < FREE_MEMORY:
        raise JobError(f"Only {memory / 2**30:.1f} GB of memory are free; end other programs first.")
