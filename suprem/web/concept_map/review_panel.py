"""The list of a mapping's rows that a reviewer works through, and how far the review has come."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from suprem.concepts.review.decision import Status
from suprem.concepts.review.worklist import Coverage, Order, ReviewRow, arrange, coverage, exact_matches
from suprem.web.concept_map.concept_cache import reference_of_version
from suprem.web.concept_map.review_actions import Review, approve_exact, undo
from suprem.web.concept_map.review_row import show_row
from suprem.web.concept_map.review_words import STATUS_WORDS, guard_words, key_button
from suprem.web.session import session

TABLE = "review-table"
TABLE_HEIGHT = 560


def show_review(review: Review) -> None:
    """Draw the list and the row under review."""
    show_coverage(coverage(review.rows))
    _offer_exact(review)
    listing, looking = st.columns((3, 2), gap="large")
    with listing:
        found = _choose_rows(review)
        row = _current(review, found)
        if found:
            _show_table(review, found, row)
    with looking:
        if row is None:
            st.info("No row passes these filters. Choose another status, or clear the search.")
            key_button("Undo", "Z", lambda: undo(review), help="Take back your last decision")
        else:
            show_row(review, found, row)


def _offer_exact(review: Review) -> None:
    exact = exact_matches(review.rows, reference_of_version(review.version.folder))
    if exact:
        st.button(
            f"Approve all exact matches ({len(exact):,})",
            key="review-exact",
            help="Rows whose words are a wording of the concept they go to, marked by no guard. Undo takes all back.",
            on_click=approve_exact,
            args=(review, exact),
        )


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
