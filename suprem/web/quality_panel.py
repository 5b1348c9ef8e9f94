"""Show what the quality gate found: twelve cells, one sentence a finding, and the question before blocked scores."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from suprem.ecg.quality import Finding, Level, blocked, lead_levels
from suprem.ecg.record import LEADS

MARKS = {Level.OK: ("✓", "ok"), Level.WARN: ("!", "check"), Level.BLOCK: ("×", "unusable")}


def show_quality(findings: Sequence[Finding], key: str) -> bool:
    """Show the findings and return whether scores may be shown.

    Args:
        findings: From `assess_quality`.
        key: Tells recordings apart; an override holds for one of them.
    """
    st.html(quality_strip(findings))
    for finding in findings:
        if finding.level is not Level.OK:
            st.html(f'<p class="finding {finding.level}">{escape(finding.message)}</p>')
    if not blocked(findings):
        return True
    st.html('<p class="finding block"><strong>Scores are hidden: the recording failed the quality check.</strong></p>')
    return st.checkbox("Show the scores anyway; I know they may mean nothing", key=f"override {key}")


def quality_strip(findings: Sequence[Finding]) -> str:
    """Return the strip of twelve cells as HTML; each says in a sign and a word how its lead is."""
    levels = lead_levels(findings)
    cells = []
    for lead in LEADS:
        level = levels.get(lead, Level.OK)
        sign, word = MARKS[level]
        cells.append(f'<div role="listitem" class="{level}"><b>{lead}</b> <span>{sign} {word}</span></div>')
    return f'<div class="quality" role="list" aria-label="Signal quality by lead">{"".join(cells)}</div>'
