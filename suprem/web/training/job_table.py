"""The table of jobs: what each is, how far, on which data, and how good; it follows them by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from suprem.concepts.mapping.versions import list_versions
from suprem.jobs.job import ACTIVE, ENDED, Job, State
from suprem.jobs.progress import last_progress, tail
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.frame import part
from suprem.web.training.job_cache import run_metrics
from suprem.web.training.job_panel import SHOWN, duration
from suprem.web.training.job_start import EVERY, STATE_WORDS

STATEMENTS = "71 statements"
COLUMNS = {
    "progress": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0),
    "AUROC": st.column_config.NumberColumn(format="%.4f", help="Best macro AUROC on the validation records so far"),
}


def show_jobs(store: JobStore, settings: Settings) -> None:
    """Draw the table with a search, again and again while a job is not at its end; a click on a column sorts."""
    alive = any(job.state not in ENDED for job in store.jobs(limit=SHOWN))

    @part(run_every=EVERY if alive else None)
    def follow() -> None:
        jobs = store.jobs(limit=SHOWN)
        if alive and all(job.state in ENDED for job in jobs):
            st.rerun()
        st.subheader("All jobs", anchor=False)
        words = st.text_input(
            "Search jobs", key="job-search", placeholder="name, state, data or vocabulary", max_chars=100
        )
        versions = {str(one.folder): f"version {one.number}" for one in list_versions(settings.vocabularies)}
        rows = search_jobs([job_row(job, time.time(), versions) for job in jobs], words)
        st.dataframe(
            rows, hide_index=True, height=min(400, 38 + 35 * max(1, len(rows))), column_config=COLUMNS, key="jobs"
        )

    follow()


def job_row(job: Job, now: float, versions: Mapping[str, str]) -> dict[str, Any]:
    """Return one row of the table.

    Args:
        job: The job.
        now: Seconds since 1970.
        versions: What the vocabulary versions are called, by folder.
    """
    configuration = {} if job.spec.earlier else job.spec.configuration
    config = configuration.get("config", {})
    trains = job.spec.stage == "pretrain"
    vocabulary = str(config.get("vocabulary") or configuration.get("vocabulary") or "")
    data = configuration.get("data") or config.get("data") or ""
    folder = None if configuration.get("dry_run") else job.spec.run_folder
    return {
        "job": job.id,
        "what": job.spec.title or job.spec.stage,
        "state": STATE_WORDS[job.state],
        "owner": job.owner,
        "progress": _progress(job),
        "seed": config.get("training", {}).get("seed") if trains else config.get("seed"),
        "data": ", ".join(Path(one).name for one in ([data] if isinstance(data, str) else data) if one),
        "vocabulary": versions.get(vocabulary, Path(vocabulary).name) if vocabulary else STATEMENTS if trains else "",
        "AUROC": run_metrics(folder).best_auroc if folder else None,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started)) if job.started else "",
        "took": duration((job.ended or now) - job.started) if job.started else "",
        "why": job.message,
    }


def search_jobs(rows: Sequence[dict[str, Any]], words: str) -> list[dict[str, Any]]:
    """Return the rows in which all words occur, in any column."""
    wanted = words.casefold().split()
    return [row for row in rows if all(word in " ".join(map(str, row.values())).casefold() for word in wanted)]


def _progress(job: Job) -> float | None:
    if job.state is State.DONE:
        return 1.0
    found = last_progress(tail(job.log, lines=20)) if job.state in ACTIVE else None
    return found.fraction if found else None
