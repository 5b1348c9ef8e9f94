"""The row under review: its candidates, what a reviewer says of it, and ECGs of the records that state it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from suprem.concepts.mapping.mapping import Candidate, candidates
from suprem.concepts.review.decision import MAX_COMMENT, Equivalence, Status
from suprem.concepts.review.worklist import ReviewRow
from suprem.web.concept_map.concept_cache import reference_terms_of, similarities_of
from suprem.web.concept_map.example_ecgs import show_examples
from suprem.web.concept_map.review_actions import Review, decide, propose, step, undo
from suprem.web.concept_map.review_words import (
    EQUIVALENCE_HELP,
    EQUIVALENCE_KEYS,
    STATUS_WORDS,
    guard_words,
    key_button,
)
from suprem.web.frame import plain
from suprem.web.session import Reviewing

MAX_NAME = 150
"""Characters of a proposed concept's name."""


def show_row(review: Review, found: Sequence[ReviewRow], row: ReviewRow) -> None:
    """Draw the row under review: first what decides it, then what it is decided by."""
    reviewing = review.reviewing
    chosen = _chosen_code(reviewing, row)
    comment_key = f"comment-{review.version.id}-{row.entity}"

    def deciding(status: Status) -> Callable[[], None]:
        code = chosen if status in (Status.APPROVED, Status.FLAGGED) else ""
        return lambda: decide(review, found, row, status, code, str(st.session_state.get(comment_key, "")))

    with st.container(border=True, key="review-row"):
        _show_name(review, row)
        with st.container(horizontal=True):
            key_button("Approve", "A", deciding(Status.APPROVED), primary=bool(chosen))
            key_button("Flag", "F", deciding(Status.FLAGGED), help="Somebody should look at it again")
            key_button("No target", "N", deciding(Status.NO_TARGET), help="No concept says this")
            key_button("Next", "J", lambda: step(review, found, row, 1))
            key_button("Previous", "K", lambda: step(review, found, row, -1))
            key_button("Undo", "Z", lambda: undo(review), help="Take back your last decision")
        if reviewing.told:
            st.warning(plain(reviewing.told))
        nearest = candidates(similarities_of(review.version.folder), row.entity)
        for number, candidate in enumerate(nearest, start=1):
            _candidate_button(reviewing, candidate, number, chosen)
        _choose_other(review, reviewing, row, nearest, chosen)
        _choose_equivalence(reviewing)
        st.text_input(
            "Comment", row.decision.comment if row.decision else "", key=comment_key, max_chars=MAX_COMMENT,
            placeholder="Comment: kept for ever; no patient's name or number", label_visibility="collapsed",
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center"):
            _propose_concept(review, found, row)
            show_examples(review.version, row, chosen, review.mentions.examples(row.entity))


def _show_name(review: Review, row: ReviewRow) -> None:
    members = sum(other.mapping.cluster == row.mapping.cluster for other in review.rows)
    st.html(f'<h3 class="entity-name">{escape(row.entity)}</h3>')
    others = f" · in a cluster with {members - 1:,} other {'name' if members == 2 else 'names'}" if members > 1 else ""
    decided = ""
    if row.decision:
        target = f": {row.decision.code}" if row.decision.code else ""
        decided = f" · **you: {STATUS_WORDS[row.status]}**{plain(target)}"
    st.caption(f"stated in {row.records:,} {'record' if row.records == 1 else 'records'}{others}{decided}")


def _propose_concept(review: Review, found: Sequence[ReviewRow], row: ReviewRow) -> None:
    """Let a reviewer name the concept that the vocabulary lacks."""
    key = f"propose-{review.version.id}-{row.entity}"
    with st.popover("Propose a concept", help="The vocabulary has no concept that says this, and it should have one"):
        st.text_input("Its name, in full words", row.entity, key=key, max_chars=MAX_NAME)
        st.button(
            "Propose it",
            key="review-propose",
            on_click=lambda: propose(review, found, row, str(st.session_state.get(key, ""))),
        )
        st.caption("The row is flagged with it. Under Versions, proposals are added to a vocabulary for the next one.")


def _chosen_code(reviewing: Reviewing, row: ReviewRow) -> str:
    """Return the concept chosen on this row: by hand, by the decision, or as the mapping proposes."""
    if reviewing.code is not None:
        return reviewing.code
    return (row.decision.code if row.decision else "") or row.mapping.code


def _candidate_button(reviewing: Reviewing, candidate: Candidate, number: int, chosen: str) -> None:
    words = f" – {guard_words(candidate.guard)}" if candidate.guard else ""
    st.button(
        plain(f"{candidate.concept} ({candidate.code})  {candidate.cosine:.2f}{words}"),
        key=f"candidate-{number}",
        shortcut=str(number),
        type="primary" if candidate.code == chosen else "secondary",
        width="stretch",
        on_click=lambda: setattr(reviewing, "code", candidate.code),
    )


def _choose_other(
    review: Review, reviewing: Reviewing, row: ReviewRow, nearest: Sequence[Candidate], chosen: str
) -> None:
    """Offer every concept of the reference, for those that no candidate shows."""
    names = reference_terms_of(review.version.folder)
    key = f"other-{review.version.id}-{row.entity}"
    shown = {candidate.code for candidate in nearest}
    other = st.selectbox(
        "Another concept",
        [code for code in names if code not in shown],
        index=None,
        key=key,
        format_func=lambda code: f"{names[code]} ({code})",
        placeholder="Another concept …",
        label_visibility="collapsed",
        on_change=lambda: setattr(reviewing, "code", st.session_state[key]),
    )
    if chosen and chosen not in shown and chosen != other:
        st.caption(plain(f"Chosen: {names.get(chosen, '')} ({chosen})"))


def _choose_equivalence(reviewing: Reviewing) -> None:
    def toggle(equivalence: Equivalence) -> Callable[[], None]:
        unset = reviewing.equivalence is equivalence
        return lambda: setattr(reviewing, "equivalence", None if unset else equivalence)

    with st.container(horizontal=True):
        for equivalence, key in EQUIVALENCE_KEYS.items():
            key_button(
                equivalence.capitalize(),
                key,
                toggle(equivalence),
                primary=reviewing.equivalence is equivalence,
                help=EQUIVALENCE_HELP[equivalence],
            )
