"""The audit log of an installation, opened once for all sessions."""

from __future__ import annotations

import streamlit as st

from suprem.audit.log import AuditLog, open_review_database


@st.cache_resource(max_entries=2, show_spinner=False)
def audit_log(url: str) -> AuditLog:
    """Open the audit log in a database."""
    return AuditLog(open_review_database(url))
