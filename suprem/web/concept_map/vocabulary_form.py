"""The empty state of the concept map: build the first vocabulary version, in the background."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from suprem.concepts.vocabulary import CONCEPTS
from suprem.experiments.configurations import VocabularyConfig
from suprem.jobs import runner
from suprem.jobs.job import ENDED, JobSpec, State
from suprem.jobs.store import JobStore
from suprem.resources import ASSETS
from suprem.settings import Settings
from suprem.web.report_entities.report_source import EXAMPLES, OWN
from suprem.web.training.job_cache import job_store
from suprem.web.training.job_panel import show_job
from suprem.web.training.job_start import start_job

STAGE = "build_vocabulary"
VOCABULARIES = {
    "The concepts that the shipped network learned": CONCEPTS,
    "The 71 SCP-ECG statements": None,
}


def build_first_version(settings: Settings) -> None:
    """Offer to build a version from reports, and follow that."""
    st.info(
        "There is no vocabulary version yet. A version holds what reports say, mapped to standard concepts, with the "
        "labels that come of it."
    )
    tables = {EXAMPLES: ASSETS / "reports" / "examples.csv"} | ({OWN: settings.reports} if settings.reports else {})
    source = st.radio("Build one from", list(tables), index=len(tables) - 1, key="first-version")
    target = st.radio("Map what reports say to", list(VOCABULARIES), key="first-vocabulary")
    store = job_store(settings)
    runner.reconcile(store, limit=settings.max_jobs)
    jobs = [job for job in store.jobs(limit=50) if job.spec.stage == STAGE]
    st.button(
        "Build the first version",
        key="build-version",
        type="primary",
        disabled=any(job.state not in ENDED for job in jobs),
        on_click=_build,
        args=(store, settings, tables[source], VOCABULARIES[target]),
    )
    st.caption(
        "Other reports: `python -m pipelines.build_vocabulary --reports FILE.csv`. A table set as SUPREM_REPORTS is "
        "offered here."
    )
    if jobs:
        show_job(store, jobs[0].id, settings)
        if jobs[0].state is State.DONE:
            st.rerun()


def _build(store: JobStore, settings: Settings, table: Path, vocabulary: Path | None) -> None:
    asked = VocabularyConfig(reports=table, out=settings.vocabularies, vocabulary=vocabulary)
    start_job(store, JobSpec.of(STAGE, asked, "build a vocabulary version"), settings)
