"""What decisions, relations and guards are called on the page, and the buttons of a review."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from suprem.concepts.review.decision import Equivalence, Status

STATUS_WORDS = {
    Status.UNREVIEWED: "to review",
    Status.APPROVED: "approved",
    Status.FLAGGED: "flagged",
    Status.NO_TARGET: "no target",
}
GUARD_WORDS = {
    "broader": "says more than the entity",
    "narrower": "says less than the entity",
    "reviewed": "decided by reviewers",
}
EQUIVALENCE_KEYS = {Equivalence.EQUAL: "E", Equivalence.WIDER: "W", Equivalence.NARROWER: "S", Equivalence.INEXACT: "I"}
EQUIVALENCE_HELP = {
    Equivalence.EQUAL: "The concept says the same.",
    Equivalence.WIDER: "The concept says less than the entity.",
    Equivalence.NARROWER: "The concept says more than the entity.",
    Equivalence.INEXACT: "They overlap.",
}


def guard_words(guard: str) -> str:
    """Return what a guard says, for people."""
    if not guard:
        return ""
    return GUARD_WORDS.get(guard, f"differs in {guard}")


def key_button(
    label: str,
    shortcut: str,
    action: Callable[[], None],
    *,
    primary: bool = False,
    disabled: bool = False,
    help: str | None = None,
) -> None:
    """Draw a button of the review with the key that presses it."""
    st.button(
        label,
        key=f"review-{label.lower().replace(' ', '-')}",
        shortcut=shortcut,
        type="primary" if primary else "secondary",
        disabled=disabled,
        help=help,
        on_click=action,
    )
