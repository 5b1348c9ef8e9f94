"""Review a mapping row by row, by mouse or by keyboard; each decision is written at once.

What a reviewer chose on one row never carries over to the next: concept, equivalence and comment start anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from suprem.concepts.mapping.mapping import Candidate, candidates
from suprem.concepts.mapping.mentions import Mentions
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.review.decision import MAX_COMMENT, Equivalence, Status
from suprem.concepts.review.store import ReviewStore
from suprem.concepts.review.worklist import Coverage, Order, ReviewRow, arrange, coverage, review_rows
from suprem.errors import SupremError
from suprem.web.concept_map.concept_cache import mappings_of, mentions_of, reference_terms_of, similarities_of
from suprem.web.concept_map.example_ecgs import show_examples
from suprem.web.frame import plain
from suprem.web.session import Reviewing, session

STATUS_WORDS = {
    Status.UNREVIEWED: "to review",
    Status.APPROVED: "approved",
    Status.FLAGGED: "flagged",
    Status.NO_TARGET: "no target",
}
EQUIVALENCE_KEYS = {Equivalence.EQUAL: "E", Equivalence.WIDER: "W", Equivalence.NARROWER: "S", Equivalence.INEXACT: "I"}
EQUIVALENCE_HELP = {
    Equivalence.EQUAL: "The concept says the same.",
    Equivalence.WIDER: "The concept says less than the entity.",
    Equivalence.NARROWER: "The concept says more than the entity.",
    Equivalence.INEXACT: "They overlap.",
}
GUARD_WORDS = {
    "broader": "says more than the entity",
    "narrower": "says less than the entity",
    "reviewed": "decided by reviewers",
}
TABLE = "review-table"
TABLE_HEIGHT = 560


@dataclass(frozen=True, eq=False)
class Review:
    """One reviewer at work on one version."""

    store: ReviewStore
    version: VocabularyVersion
    reviewer: str
    rows: list[ReviewRow]
    mentions: Mentions

    @classmethod
    def open(cls, store: ReviewStore, version: VocabularyVersion, reviewer: str) -> Review:
        """Join the version's mapping with what this reviewer decided; nobody else's decisions are shown."""
        mentions = mentions_of(version.folder)
        decisions = store.current(version.id, reviewer)
        return cls(
            store, version, reviewer, review_rows(mappings_of(version.folder), mentions.counts, decisions), mentions
        )

    def go_to(self, entity: str) -> None:
        """Look at another row; what was chosen on the last one is forgotten."""
        session().reviewing[self.version.id] = Reviewing(entity)


def show_review(review: Review) -> None:
    """Draw the list and the row under review."""
    show_coverage(coverage(review.rows))
    listing, looking = st.columns((3, 2), gap="large")
    with listing:
        found = _choose_rows(review)
        row = _current(review, found)
        if found:
            _show_table(review, found, row)
    with looking:
        if row is None:
            st.info("No row passes these filters. Choose another status, or clear the search.")
            _button("Undo", "Z", lambda: _undo(review), help="Take back your last decision")
        else:
            _show_row(review, found, row)


def show_coverage(done: Coverage) -> None:
    """Show how far a review has come."""
    share = done.mentions / done.of_mentions if done.of_mentions else 0.0
    st.progress(
        share,
        f"{done.rows:,} of {done.of_rows:,} rows decided, which is {share:.0%} of what the records state "
        f"({done.mentions:,} of {done.of_mentions:,} mentions)",
    )


def table_rows(rows: Sequence[ReviewRow]) -> list[dict[str, str | int | float]]:
    """Return the list of rows as a table."""
    return [
        {
            "entity": row.entity,
            "records": row.records,
            "goes to": row.mapping.code,
            "similarity": round(row.mapping.similarity, 3),
            "mind": guard_words(row.mapping.guard),
            "yours": STATUS_WORDS[row.status] if row.decision else "",
        }
        for row in rows
    ]


def guard_words(guard: str) -> str:
    """Return what a guard says, for people."""
    if not guard:
        return ""
    return GUARD_WORDS.get(guard, f"differs in {guard}")


def _choose_rows(review: Review) -> list[ReviewRow]:
    search, order = st.columns((3, 2))
    words = search.text_input("Search", key="review-search", placeholder="entity, concept or code")
    sorting = Order(order.selectbox("Sort", [str(each) for each in Order], key="review-order"))
    with st.container(horizontal=True, vertical_alignment="center"):
        statuses = st.pills(
            "Your decision",
            list(STATUS_WORDS),
            selection_mode="multi",
            default=[Status.UNREVIEWED],
            format_func=STATUS_WORDS.__getitem__,
            key="review-status",
            label_visibility="collapsed",
        )
        marked = st.toggle(
            "Only doubtful", key="review-marked", help="Rows that the mapping itself marks for a person to decide"
        )
    return arrange(review.rows, order=sorting, search=words, statuses=statuses, only_marked=marked)


def _current(review: Review, found: Sequence[ReviewRow]) -> ReviewRow | None:
    """Return the row under review: the one last looked at while it passes the filters, else the first."""
    reviewing = session().reviewing.get(review.version.id)
    by_entity = {row.entity: row for row in found}
    if reviewing and reviewing.entity in by_entity:
        return by_entity[reviewing.entity]
    if not found:
        return None
    review.go_to(found[0].entity)
    return found[0]


def _show_table(review: Review, found: Sequence[ReviewRow], row: ReviewRow | None) -> None:
    position = next(index for index, other in enumerate(found) if other is row)
    st.session_state[TABLE] = {"selection": {"rows": [position], "columns": [], "cells": []}}

    def chosen() -> None:
        rows = st.session_state[TABLE]["selection"]["rows"]
        if rows and rows[0] < len(found):
            review.go_to(found[rows[0]].entity)

    st.dataframe(
        table_rows(found),
        hide_index=True,
        height=TABLE_HEIGHT,
        key=TABLE,
        on_select=chosen,
        selection_mode="single-row",
        column_config={
            "entity": st.column_config.TextColumn(width="medium"),
            "similarity": st.column_config.NumberColumn(format="%.2f", width=70),
            "mind": st.column_config.TextColumn(width=130),
        },
    )
    st.caption(f"Row {position + 1:,} of {len(found):,} that pass the filters, {len(review.rows):,} in all.")


def _show_row(review: Review, found: Sequence[ReviewRow], row: ReviewRow) -> None:
    reviewing = session().reviewing[review.version.id]
    members = sum(other.mapping.cluster == row.mapping.cluster for other in review.rows)
    with st.container(border=True, key="review-row"):
        st.html(f'<h3 class="entity-name">{escape(row.entity)}</h3>')
        others = (
            f" · in a cluster with {members - 1:,} other {'name' if members == 2 else 'names'}" if members > 1 else ""
        )
        st.caption(f"stated in {row.records:,} {'record' if row.records == 1 else 'records'}{others}")
        if row.decision:
            target = f": {row.decision.code}" if row.decision.code else ""
            st.markdown(f"**You: {STATUS_WORDS[row.status]}**{plain(target)}")

        nearest = candidates(similarities_of(review.version.folder), row.entity)
        chosen = _chosen_code(reviewing, row)
        for number, candidate in enumerate(nearest, start=1):
            _candidate_button(reviewing, candidate, number, chosen)
        _choose_other(review, reviewing, row, nearest, chosen)
        _choose_equivalence(reviewing)
        comment_key = f"comment-{review.version.id}-{row.entity}"
        st.text_input(
            "Comment", row.decision.comment if row.decision else "", key=comment_key, max_chars=MAX_COMMENT,
            placeholder="kept for ever; no patient's name or number", label_visibility="collapsed",
        )  # fmt: skip

        def decide(status: Status) -> Callable[[], None]:
            code = chosen if status in (Status.APPROVED, Status.FLAGGED) else ""
            return lambda: _decide(review, found, row, status, code or "", str(st.session_state.get(comment_key, "")))

        with st.container(horizontal=True):
            _button("Approve", "A", decide(Status.APPROVED), primary=True, disabled=not chosen)
            _button("Flag", "F", decide(Status.FLAGGED), help="Somebody should look at it again")
            _button("No target", "N", decide(Status.NO_TARGET), help="No concept says this")
        with st.container(horizontal=True):
            _button("Next", "J", lambda: _step(review, found, row, 1))
            _button("Previous", "K", lambda: _step(review, found, row, -1))
            _button("Undo", "Z", lambda: _undo(review), help="Take back your last decision")
        show_examples(row.entity, review.mentions.examples(row.entity))


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
            _button(
                equivalence.capitalize(),
                key,
                toggle(equivalence),
                primary=reviewing.equivalence is equivalence,
                help=EQUIVALENCE_HELP[equivalence],
            )


def _button(
    label: str,
    shortcut: str,
    action: Callable[[], None],
    *,
    primary: bool = False,
    disabled: bool = False,
    help: str | None = None,
) -> None:
    st.button(
        label,
        key=f"review-{label.lower().replace(' ', '-')}",
        shortcut=shortcut,
        type="primary" if primary else "secondary",
        disabled=disabled,
        help=help,
        on_click=action,
    )


def _decide(
    review: Review, found: Sequence[ReviewRow], row: ReviewRow, status: Status, code: str, comment: str
) -> None:
    reviewing = session().reviewing[review.version.id]
    try:
        review.store.decide(
            review.version.id,
            row.entity,
            review.reviewer,
            status=status,
            code=code,
            equivalence=reviewing.equivalence if code else None,
            comment=comment,
            expected=row.decision.number if row.decision else None,
        )
    except SupremError as error:
        session().notice = str(error)
    else:
        _step(review, found, row, 1)


def _undo(review: Review) -> None:
    try:
        undone = review.store.undo(review.version.id, review.reviewer)
    except SupremError as error:
        session().notice = str(error)
        return
    if undone is None:
        session().notice = "There is nothing left to undo."
    else:
        review.go_to(undone.entity)


def _step(review: Review, found: Sequence[ReviewRow], row: ReviewRow, by: int) -> None:
    position = next(index for index, other in enumerate(found) if other.entity == row.entity) + by
    review.go_to(found[min(max(position, 0), len(found) - 1)].entity)
