"""Jobs on the page: the table of all, and one in detail while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from suprem.jobs.job import ACTIVE, ENDED, GOES_ON, Job, State
from suprem.jobs.progress import last_progress, tail
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.frame import part, plain
from suprem.web.roles import button_options, refusal_to_others
from suprem.web.training.job_start import EVERY, GO_ON, STOP, cancel_job, resume_job

SHOWN = 200
LOG_LINES = 200


def duration(seconds: float) -> str:
    """Return a time span for people: "3 h 20 min", "4 min", "12 s"."""
    minutes = int(seconds // 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min" if minutes else f"{max(0, int(seconds))} s"


def choose_job(jobs: list[Job]) -> Job:
    """Let a person choose one of the jobs; the newest at first."""
    by_id = {job.id: job for job in jobs}

    def label(number: int) -> str:
        return f"{number} · {by_id[number].spec.title or by_id[number].spec.stage}"  # its state would grow old here

    return by_id[st.selectbox("Job", list(by_id), format_func=label, key="job")]


def show_job(
    store: JobStore,
    number: int,
    settings: Settings,
    *,
    offer: Callable[[Job, Settings, Callable[..., None]], None] | None = None,
    result: Callable[[JobStore, Job, Settings], bool] | None = None,
) -> None:
    """Show one job; while it is not at its end the view follows it by itself.

    Args:
        store: The table.
        number: Of the job.
        settings: Of the installation.
        offer: Draws further buttons beside those of every job; it is handed what draws one.
        result: Draws what a job has made so far, and returns whether there is something.
    """
    alive = store.get(number).state not in ENDED

    @part(run_every=EVERY if alive else None)
    def follow() -> None:
        job = store.get(number)
        if alive and job.state in ENDED:
            st.rerun()
        _show_state(job)
        _show_buttons(store, job, settings, offer)
        shown = result is not None and result(store, job, settings)
        with st.expander("Log", expanded=job.state is not State.DONE or not shown, key=f"log-{number}"):
            st.code("\n".join(tail(job.log, lines=LOG_LINES)) or "Nothing yet.", language=None, height=260)
            st.caption(f"The command: `{job.spec.command_line(job.configuration_file)}`")

    follow()


def _show_state(job: Job) -> None:
    progress = last_progress(tail(job.log, lines=50))
    if job.state in ACTIVE:
        st.progress(progress.fraction if progress else 0.0, plain(progress.message) if progress else "Starting …")
    elif job.state is State.QUEUED:
        st.info("Waiting for a free place. SUPREM_MAX_JOBS sets how many jobs run at the same time.")
    elif job.state is State.DONE:
        lines = tail(job.log, lines=1)
        st.success(plain(lines[0]) if lines else "Done.")
    elif job.state is State.CANCELLED:
        st.warning("Cancelled; what it had saved is kept.")
    else:
        st.error(plain(job.message))


def _show_buttons(
    store: JobStore, job: Job, settings: Settings, offer: Callable[[Job, Settings, Callable[..., None]], None] | None
) -> None:
    with st.container(horizontal=True):
        if job.state not in ENDED:
            st.button(
                "Cancel",
                key=f"cancel-{job.id}",
                **button_options(
                    refusal_to_others(job.owner, STOP),
                    disabled=job.state is State.CANCELLING,
                    help_text="Training saves its state first and can be resumed.",
                ),
                on_click=cancel_job,
                args=(store, job.id, settings),
            )
        elif job.can_resume:
            goes_on = job.spec.stage in GOES_ON and not job.spec.configuration.get("dry_run")
            plain_button(
                "Resume" if goes_on else "Start again",
                key=f"resume-{job.id}",
                type="primary",
                on_click=resume_job,
                args=(store, job.id, settings),
                **button_options(refusal_to_others(job.owner, GO_ON)),
            )
        if offer is not None:
            offer(job, settings, plain_button)


def plain_button(label: str, **options: Any) -> None:
    """Draw a button in the part of the page that follows a job; what it does is seen beyond that part."""
    if st.button(label, **options):
        st.rerun()
