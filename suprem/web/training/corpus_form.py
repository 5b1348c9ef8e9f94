"""The form that brings recordings: fetch a public corpus, store its signals for training; both in the background."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from suprem.datasets.published import PUBLISHED, Publication
from suprem.experiments.configurations import DownloadRequest, IndexingConfig
from suprem.jobs.job import JobSpec
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.roles import button_options, refusal_of_stage
from suprem.web.training.job_start import start_job
from suprem.web.training.signal_stores import signal_stores
from suprem.web.typed_folder import ask_folder

SIGNALS = {
    "compact": "compact – 8 leads at 100 Hz, 16 KB a recording",
    "paper": "paper – 12 leads at 500 Hz, 120 KB a recording",
}


def store_corpus(store: JobStore, settings: Settings) -> None:
    """Draw the form, start what it asks for, and list the signal stores that are there."""
    name = st.radio(
        "Corpus",
        list(PUBLISHED),
        format_func=lambda name: PUBLISHED[name].title,
        horizontal=True,
        key="corpus",
        persist_state="session",
    )
    corpus = PUBLISHED[name]
    own = settings.home / "corpora" / corpus.name
    folder = ask_folder(
        f"Folder of {corpus.title}", settings, value=str(own) if own.is_dir() else "", key=f"corpus-folder-{name}",
        persist_state="session", placeholder=f"the folder that holds {corpus.holds}",
    )  # fmt: skip
    signal = st.radio(
        "Prepared for",
        list(SIGNALS),
        format_func=SIGNALS.__getitem__,
        horizontal=True,
        key="signal",
        persist_state="session",
    )
    indexing, fetching = st.columns(2)
    indexing.button(
        "Index and store",
        key="index-corpus",
        type="primary",
        width="stretch",
        **button_options(
            refusal_of_stage("index_datasets"),
            disabled=folder is None,
            help_text="Reads every recording once and keeps it as training needs it; what cannot be read is counted "
            "and named.",
        ),
        on_click=start_job,
        args=(store, _indexing(corpus, folder or own, signal), settings),
    )
    fetching.button(
        f"Download from PhysioNet (about {corpus.gigabytes:g} GB)",
        key="download-corpus",
        width="stretch",
        **button_options(
            refusal_of_stage("download"),
            help_text=f"{corpus.licence}; no account is needed. Stopped, it goes on where it was.",
        ),
        on_click=start_job,
        args=(store, JobSpec.of("download", DownloadRequest(name, own), f"download {corpus.title}"), settings),
    )
    stores = signal_stores(settings.home)
    if not stores:
        st.info("There is no signal store yet; training on recordings needs one.")
        return
    st.subheader("Signal stores", anchor=False)
    rows = [
        {
            "store": found.folder.name,
            "corpus": found.corpus,
            "leads": found.leads,
            "Hz": found.rate,
            "recordings": found.records,
            "left out": found.skipped,
        }
        for found in stores
    ]
    st.dataframe(rows, hide_index=True)
    st.caption("Which recordings were left out, and why, stands in the log of the job and in the store's manifest.")


def _indexing(corpus: Publication, folder: Path, signal: str) -> JobSpec:
    asked = IndexingConfig(corpus.option, folder, signal=signal)
    return JobSpec.of("index_datasets", asked, f"store {corpus.title} for {signal}")
