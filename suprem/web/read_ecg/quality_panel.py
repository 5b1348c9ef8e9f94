"""Show what the quality gate found: twelve cells, one sentence a finding, a corrected view, and blocked scores.

What is shown, measured and scored below it is what it returns. An override goes into the audit log with a reason from
a list: a typed one could name a person, and a row of that log cannot be taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape

import streamlit as st

from suprem import __version__
from suprem.ecg.checks.electrodes import Exchange
from suprem.ecg.checks.quality import Level, QualityFinding, assess_quality, blocked, lead_levels, signal_quality
from suprem.ecg.record import LEADS
from suprem.settings import load_settings
from suprem.web.login import user_name
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.session import session

MARKS = {Level.OK: ("✓", "ok"), Level.NOTE: ("·", "remark"), Level.WARN: ("!", "check"), Level.BLOCK: ("×", "unusable")}
REASONS = (
    "The fault does not touch what I ask about",
    "I know the cause and want to see its effect",
    "Teaching or a test of the program",
)


def show_quality(ecg: PickedEcg) -> tuple[PickedEcg, bool]:
    """Show the findings; return the ECG to look at, which may be a corrected view, and whether it may be scored."""
    place = st.container()
    recorded = ecg
    findings = assess_quality(recorded.window)
    for exchange in [found.exchange for found in findings if found.exchange is not None]:
        ecg = _offer_corrected(ecg, exchange)
    if ecg is not recorded:
        findings = assess_quality(ecg.window)
    with place:
        st.html(quality_strip(findings) + finding_list(findings))
    return ecg, not blocked(findings) or _overridden(ecg, findings)


def finding_list(findings: Sequence[QualityFinding]) -> str:
    """Return what is not in order as HTML, one sentence each; empty where everything is."""
    return "".join(
        f'<p class="finding {found.level}">{escape(found.message)}</p>'
        for found in findings
        if found.level is not Level.OK
    )


def quality_strip(findings: Sequence[QualityFinding]) -> str:
    """Return the strip of twelve cells as HTML; each says in a sign and a word how its lead is, and why on hovering."""
    levels, graded = lead_levels(findings), signal_quality(findings)
    cells = []
    for lead in LEADS:
        level = levels.get(lead, Level.OK)
        sign, word = MARKS[level]
        of_lead = f"Quality {graded.leads[lead]:.2f} of 1. " if graded and lead in graded.leads else ""
        found = " ".join(one.message for one in findings if lead in one.leads and one.level is not Level.OK)
        why = of_lead + (found or "Nothing was found in this lead.")
        cells.append(
            f'<div role="listitem" class="{level}" title="{escape(why)}"><b>{lead}</b> <span>{sign} {word}</span></div>'
        )
    strip = f'<div class="quality" role="list" aria-label="Signal quality by lead">{"".join(cells)}</div>'
    said = f'<p class="facts">Signal quality {graded.value:.2f} of 1.</p>' if graded else ""
    return strip + said


def _offer_corrected(ecg: PickedEcg, exchange: Exchange) -> PickedEcg:
    chosen = st.toggle(
        f"Corrected view: show, measure and score with {exchange.electrodes} exchanged back",
        key=f"corrected {ecg.key} {exchange.electrodes}",
    )
    if not chosen:
        return ecg
    st.html(
        f'<p class="finding corrected"><strong>Corrected view, not as recorded:</strong> {escape(exchange.electrodes)} '
        "are exchanged back in all that follows. Whether they were exchanged, only a new recording can tell.</p>"
    )
    return ecg.corrected(exchange)


def _overridden(ecg: PickedEcg, findings: Sequence[QualityFinding]) -> bool:
    """Ask who wants to see blocked scores and why, log it, and remember it for this recording and session."""
    said = session().overridden.get(ecg.key)
    if said:
        st.html(f'<p class="finding block"><strong>Scored in spite of the quality check.</strong> {escape(said)}</p>')
        return True
    st.html('<p class="finding block"><strong>Scores are hidden: the recording failed the quality check.</strong></p>')
    with st.form("override", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = user_name() or st.text_input("Your name, for the audit log", max_chars=60, key="override-name")
        reason = st.selectbox("Reason to show the scores anyway", REASONS, index=None, key="override-reason")
        asked = st.form_submit_button("Show the scores anyway")
    if asked and name.strip() and reason:
        said = log_override(ecg, findings, name.strip(), reason)
        session().overridden[ecg.key] = said
        st.rerun()
    if asked:
        st.warning("Give your name and a reason; both go into the audit log.")
    return False


def log_override(ecg: PickedEcg, findings: Sequence[QualityFinding], name: str, reason: str) -> str:
    """Write an override into the audit log and return what to say of it.

    The recording stands there as a hash of its samples under a key of this installation; nothing else of it is kept.

    Raises:
        ConceptError: The log cannot be written; then nothing may be shown.
    """
    # Imported here and not above: the database takes time that no trace needs.
    from suprem.audit.log import installation_key, keyed_hash
    from suprem.web.audit_cache import audit_log

    settings = load_settings()
    details = {
        "blocked by": sorted({found.check for found in findings if found.level is Level.BLOCK}),
        "corrected": ecg.record.corrected,
        "reason": reason,
        "version": __version__,
    }
    samples = hashlib.sha256(ecg.record.signal.tobytes()).digest()
    subject = f"recording {keyed_hash(installation_key(settings.home), samples)[:16]}"
    row = audit_log(settings.database).record(name, "override_quality", subject, details)
    return f"{name}: {reason}. Row {row.number} of the audit log."
