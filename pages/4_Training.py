"""For researchers: store corpora, launch pre-training in the background, follow and compare it, use its checkpoint."""

from __future__ import annotations

import streamlit as st

from suprem.jobs.runner import reconcile
from suprem.settings import load_settings
from suprem.web.frame import page, plain
from suprem.web.training.corpus_form import store_corpus
from suprem.web.training.job_cache import job_store
from suprem.web.training.job_panel import SHOWN, choose_job, show_job
from suprem.web.training.job_start import VIEW, start_asked
from suprem.web.training.job_table import show_jobs
from suprem.web.training.run_comparison import compare_runs
from suprem.web.training.run_form import launch_run, offer_clone
from suprem.web.training.run_panel import show_run

VIEWS = ("Jobs", "New run", "Data", "Compare runs")

with page("Training", "Launch pre-training in the background, follow it, compare runs, and score with the result."):
    settings = load_settings()
    store = job_store(settings)
    for lost in reconcile(store, limit=settings.max_jobs):
        st.warning(f"Job {lost.id} was interrupted: {plain(lost.message)}")

    start_asked(store, settings)
    st.session_state.setdefault(VIEW, VIEWS[0])  # not by `default`: a job that was started chooses the view as well
    view = st.segmented_control("View", VIEWS, required=True, key=VIEW, label_visibility="collapsed")
    if view == "New run":
        launch_run(store, settings)
    elif view == "Data":
        store_corpus(store, settings)
    elif view == "Compare runs":
        compare_runs(settings)
    elif jobs := store.jobs(limit=SHOWN):
        show_job(store, choose_job(jobs).id, settings, offer=offer_clone, result=show_run)
        show_jobs(store, settings)
    else:
        st.info("No job yet. Begin with a smoke run under New run: it takes a minute and needs no recordings.")
