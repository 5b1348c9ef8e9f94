"""The job table and the metrics of runs, opened once for all sessions."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from suprem.jobs.run_folder import Metrics
from suprem.jobs.runner import open_store
from suprem.jobs.store import JobStore
from suprem.settings import Settings


@st.cache_resource(max_entries=2, show_spinner=False)
def job_store(settings: Settings) -> JobStore:
    """Return the job table of an installation."""
    return open_store(settings)


def run_metrics(folder: Path) -> Metrics:
    """Return the metrics of a run folder, up to date."""
    return _metrics(folder / "metrics.jsonl").refresh()


@st.cache_resource(max_entries=50, show_spinner=False)
def _metrics(path: Path) -> Metrics:
    return Metrics(path)
