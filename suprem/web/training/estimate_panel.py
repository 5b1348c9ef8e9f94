"""What a run would need, measured in a few steps and shown in the form that asked."""

from __future__ import annotations

import json

import streamlit as st

from suprem.jobs.job import ENDED, Job, JobSpec, State
from suprem.jobs.progress import is_progress, last_progress, tail
from suprem.jobs.store import JobStore
from suprem.web.frame import part, plain
from suprem.web.training.job_start import EVERY

SEARCHED = 100
"""Jobs among which the estimate of a form is looked for."""


def show_estimate(store: JobStore, dry: JobSpec) -> None:
    """Show the newest estimate of what the form describes, while it is measured and after; nothing where there is none.

    Args:
        store: The table of jobs.
        dry: The job that measures what the form describes.
    """
    job = estimate_of(store, dry)
    if job is None:
        return
    alive = job.state not in ENDED

    @part(run_every=EVERY if alive else None)
    def follow() -> None:
        now = store.get(job.id)
        if alive and now.state in ENDED:
            st.rerun()
        lines = tail(now.log)
        if now.state is State.DONE:
            st.success(plain(" ".join(line for line in lines if not is_progress(line))))
        elif now.state in ENDED:
            st.error(plain(f"The estimate (job {now.id}) is {now.state}. {now.message}"))
        else:
            progress = last_progress(lines)
            waiting = "Waiting for a free place to measure …" if now.state is State.QUEUED else "Measuring …"
            st.progress(progress.fraction if progress else 0.0, plain(progress.message) if progress else waiting)

    follow()


def estimate_of(store: JobStore, dry: JobSpec) -> Job | None:
    """Return the newest job that measures the same, None where there is none."""
    wanted = json.dumps(dry.configuration, sort_keys=True), dry.processes
    for job in store.jobs(limit=SEARCHED):
        if (json.dumps(job.spec.configuration, sort_keys=True), job.spec.processes) == wanted:
            return job
    return None
