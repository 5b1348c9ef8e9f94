"""The form that describes a cohort, and the job that scores it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePath

import streamlit as st

from suprem.atomic import write_text
from suprem.concepts.query import parse_queries
from suprem.ecg.formats.archive import keep_signals
from suprem.ecg.formats.table import TableFormat
from suprem.errors import CohortError, SupremError
from suprem.experiments.configurations import CohortRequest
from suprem.jobs.job import JobSpec
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.frame import plain
from suprem.web.read_ecg.ecg_picker import ask_table_format
from suprem.web.read_ecg.query_sets import START
from suprem.web.roles import note_owner
from suprem.web.session import session
from suprem.web.training.job_start import submit_job

MAX_UPLOAD = 200
"""Megabytes of one archive or file."""

MAX_FOLDERS, DEEPEST = 500, 4
"""Subfolders of the recordings that are offered."""

SHOWN_REFUSALS = 5
UPLOAD = "Upload"
VIEW, CHOSEN, BEGUN = "cohort-view", "cohort", "cohort-begun"
"""Keys of the page's own widgets."""

_QUERIES, _RECORDINGS = "queries.txt", "recordings"


def begin_cohort(settings: Settings, store: JobStore) -> None:
    """Ask for recordings and queries, and start the job.

    Raises:
        SupremError: What is asked for cannot be done.
    """
    source = st.radio("Recordings", ("Folder on this server", UPLOAD), key="cohort-source", horizontal=True)
    folder: Path | None = None
    files: dict[str, bytes] = {}
    if source == UPLOAD:
        uploads = st.file_uploader(
            "A ZIP archive, or ECG files of any format", accept_multiple_files=True, key="cohort-files",
            max_upload_size=MAX_UPLOAD,
            help="Of each recording only the signal is kept on this server, under a number: no name, no date, no file "
            "name. It is removed with the cohort.",
        )  # fmt: skip
        for upload in uploads:
            again = sum(upload.name == PurePath(name).name for name in files)  # files of one name from several folders
            files[f"{again}/{upload.name}" if again else upload.name] = upload.getvalue()
    else:
        folder = _choose_folder(settings.recordings_root)
    queries = st.text_area("Queries, one a line", "\n".join(START), height=200, key="cohort-queries")
    with st.expander("If CSV, NumPy or MATLAB files do not say what their numbers are"):
        table = ask_table_format("cohort-table")
    ignore = st.checkbox("Also score recordings that fail the quality check", key="cohort-ignore-quality")
    free = _free_name(settings.cohorts)
    name = st.text_input(
        "Name of the cohort", free, max_chars=40, key=f"cohort-name-{free}",
        help="Small letters, digits and dashes. Everyone who may open the app sees it.",
    )  # fmt: skip
    if not st.button("Score in the background", type="primary", key="begin-cohort", disabled=not (folder or files)):
        return
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise CohortError("The name of a cohort is made of small letters, digits and dashes, for example cohort-2.")
    home = settings.cohorts / name
    asked = [query.text for query in parse_queries(queries)]
    if not asked:
        raise CohortError("There is no query; type at least one.")
    settings.cohorts.mkdir(parents=True, exist_ok=True)
    try:
        home.mkdir()  # not asked before: two sessions may choose one name in the same moment
    except FileExistsError:
        raise CohortError(f"There is a cohort {name} already; choose another name.") from None
    try:
        note_owner(home)
        write_text(home / _QUERIES, "\n".join(asked))
        refused = _keep(files, home / _RECORDINGS, table) if files else []
        submit_job(store, score_job(home, folder or home / _RECORDINGS, table, ignore), settings)
    except (SupremError, OSError):
        shutil.rmtree(home, ignore_errors=True)
        raise
    session().notice = " ".join([f"Cohort {name} is being scored; closing this page does not stop it.", *refused])
    st.session_state[CHOSEN] = name
    st.session_state[BEGUN] = True
    st.rerun()


def score_job(home: Path, folder: Path, table: TableFormat, ignore_quality: bool) -> JobSpec:
    """Return the job that scores a cohort, or goes on with it; no query stands in it, since one may name a person."""
    asked = CohortRequest(
        folder=folder,
        results=home,
        queries=home / _QUERIES,
        ignore_quality=ignore_quality,
        links=False,
        table=table,
    )
    return JobSpec.of("score", asked, f"score cohort {home.name}")


def results_of(spec: JobSpec) -> Path | None:
    """Return the cohort that a job scores, None where it does something else."""
    return Path(spec.configuration["results"]) if spec.stage == "score" and not spec.earlier else None


def _choose_folder(root: Path) -> Path | None:
    """Offer the folders below the one that the installation allows; no path can be typed."""
    folders = _folders(root)
    if not folders:
        st.info(
            f"This server offers no recordings. Put ECG files into {plain(str(root))}, or name another folder in "
            "SUPREM_RECORDINGS."
        )
        return None
    return folders[st.selectbox("Folder", list(folders), key="cohort-folder")]


def _folders(root: Path) -> dict[str, Path]:
    """Return what is called how below the root; hidden folders and links are passed over."""
    found: dict[str, Path] = {}
    for place, names, files in os.walk(root):
        below = Path(place).relative_to(root)
        depth = len(below.parts)
        names[:] = sorted(name for name in names if not name.startswith(".")) if depth < DEEPEST else []
        if (files or names) and len(found) < MAX_FOLDERS:
            found[str(below) if depth else "All recordings"] = Path(place)
    return found


def _free_name(cohorts: Path) -> str:
    number = 1
    while (cohorts / f"cohort-{number}").exists():
        number += 1
    return f"cohort-{number}"


def _keep(files: dict[str, bytes], folder: Path, table: TableFormat) -> list[str]:
    """Keep the signals of an upload and return sentences about what could not be read.

    Raises:
        CohortError: Nothing could be read.
    """
    with st.spinner("Reading the upload …", show_time=True):
        outcomes = list(keep_signals(files, folder, table=table))
    number, refusals = len(outcomes), [refusal for refusal in outcomes if refusal]
    if len(refusals) == number:
        raise CohortError(f"None of the {number} recordings can be read. {' '.join(refusals[:1])}")
    more = len(refusals) - SHOWN_REFUSALS
    left_out = [f"{len(refusals)} of {number} recordings cannot be read."] if refusals else []
    return [*left_out, *refusals[:SHOWN_REFUSALS], *([f"And {more} more."] if more > 0 else [])]
