"""What a button does that starts a job: queue it, say so, and show it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from suprem.errors import JobError, SupremError
from suprem.jobs import runner
from suprem.jobs.job import Job, JobSpec, State
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.frame import said_at_the_top, show_notice
from suprem.web.roles import actor, demand, note_job, refusal_of_stage, refusal_to_others
from suprem.web.session import session

JOB = "job"
VIEW = "training-view"
"""Keys of the page Training: which job is shown, in which part of the page."""

STOP, GO_ON = "stop it", "go on with it"

EVERY = "2s"
"""How often the part of a page that follows a job looks again."""

STATE_WORDS = {
    State.QUEUED: "waiting",
    State.STARTING: "starting",
    State.RUNNING: "running",
    State.CANCELLING: "stopping",
    State.DONE: "done",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.LOST: "lost",
}


def start_job(store: JobStore, spec: JobSpec, settings: Settings) -> None:
    """Queue a job and let the page Training show it; what is in the way is told at the top of the page.

    Meant as `on_click` of a button, so that the page is drawn afterwards.
    """
    _show(lambda: submit_job(store, spec, settings))


def submit_job(store: JobStore, spec: JobSpec, settings: Settings) -> Job:
    """Queue a job of the person at the page, with its audit row.

    Raises:
        NotAllowed: They lack the role that its stage needs.
        JobError: It cannot be started.
    """
    demand(refusal_of_stage(spec.stage))
    job = runner.submit(store, spec, limit=settings.max_jobs, owner=actor())
    try:
        note_job(settings, "job_start", job)
    except SupremError:  # what cannot be logged does not go on
        runner.cancel(store, job.id)
        raise
    return job


def start_next(spec: JobSpec, *, follow: bool = True) -> None:
    """Have a job started when the page is drawn anew, which is now; meant where its form is drawn.

    Args:
        spec: What to run.
        follow: Whether the page then shows the job; else the form stays.
    """
    session().to_start = (spec, follow)
    st.rerun()


def start_asked(store: JobStore, settings: Settings) -> None:
    """Start what the form asked for before the page was drawn anew."""
    asked, session().to_start = session().to_start, None
    if asked is None:
        return
    spec, follow = asked
    if follow:
        start_job(store, spec, settings)
    else:
        with said_at_the_top():
            submit_job(store, spec, settings)
    show_notice()  # the head of the page was drawn before


def resume_job(store: JobStore, number: int, settings: Settings) -> None:
    """Queue the continuation of a job in the same way; only its owner may, or an administrator."""

    def resume() -> Job:
        demand(refusal_to_others(store.get(number).owner, GO_ON))
        job = runner.resume(store, number, limit=settings.max_jobs)
        note_job(settings, "job_resume", job)
        return job

    _show(resume)


def cancel_job(store: JobStore, number: int, settings: Settings) -> None:
    """Ask a job to stop; only its owner may, or an administrator."""
    with said_at_the_top():
        job = store.get(number)
        demand(refusal_to_others(job.owner, STOP))
        note_job(settings, "job_cancel", job)
        with suppress(JobError):  # it has ended in this moment, which the page then shows
            runner.cancel(store, number)


def _show(queue: Callable[[], Job]) -> None:
    with said_at_the_top():
        job = queue()
        session().notice = f"Job {job.id} is {STATE_WORDS[job.state]}. Closing this page does not stop it."
        st.session_state[JOB] = job.id
        st.session_state[VIEW] = "Jobs"
