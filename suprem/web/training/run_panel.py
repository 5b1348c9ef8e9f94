"""A training run below its job: its curves while it trains, and then its checkpoint, to evaluate and to use."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from suprem.experiments.configurations import PromotionRequest, ZeroShotConfig, ZeroShotRequest
from suprem.jobs.job import Job, JobSpec, State
from suprem.jobs.run_folder import Run, open_run
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.frame import PLOT
from suprem.web.roles import button_options, refusal_of_stage
from suprem.web.training.curve_options import choose_curves
from suprem.web.training.job_cache import run_metrics
from suprem.web.training.job_panel import plain_button
from suprem.web.training.job_start import start_job
from suprem.web.training.run_figure import run_figure
from suprem.web.typed_folder import ask_folder

EVALUATION = "evaluation.json"
SCORES = "scores.npz"
"""In a run folder: the evaluation that its checkpoint's model card will carry, and the scores that it came from."""


def show_run(store: JobStore, job: Job, settings: Settings) -> bool:
    """Show the run that a job trains, or whose checkpoint it evaluates; return whether there is one."""
    folder = _run_of(job)
    if folder is None:
        return False
    metrics = run_metrics(folder)
    if metrics.rows["train"] or metrics.rows["validation"]:
        best = metrics.best_auroc
        if best is not None:
            st.markdown(f"Best macro AUROC on the validation records so far: **{best:.4f}**")
        over, smoothing = choose_curves(f"job-{job.id}")
        dark = st.context.theme.type == "dark"
        figure = run_figure({folder.name: metrics}, over=over, smoothing=smoothing, dark=dark)
        st.plotly_chart(figure, theme=None, config=PLOT, key=f"curves-{job.id}", alt="Curves of the run")
    if job.state is State.DONE:
        show_checkpoint(store, open_run(folder), settings)
    return True


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
        folder = ask_folder(
            "Folder of PTB-XL",
            settings,
            key=f"ptbxl-{run.name}",
            placeholder="the folder that holds ptbxl_database.csv",
        )
        plain_button(
            "Evaluate on fold 9",
            key=f"evaluate-{run.name}",
            **button_options(refusal_of_stage("zero_shot"), disabled=folder is None),
            on_click=_evaluate,
            args=(store, run, folder, settings),
        )
        return
    plain_button(
        "Use this checkpoint",
        key=f"use-{run.name}",
        type="primary",
        **button_options(
            refusal_of_stage("promote"),
            help_text="Every page and command of this installation scores with it from then on.",
        ),
        on_click=_promote,
        args=(store, run, checkpoint, settings),
    )


def _run_of(job: Job) -> Path | None:
    configuration = job.spec.configuration
    if job.spec.stage == "zero_shot" and configuration.get("checkpoint"):
        folder = Path(configuration["checkpoint"]).parent
        return folder if configuration.get("out") == str(folder / EVALUATION) else None
    return None if configuration.get("dry_run") else job.spec.run_folder


def _evaluate(store: JobStore, run: Run, data: Path, settings: Settings) -> None:
    config = ZeroShotConfig("ptbxl_all", data, folds=(9,))
    asked = ZeroShotRequest(config, run.checkpoint, run.folder / EVALUATION, run.folder / SCORES)
    start_job(store, JobSpec.of("zero_shot", asked, f"evaluate {run.name} on fold 9"), settings)


def _promote(store: JobStore, run: Run, checkpoint: Path, settings: Settings) -> None:
    scores = run.folder / SCORES
    asked = PromotionRequest(checkpoint, run.folder / EVALUATION, scores if scores.exists() else None)
    start_job(store, JobSpec.of("promote", asked, f"use checkpoint {run.name}"), settings)
