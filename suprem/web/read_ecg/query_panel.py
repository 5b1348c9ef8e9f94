"""Edit the queries: a text area, one a line, with sets to start from and to save."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from suprem.concepts.query import CardiacQuery, parse_queries
from suprem.settings import load_settings
from suprem.web.read_ecg.query_sets import BUILT_IN, MAX_NAME, START, SavedSets

_TEXT = "queries"
_CHOSEN = "set"


def edit_queries() -> list[CardiacQuery]:
    """Return the queries typed.

    Raises:
        QueryError: A line cannot be used, or a set cannot be saved.
    """
    saved = SavedSets(load_settings().home / "query_sets.json")
    own = saved.load()
    sets = {**BUILT_IN, **own}
    st.selectbox(
        "Start from a set",
        list(sets),
        index=None,
        key=_CHOSEN,
        placeholder="Choose a set",
        on_change=_take,
        args=(sets,),
    )
    text = st.text_area(
        "Queries, one a line",
        "\n".join(START),
        height=260,
        key=_TEXT,
        persist_state="session",
        help="One finding a line, in your own words. Each query is scored by itself.",
    )
    save, delete = st.columns(2)
    with save.popover("Save as a set", width="stretch"):
        st.caption("Every user of this installation sees saved sets. Keep details of patients out of them.")
        name = st.text_input("Name of the set", key="set-name", max_chars=MAX_NAME)
        if st.button("Save", key="save-set"):
            saved.save(name, [query.text for query in parse_queries(text)])
            st.rerun()
    if own:
        with delete.popover("Delete a set", width="stretch"):
            unwanted = st.selectbox("Set", list(own), key="unwanted-set")
            if st.button("Delete", key="delete-set"):
                saved.delete(unwanted)
                st.rerun()
    return parse_queries(text)


def ask_first(query: str) -> None:
    """Put a query on top of the list, before the reading page is drawn."""
    lines = str(st.session_state.get(_TEXT) or "\n".join(START)).splitlines()
    st.session_state[_TEXT] = "\n".join([query, *(line for line in lines if line.casefold() != query.casefold())])


def ask_instead(queries: Sequence[str]) -> None:
    """Replace what is typed; for the callback of a button, before the page is drawn."""
    st.session_state[_TEXT] = "\n".join(queries)


def _take(sets: dict[str, tuple[str, ...]]) -> None:
    chosen = st.session_state[_CHOSEN]
    if chosen in sets:
        ask_instead(sets[chosen])
