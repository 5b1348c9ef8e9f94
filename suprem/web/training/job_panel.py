"""Jobs on the page: the table of all, and one in detail while it runs."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st

from suprem.errors import JobError
from suprem.jobs import runner
from suprem.jobs.job import ACTIVE, ENDED, GOES_ON, Job, JobSpec, State
from suprem.jobs.progress import last_progress, tail
from suprem.jobs.run_folder import Run, open_run
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.frame import PLOT, plain
from suprem.web.training.job_cache import run_metrics
from suprem.web.training.job_start import STATE_WORDS, resume_job, start_job
from suprem.web.training.run_figure import run_figure
from suprem.web.training.run_form import RunRequest, fill_form

SHOWN = 200
LOG_LINES = 200
EVERY = "2s"
EVALUATION = "evaluation.json"
"""In a run folder: the evaluation that its checkpoint's model card will carry."""


def job_rows(jobs: list[Job], now: float) -> list[dict[str, str | int]]:
    """Return the table of jobs, one row each."""
    return [
        {
            "job": job.id,
            "what": job.spec.title or job.spec.stage,
            "state": STATE_WORDS[job.state],
            "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started)) if job.started else "",
            "took": duration((job.ended or now) - job.started) if job.started else "",
            "why": job.message,
        }
        for job in jobs
    ]


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
        job = by_id[number]
        return f"{number} · {job.spec.title or job.spec.stage} · {STATE_WORDS[job.state]}"

    return by_id[st.selectbox("Job", list(by_id), format_func=label, key="job")]


def show_job(store: JobStore, number: int, settings: Settings) -> None:
    """Show one job; while it is not at its end the view follows it by itself."""
    alive = store.get(number).state not in ENDED

    @st.fragment(run_every=EVERY if alive else None)
    def follow() -> None:
        job = store.get(number)
        if alive and job.state in ENDED:
            st.rerun()
        _show_state(job)
        _show_buttons(store, job, settings)
        folder = _run_shown(job)
        if folder is not None:
            _show_run(store, folder, settings, job)
        with st.expander("Log", expanded=job.state is not State.DONE or folder is None, key=f"log-{number}"):
            st.code("\n".join(tail(job.log, lines=LOG_LINES)) or "Nothing yet.", language=None, height=260)
            st.caption(f"The command: `{job.spec.command_line}`")

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


def _show_buttons(store: JobStore, job: Job, settings: Settings) -> None:
    request = RunRequest.of(_first_stretch(store, job).spec)
    with st.container(horizontal=True):
        if job.state not in ENDED:
            st.button(
                "Cancel",
                key=f"cancel-{job.id}",
                disabled=job.state is State.CANCELLING,
                help="Training saves its state first and can be resumed.",
                on_click=_cancel,
                args=(store, job.id),
            )
        elif job.can_resume:
            goes_on = job.spec.stage in GOES_ON and "--dry-run" not in job.spec.arguments
            _button(
                "Resume" if goes_on else "Start again",
                key=f"resume-{job.id}",
                type="primary",
                on_click=resume_job,
                args=(store, job.id, settings),
            )
        if request is not None:
            _button(
                "Clone with changes",
                key=f"clone-{job.id}",
                help="Puts the settings of this run into the form under New run.",
                on_click=fill_form,
                args=(request, settings),
            )


def _button(label: str, **options: Any) -> None:
    """Draw a button in the part of the page that follows a job; what it does is seen beyond that part."""
    if st.button(label, **options):
        st.rerun()


def _first_stretch(store: JobStore, job: Job) -> Job:
    """Return the job that a chain of continuations began with; it alone names all settings."""
    while job.spec.resumes is not None:
        job = store.get(job.spec.resumes)
    return job


def _run_shown(job: Job) -> Path | None:
    """Return the run that a job trains, or whose checkpoint it evaluates for its model card."""
    words = job.spec.arguments
    if "--checkpoint" in words[:-1] and job.spec.stage == "zero_shot":
        folder = Path(words[words.index("--checkpoint") + 1]).parent
        return folder if str(folder / EVALUATION) in words else None
    return None if "--dry-run" in words else job.spec.run_folder


def _show_run(store: JobStore, folder: Path, settings: Settings, job: Job) -> None:
    metrics = run_metrics(folder)
    if metrics.rows["train"] or metrics.rows["validation"]:
        best = metrics.best_auroc
        if best is not None:
            st.markdown(f"Best macro AUROC on the validation records so far: **{best:.4f}**")
        figure = run_figure({folder.name: metrics}, dark=st.context.theme.type == "dark")
        st.plotly_chart(figure, theme=None, config=PLOT, key=f"curves-{job.id}", alt="Curves of the run")
    if job.state is State.DONE:
        show_checkpoint(store, open_run(folder), settings)


def show_checkpoint(store: JobStore, run: Run, settings: Settings) -> None:
    """Offer to evaluate a run's checkpoint, and then to score with it on every page."""
    evaluation = run.folder / EVALUATION
    checkpoint = run.checkpoint
    if checkpoint is None:
        return
    st.caption(
        "A checkpoint can be used for scoring once its model card holds an evaluation on the 71 statements "
        "of records that it was not trained on."
    )
    if not evaluation.exists():
        folder = st.text_input(
            "Folder of PTB-XL", key=f"ptbxl-{run.name}", placeholder="the folder that holds ptbxl_database.csv"
        )
        _button(
            "Evaluate on fold 9",
            key=f"evaluate-{run.name}",
            disabled=not folder,
            on_click=_evaluate,
            args=(store, run, folder, settings),
        )
        return
    _button(
        "Use this checkpoint",
        key=f"use-{run.name}",
        type="primary",
        help="Every page and command of this installation scores with it from then on.",
        on_click=_promote,
        args=(store, run, settings),
    )


def _cancel(store: JobStore, number: int) -> None:
    with suppress(JobError):  # it has ended in this moment, which the page then shows
        runner.cancel(store, number)


def _evaluate(store: JobStore, run: Run, data: str, settings: Settings) -> None:
    words = ("--task", "ptbxl_all", "--folds", "9", "--data", data, "--checkpoint", str(run.checkpoint))
    out = ("--out", str(run.folder / EVALUATION), "--scores", str(run.folder / "scores.npz"))
    start_job(store, JobSpec("zero_shot", (*words, *out), f"evaluate {run.name} on fold 9"), settings)


def _promote(store: JobStore, run: Run, settings: Settings) -> None:
    words = ["--checkpoint", str(run.checkpoint), "--evaluation", str(run.folder / EVALUATION)]
    scores = run.folder / "scores.npz"
    words += ["--scores", str(scores)] if scores.exists() else []
    start_job(store, JobSpec("promote", tuple(words), f"use checkpoint {run.name}"), settings)
