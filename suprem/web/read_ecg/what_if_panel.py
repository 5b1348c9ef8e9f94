"""What if the signal were different? Edits of a copy of the recording, with the scores following; nothing is exported.

A fragment: an edit scores the copy and draws this part of the page anew. Trace, scores, measurements and downloads
elsewhere on the page are always those of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from suprem.concepts.query import CardiacQuery
from suprem.ecg.edit import MAX_FACTOR, MAX_NOISE, Edit, EditKind, apply_edits
from suprem.ecg.record import EcgRecord
from suprem.errors import SupremError
from suprem.web.chart import LEGEND, RULE, chart, ink
from suprem.web.colours import BAR
from suprem.web.ecg_paper.ecg_figure import ecg_figure
from suprem.web.frame import PLOT, plain
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.score_figure import FONT, ROW_PIXELS, SCORE_AXIS, query_axis
from suprem.web.session import session

if TYPE_CHECKING:
    from suprem.inference.score import QueryScore
    from suprem.web.model_cache import SharedPredictor

NO_EXPORT = {**PLOT, "displayModeBar": False}
"""An edited signal leaves the page in no file."""

ALL_LEADS = "all leads"
MOVED = 0.005
"""Changes of a score that are smaller are not written as a change."""


@st.fragment
def show_what_if(
    scores: Sequence[QueryScore], queries: Sequence[CardiacQuery], predictor: SharedPredictor, ecg: PickedEcg
) -> None:
    """Offer the edits, and show edited signal and scores once there is one."""
    with st.expander("What if the signal were different?", key="what-if"):
        st.caption(
            "Change a copy of this window and watch the scores. The recording stays as it is, and the edited signal "
            "cannot be saved."
        )
        question = (ecg.key, ecg.start)
        known = session().edits
        edits = known[1] if known[0] == question else ()
        try:
            edit = _choose_edit(ecg.window)
            apply, undo, clear = st.columns(3)
            if apply.button("Apply", key="edit-apply", type="primary", width="stretch"):
                edits = (*edits, edit)
                apply_edits(ecg.window, edits)  # before it is kept: one that cannot be made is not to stay
            if undo.button("Undo the last", key="edit-undo", disabled=not edits, width="stretch"):
                edits = edits[:-1]
            if clear.button("Back to the recording", key="edit-clear", disabled=not edits, width="stretch"):
                edits = ()
            session().edits = (question, edits)
            if edits:
                _show_edited(apply_edits(ecg.window, edits), edits, scores, queries, predictor, ecg.start)
        except SupremError as error:  # the page around a fragment does not see its errors when it runs alone
            st.error(plain(str(error)))


def _choose_edit(record: EcgRecord) -> Edit:
    kind = st.segmented_control(
        "Edit", list(EditKind), default=EditKind.DROP, required=True, key="edit-kind", label_visibility="collapsed"
    )
    first, second, third = st.columns(3)
    leads = list(record.leads)
    if kind in (EditKind.NOISE, EditKind.MASK):
        named = first.selectbox("Lead", [ALL_LEADS, *leads], key="edit-any-lead")
        lead = None if named == ALL_LEADS else named
    else:
        lead = first.selectbox("Lead", leads, index=leads.index("V1") if "V1" in leads else 0, key="edit-lead")
    if kind is EditKind.SWAP:
        other = second.selectbox("with", leads, index=leads.index("V2") if "V2" in leads else 0, key="edit-other")
        return Edit(kind, lead, other)
    if kind is EditKind.SCALE:
        factor = second.number_input("times", -MAX_FACTOR, MAX_FACTOR, 0.5, 0.1, key="edit-factor")
        return Edit(kind, lead, amount=factor)
    if kind is EditKind.NOISE:
        noise = second.number_input("mV (standard deviation)", 0.01, MAX_NOISE, 0.1, 0.05, key="edit-noise")
        return Edit(kind, lead, amount=noise)
    if kind is EditKind.MASK:
        begin = second.number_input("from second", 0.0, record.seconds, 0.0, 0.25, key="edit-first")
        end = third.number_input("to second", 0.0, record.seconds, min(2.0, record.seconds), 0.25, key="edit-last")
        return Edit(kind, lead, first=begin, last=end)
    return Edit(kind, lead)


def _show_edited(
    edited: EcgRecord,
    edits: Sequence[Edit],
    scores: Sequence[QueryScore],
    queries: Sequence[CardiacQuery],
    predictor: SharedPredictor,
    start: float,
) -> None:
    done = "; ".join(map(str, edits))
    st.html(f'<p class="edited"><strong>EDITED SIGNAL.</strong> {done}.</p>')
    after = {score.query: score.score for score in predictor.score(edited, queries)}
    figure = comparison_figure(scores, after, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        figure,
        theme=None,
        config=NO_EXPORT,
        key="edited-scores",
        alt="Scores of the recording and of the edited signal",
    )
    paper = ecg_figure(edited, start=start)
    st.plotly_chart(paper, theme=None, config=NO_EXPORT, key="edited-trace", alt=f"Edited signal: {done}")


def comparison_figure(scores: Sequence[QueryScore], after: dict[str, float], *, dark: bool = False) -> go.Figure:
    """Draw for each query its score on the recording (ring), on the edited signal (dot), and the way between."""
    ordered = sorted(scores, key=lambda score: score.score)
    rows = list(range(len(ordered)))
    before, now = [score.score for score in ordered], [after[score.query] for score in ordered]
    text = [
        f"<b>{b:.2f} → {n:.2f}</b>" if abs(n - b) >= MOVED else f"{b:.2f}" for b, n in zip(before, now, strict=True)
    ]
    ways: list[float | None] = []
    for b, n in zip(before, now, strict=True):
        ways += [b, n, None]
    heights = [height for row in rows for height in (row, row, None)]
    dots = {"mode": "markers", "hoverinfo": "skip", "cliponaxis": False}
    figure = go.Figure(
        [
            go.Scatter(x=ways, y=heights, mode="lines", line={"color": BAR, "width": 3}, hoverinfo="skip"),
            go.Scatter(
                x=before,
                y=rows,
                **dots,
                marker={"symbol": "circle-open", "size": 11, "color": ink(dark)},
                name="recording",
            ),
            go.Scatter(x=now, y=rows, **dots, marker={"size": 9, "color": ink(dark)}, name="edited signal"),
        ]
    )
    figure.data[0].showlegend = False
    figure.update_layout(
        **chart(dark, height=ROW_PIXELS * len(ordered) + 70, left=8, right=130, top=30, bottom=36, size=FONT),
        legend=LEGEND,
        annotations=[
            {"x": 1.03, "xanchor": "left", "y": row, "text": words, "showarrow": False, "font": {"size": 13}}
            for row, words in zip(rows, text, strict=True)
        ],
        xaxis=SCORE_AXIS,
        yaxis={**query_axis(ordered), "gridcolor": RULE},
    )
    return figure
