"""Paste the report of the ECG: its findings become queries, and where it and the scores differ is shown.

A fragment: the report changes nothing else on the page until its findings are asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from suprem.concepts.stated import stated_findings
from suprem.ecg.measurement.measure import Measurements
from suprem.errors import SupremError
from suprem.inference.report_check import CheckedFinding, ReportVerdict, asked_for, check_report
from suprem.reports.report import MAX_CHARACTERS
from suprem.web.frame import part, plain
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.query_panel import ask_instead
from suprem.web.read_ecg.score_panel import encoded_once

if TYPE_CHECKING:
    from suprem.web.model_cache import SharedPredictor

MEANING = (
    "Measurements come first: they rule out by definition, or show what is denied. High and low are told by the "
    "calibrated probability where there is one, else by the scores of reference ECGs with the finding. None of the "
    "three is right because of it; it says where to look again."
)


@part()
def show_report_check(predictor: SharedPredictor, ecg: PickedEcg, measured: Measurements) -> None:
    """Take a report and show what it and the scores agree and differ on."""
    with st.expander("Compare with a report", key="report-check"):
        text = st.text_area(
            "Report of this ECG",
            key="ecg-report",
            height=110,
            max_chars=MAX_CHARACTERS,
            placeholder="Sinus rhythm. Left bundle branch block. No atrial fibrillation.",
            help="English; read by rules. It stays in the memory of this session. Leave names and numbers out.",
        )
        if not text.strip():
            return
        try:
            stated = stated_findings(text, predictor.vocabulary)
            if not stated:
                st.info("No finding was recognised in this text.")
                return
            scores = predictor.score(encoded_once(predictor, ecg), asked_for(stated, predictor.vocabulary))
        except SupremError as error:  # the page around a fragment does not see its errors when it runs alone
            st.error(plain(str(error)))
            return
        checked = check_report(stated, scores, predictor.vocabulary, predictor.card, measured)
        st.markdown(plain(summary(checked)))
        st.dataframe([row_of(one) for one in checked], hide_index=True)
        st.caption(MEANING)
        names = [one.finding for one in checked if one.stated is not None]
        if st.button("Ask the report's findings", key="ask-report", on_click=ask_instead, args=(names,)):
            st.rerun()


def summary(checked: list[CheckedFinding]) -> str:
    """Return the conflicts in a sentence."""
    parts = []
    for verdict in ReportVerdict:
        names = [
            f"{one.finding} ({one.measured})" if one.measured else one.finding
            for one in checked
            if one.verdict is verdict
        ]
        if names and verdict not in (ReportVerdict.NO_CONFLICT, ReportVerdict.UNKNOWN):
            parts.append(f"{verdict.capitalize()}: {', '.join(names)}.")
    return " ".join(parts) or "Report, measurements and scores do not contradict each other."


def row_of(one: CheckedFinding) -> dict[str, str | float]:
    """Return a finding as a row of the table."""
    return {
        "finding": f"{one.finding}, also {', '.join(one.others)}" if one.others else one.finding,
        "outcome": f"{one.verdict}: {one.measured}" if one.measured else str(one.verdict),
        "in the report": f"{one.stated.held}: “{one.stated.words}”" if one.stated else "not named",
        "among reference ECGs": one.standing.words if one.standing else "",
        "probability": f"{one.standing.probability:.0%}"
        if one.standing and one.standing.probability is not None
        else "",
        "have it there": f"{one.standing.prevalence:.1%}" if one.standing else "",
        "score": "withheld" if one.score.withheld else round(one.score.score, 3),
    }
