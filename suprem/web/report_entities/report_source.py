"""Choose the reports to look at, and have their entities extracted.

An uploaded table stays in its session. The examples and the installation's own table are the same for everyone, so
they are read once for all sessions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from suprem.reports.browse import ReportBase
from suprem.reports.kept import keep_table
from suprem.resources import ASSETS
from suprem.settings import load_settings
from suprem.web.concept_map.concept_view import build_from
from suprem.web.session import session

EXAMPLES, OWN, UPLOAD = "Example reports", "Reports of this installation", "Upload a table"
MAX_UPLOAD_MB = 50


def choose_reports() -> ReportBase | None:
    """Let the person choose a table of reports; None while there is none, which the page has then been told.

    Raises:
        ReportError: The table cannot be used.
    """
    settings = load_settings()
    sources = (EXAMPLES, *((OWN,) if settings.reports else ()), UPLOAD)
    source = st.segmented_control(
        "Where the reports come from",
        sources,
        default=OWN if settings.reports else EXAMPLES,
        required=True,
        key="report-source",
        persist_state="session",
        label_visibility="collapsed",
    )
    if source == UPLOAD:
        return _uploaded()
    path = settings.reports if source == OWN and settings.reports else ASSETS / "reports" / "examples.csv"
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    with st.spinner("Reading the reports …"):
        return _shared(str(path), stamp)


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared(path: str, stamp: int) -> ReportBase:
    return ReportBase.read(Path(path))


def _uploaded() -> ReportBase | None:
    file = st.file_uploader(
        "A CSV table with an id and a text column, or PTB-XL's or MIMIC-IV-ECG's table",
        key="report-table",
        max_upload_size=MAX_UPLOAD_MB,
        help="The table stays in the memory of the computer this page comes from, for this session only. "
        "Remove names and numbers of patients from it first.",
    )
    if file is None:
        session().reports = None
        st.info("Choose a table of reports. Each row is one ECG's report.")
        return None
    content = file.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    known = session().reports
    if known is None or known[0] != digest:
        with st.spinner("Reading the reports …"):
            known = session().reports = (digest, ReportBase.read(content))
    if st.button(
        "Build a vocabulary version of these reports",
        key="build-of-these",
        help="Keeps the table on this server for that, readable by this program only, until it is removed there.",
    ):
        build_from(keep_table(content, load_settings().kept_reports)[0])
    return known[1]
