"""For researchers: launch pre-training in the background, follow it, compare runs, and score with what came of it."""

from __future__ import annotations

import time

import streamlit as st

from suprem.errors import JobError
from suprem.jobs.run_folder import differences, list_runs
from suprem.jobs.runner import reconcile, submit
from suprem.settings import load_settings
from suprem.web.frame import PLOT, page, plain
from suprem.web.job_cache import job_store, run_metrics
from suprem.web.job_panel import SHOWN, choose_job, job_rows, show_job
from suprem.web.run_figure import COLOURS, run_figure
from suprem.web.run_form import edit_run

with page("Training", "Launch pre-training in the background, follow it, compare runs, and score with the result."):
    settings = load_settings()
    store = job_store(settings)
    for lost in reconcile(store, limit=settings.max_jobs):
        st.warning(f"Job {lost.id} was interrupted: {plain(lost.message)}")

    following, launching, comparing = st.tabs(["Jobs", "New run", "Compare runs"])

    with launching:
        request = edit_run(settings)
        estimate, launch = st.columns(2)
        wanted = None
        if estimate.button("Estimate time, memory and disk", disabled=request is None, key="estimate", width="stretch"):
            wanted = request and request.job(settings.home / "runs", dry=True)
        if launch.button("Launch", type="primary", disabled=request is None, key="launch", width="stretch"):
            wanted = request and request.job(settings.home / "runs")
        if wanted:
            try:
                job = submit(store, wanted, limit=settings.max_jobs)
                st.success(f"Job {job.id} is {job.state}; follow it under Jobs. Closing this page does not stop it.")
            except JobError as error:
                st.error(plain(str(error)))

    with following:
        jobs = store.jobs(limit=SHOWN)
        if not jobs:
            st.info("No job yet. Begin with a smoke run under New run: it takes a minute and needs no recordings.")
        else:
            show_job(store, choose_job(jobs).id, settings)
            st.subheader("All jobs", anchor=False)
            st.dataframe(job_rows(jobs, time.time()), hide_index=True, height=min(400, 38 + 35 * len(jobs)))

    with comparing:
        runs = {run.name: run for run in list_runs(settings.home / "runs")}
        chosen = st.multiselect(
            "Runs", list(runs), default=list(runs)[:2], max_selections=len(COLOURS), key="compared",
            placeholder="Choose up to five runs",
        )  # fmt: skip
        if not chosen:
            st.info("Choose runs to compare; there are none yet." if not runs else "Choose runs to compare.")
        else:
            figure = run_figure({name: run_metrics(runs[name].folder) for name in chosen})
            st.plotly_chart(figure, theme=None, config=PLOT, key="comparison", alt="Curves of the compared runs")
            best = {name: run_metrics(runs[name].folder).best_auroc for name in chosen}
            rows = [{"setting": "best macro AUROC", **{n: "" if v is None else f"{v:.4f}" for n, v in best.items()}}]
            for name, values in differences([runs[name] for name in chosen]).items():
                rows.append({"setting": name, **dict(zip(chosen, map(str, values), strict=True))})
            st.dataframe(rows, hide_index=True)
