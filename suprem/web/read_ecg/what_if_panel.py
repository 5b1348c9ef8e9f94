"""What if the signal were different? Edits of a copy of the recording, with the scores following; nothing is exported.

A fragment: an edit scores the copy and draws this part of the page anew. Trace, scores, measurements and downloads
elsewhere on the page are always those of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from suprem.composed.what_if import CONDITIONS, MOST_VARIANTS, ConditionEdit
from suprem.concepts.query import CardiacQuery
from suprem.ecg.edit import MAX_FACTOR, MAX_NOISE, Edit, EditKind, RecordEdit, apply_edits
from suprem.ecg.record import EcgRecord
from suprem.errors import SupremError
from suprem.web.chart import LEGEND, RULE, chart, ink
from suprem.web.colours import BAR
from suprem.web.ecg_paper.ecg_figure import ecg_figure
from suprem.web.frame import PLOT, part, plain
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.score_figure import FONT, ROW_PIXELS, SCORE_AXIS, query_axis
from suprem.web.session import session

if TYPE_CHECKING:
    from suprem.inference.score import QueryScore
    from suprem.web.model_cache import SharedPredictor

NO_EXPORT = {**PLOT, "displayModeBar": False}
"""An edited signal leaves the page in no file."""

ALL_LEADS = "all leads"
CONDITION = "Add a condition"
MOVED = 0.005
"""Changes of a score that are smaller are not written as a change."""


@part()
def show_what_if(
    scores: Sequence[QueryScore], queries: Sequence[CardiacQuery], predictor: SharedPredictor, ecg: PickedEcg
) -> None:
    """Offer the edits, and show edited signal and scores once there is one."""
    with st.expander("What if the signal were different?", key="what-if"):
        st.caption(
            "Change a copy of this window and watch the scores. The recording stays as it is, and the edited signal "
            "cannot be saved."
        )
        edits = edits_of(ecg)
        try:
            _choose_edit(ecg.window)
            _chosen_edit()  # one that is none says so before anybody applies it
            # Callbacks run before anything is drawn: a run of the page that is cut short loses no click.
            apply, undo, clear = st.columns(3)
            apply.button("Apply", key="edit-apply", type="primary", width="stretch", on_click=_apply, args=(ecg,))
            undo.button(
                "Undo the last",
                key="edit-undo",
                disabled=not edits,
                width="stretch",
                on_click=_keep,
                args=(ecg, edits[:-1]),
            )
            clear.button(
                "Back to the recording",
                key="edit-clear",
                disabled=not edits,
                width="stretch",
                on_click=_keep,
                args=(ecg, ()),
            )
            if session().refused_edit:
                st.error(plain(session().refused_edit))
                session().refused_edit = ""
            if edits:
                _show_edited(apply_edits(ecg.window, edits), edits, scores, queries, predictor, ecg.start)
        except SupremError as error:  # the page around a fragment does not see its errors when it runs alone
            st.error(plain(str(error)))


def edits_of(ecg: PickedEcg) -> tuple[RecordEdit, ...]:
    """Return the edits of a recording's window, none once another is looked at."""
    question, edits = session().edits
    return edits if question == (ecg.key, ecg.start) else ()


def _keep(ecg: PickedEcg, edits: tuple[RecordEdit, ...]) -> None:
    session().edits = ((ecg.key, ecg.start), edits)


def _apply(ecg: PickedEcg) -> None:
    try:
        edits = (*edits_of(ecg), _chosen_edit())
        apply_edits(ecg.window, edits)  # before it is kept: one that cannot be made is not to stay
        _keep(ecg, edits)
    except SupremError as error:
        session().refused_edit = str(error)


def _choose_edit(record: EcgRecord) -> None:
    """Draw the fields of the kind of edit; `_chosen_edit` reads them."""
    kind = st.segmented_control(
        "Edit",
        [*EditKind, CONDITION],
        default=EditKind.DROP,
        required=True,
        key="edit-kind",
        label_visibility="collapsed",
    )
    if kind == CONDITION:
        _choose_condition()
        return
    first, second, third = st.columns(3)
    leads = list(record.leads)
    if kind in (EditKind.NOISE, EditKind.MASK):
        first.selectbox("Lead", [ALL_LEADS, *leads], key="edit-any-lead")
    else:
        first.selectbox("Lead", leads, index=leads.index("V1") if "V1" in leads else 0, key="edit-lead")
    if kind is EditKind.SWAP:
        second.selectbox("with", leads, index=leads.index("V2") if "V2" in leads else 0, key="edit-other")
    if kind is EditKind.SCALE:
        second.number_input("times", -MAX_FACTOR, MAX_FACTOR, 0.5, 0.1, key="edit-factor")
    if kind is EditKind.NOISE:
        second.number_input("mV (standard deviation)", 0.01, MAX_NOISE, 0.1, 0.05, key="edit-noise")
    if kind is EditKind.MASK:
        second.number_input("from second", 0.0, record.seconds, 0.0, 0.25, key="edit-first")
        third.number_input("to second", 0.0, record.seconds, min(2.0, record.seconds), 0.25, key="edit-last")


def _choose_condition() -> None:
    wide, narrow = st.columns([2, 1])
    wide.selectbox("Condition", list(CONDITIONS), key="edit-condition")
    narrow.number_input("Variant", 1, MOST_VARIANTS, 1, key="edit-variant", help="Another number, another example.")
    st.caption(
        "What textbooks say the condition does to a beat is added to each beat of this copy. It is nobody's ECG, and "
        "its scores do not say how patients are read."
    )


def _chosen_edit() -> RecordEdit:
    chosen = st.session_state
    if chosen["edit-kind"] == CONDITION:
        return ConditionEdit(chosen["edit-condition"], int(chosen["edit-variant"]))
    kind = EditKind(chosen["edit-kind"])
    if kind in (EditKind.NOISE, EditKind.MASK):
        named = chosen["edit-any-lead"]
        lead = None if named == ALL_LEADS else named
    else:
        lead = chosen["edit-lead"]
    if kind is EditKind.SWAP:
        return Edit(kind, lead, chosen["edit-other"])
    if kind is EditKind.SCALE:
        return Edit(kind, lead, amount=chosen["edit-factor"])
    if kind is EditKind.NOISE:
        return Edit(kind, lead, amount=chosen["edit-noise"])
    if kind is EditKind.MASK:
        return Edit(kind, lead, first=chosen["edit-first"], last=chosen["edit-last"])
    return Edit(kind, lead)


def _show_edited(
    edited: EcgRecord,
    edits: Sequence[RecordEdit],
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
