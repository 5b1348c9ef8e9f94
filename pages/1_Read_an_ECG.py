"""For clinical researchers: open a 12-lead ECG, ask in free text, see sorted scores and where the model looked."""

from __future__ import annotations

import streamlit as st

from suprem.ecg.quality import assess_quality
from suprem.web.attention_figure import ATTENTION_MEANING, attention_figure
from suprem.web.ecg_picker import pick_ecg, show_facts
from suprem.web.frame import PLOT, page
from suprem.web.measurement_panel import show_measurements
from suprem.web.model_cache import shared_predictor
from suprem.web.quality_panel import show_quality
from suprem.web.query_panel import edit_queries
from suprem.web.score_panel import choose_score, score_queries, show_familiarity, show_scores
from suprem.web.trace_panel import show_trace

with page("Read an ECG", "Open a 12-lead ECG, ask about it in your own words, and see where the model looked."):
    ecg = pick_ecg()
    if ecg is None:
        st.stop()

    show_facts(ecg)
    scores_allowed = show_quality(assess_quality(ecg.window), ecg.key)
    show_trace(ecg)
    show_measurements(ecg.window)

    st.subheader("Ask", anchor=False)
    asking, answering = st.columns((2, 3), gap="large")
    with asking:
        queries = edit_queries()
    if not queries or not scores_allowed:
        answering.info(
            "Type at least one query." if not queries else "Scores are hidden; see the signal quality above."
        )
        st.stop()

    with answering:
        predictor = shared_predictor()
        queries = predictor.ask([query.text for query in queries])
        scores = score_queries(predictor, ecg, queries)
        show_familiarity(predictor.familiarity(ecg.window))
        show_scores(scores, queries, predictor, ecg)

    st.subheader("Where the model looked – not evidence", anchor=False)
    chosen = choose_score(scores)
    looked = attention_figure(ecg.window, predictor.attention(ecg.window, chosen.query), start=ecg.start)
    st.plotly_chart(
        looked, theme=None, config=PLOT, key="attention", alt=f"Attention for {chosen.query} by lead and time"
    )
    st.caption(ATTENTION_MEANING)
