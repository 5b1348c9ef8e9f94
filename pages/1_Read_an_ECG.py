"""For clinical researchers: open a 12-lead ECG, ask in free text, see sorted scores and where the model looked."""

from __future__ import annotations

import streamlit as st

from suprem.concepts.negation import set_negations_aside
from suprem.inference.measured_check import contradictions, unmet_criteria
from suprem.web.frame import page
from suprem.web.model_cache import shared_predictor
from suprem.web.read_ecg.comparison_panel import pick_second, show_measurement_differences, show_score_differences
from suprem.web.read_ecg.ecg_picker import pick_ecg, show_facts
from suprem.web.read_ecg.explanation_panel import show_explanation
from suprem.web.read_ecg.measurement_panel import show_measurements
from suprem.web.read_ecg.quality_panel import show_quality
from suprem.web.read_ecg.query_panel import edit_queries
from suprem.web.read_ecg.report_panel import show_report_check
from suprem.web.read_ecg.score_panel import (
    choose_withheld,
    encoded_once,
    score_queries,
    show_contradictions,
    show_familiarity,
    show_not_scored,
    show_scores,
    show_whole,
)
from suprem.web.read_ecg.trace_panel import show_trace
from suprem.web.read_ecg.what_if_panel import show_what_if

with page("Read an ECG", "Open a 12-lead ECG, ask about it in your own words, and see where the model looked."):
    # Each part has a place of its own, whatever stands above it: a fragment is known by its place, and a click into
    # one that has moved since the browser drew it is dropped.
    picking, tracing, measuring, comparing, asking, reporting, changing, looking = (st.container() for _ in range(8))

    with picking:
        ecg = pick_ecg()
        if ecg is None:
            st.stop()
        show_facts(ecg)
        ecg, scores_allowed = show_quality(ecg)
        second = pick_second()
    with tracing:
        show_trace(ecg, second.ecg if second else None)
    with measuring:
        measured = show_measurements(ecg.window)
    if second:
        with comparing:
            show_measurement_differences(ecg, second.ecg)

    with asking:
        st.subheader("Ask", anchor=False)
        typing, answering = st.columns((2, 3), gap="large")
    with typing:
        queries = edit_queries()
    if not queries or not scores_allowed:
        answering.info(
            "Type at least one query." if not queries else "Scores are hidden; see the signal quality above."
        )
        st.stop()

    with answering:
        predictor = shared_predictor()
        queries, aside = set_negations_aside(predictor.ask([query.text for query in queries]), predictor.vocabulary)
        show_not_scored(aside)
        if not queries:
            st.stop()
        scored = choose_withheld(score_queries(predictor, ecg, queries), ecg)
        queries = [query for query in queries if query.text in {score.query for score in scored.scores}]
        if not queries:
            st.stop()
        show_whole(predictor, ecg, queries)
        show_familiarity(predictor.familiarity(encoded_once(predictor, ecg)))
        against = contradictions(
            scored.scores, queries, measured, predictor.card, age=ecg.record.age, sex=ecg.record.sex
        )
        show_contradictions(against)
        unmet = unmet_criteria({query.text: query.code for query in queries if query.code}, measured)
        show_scores(scored, queries, predictor, ecg, against, unmet)
    if second:
        with asking:
            show_score_differences(predictor, scored.scores, second, queries)

    with reporting:
        show_report_check(predictor, ecg, measured)
    with changing:
        show_what_if(scored.scores, queries, predictor, ecg)
    with looking:
        st.subheader("Where the model looked – not evidence", anchor=False)
        show_explanation(scored.scores, queries, predictor, ecg, unmet)
