"""Start an evaluation in the background and follow it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from suprem.datasets.catalog import LABEL_VARIANTS
from suprem.experiments.configurations import EvaluationConfig
from suprem.jobs.job import JobSpec
from suprem.jobs.run_folder import run_checkpoints
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.roles import button_options, refusal_of_stage
from suprem.web.training.job_panel import SHOWN, show_job
from suprem.web.training.job_start import start_job
from suprem.web.typed_folder import ask_folder

STAGE = "evaluate"
IN_USE = "The checkpoint in use"
LABELS = {"exact": "exact – correct labels", "merl": "merl – as in the published tables, errors included"}


def start_evaluation(store: JobStore, settings: Settings) -> None:
    """Draw the form, start what it asks for, and follow the newest evaluation that was started."""
    data = ask_folder(
        "Folder of recordings",
        settings,
        key="evaluation-data",
        persist_state="session",
        placeholder="a folder that holds a corpus as published, such as PTB-XL, CPSC-2018 or CSN, or several",
    )
    checkpoints = {IN_USE: settings.checkpoint, **run_checkpoints(settings.home / "runs")}
    left, right = st.columns(2)
    chosen = left.selectbox("Checkpoint", list(checkpoints), key="evaluation-checkpoint")
    labels = right.selectbox("Labels", LABEL_VARIANTS, format_func=LABELS.__getitem__, key="evaluation-labels")
    st.caption(
        "Every task with records in the folder is evaluated: PTB-XL on fold 9, other corpora on all records. "
        "Fold 9 takes a few minutes on two CPU cores."
    )
    job = evaluation_job(data or Path(), checkpoints[chosen], labels)
    st.button(
        "Evaluate",
        type="primary",
        key="evaluate",
        on_click=start_job,
        args=(store, job, settings),
        **button_options(refusal_of_stage(STAGE), disabled=data is None),
    )
    jobs = [job for job in store.jobs(limit=SHOWN) if job.spec.stage == STAGE]
    if jobs:
        show_job(store, jobs[0].id, settings)


def evaluation_job(data: Path, checkpoint: Path, labels: str) -> JobSpec:
    """Return the job for one folder."""
    asked = EvaluationConfig((data,), checkpoint.absolute(), labels=labels)
    name = checkpoint.parent.name if checkpoint.name == "best" else checkpoint.name
    return JobSpec.of(STAGE, asked, f"evaluate {name}")
