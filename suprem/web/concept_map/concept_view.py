"""What other pages and parts of the page set to lead a person to a place on the concept map."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from suprem.resources import PAGES

VIEW, VERSION, SOURCE, TARGET = "concept-view", "version", "version-source", "target-vocabulary"
"""Keys of the page: which part of it is shown, which version, what a new one is built from and mapped to."""

REVIEW, NEW_VERSION = "Review", "New version"
PAGE = PAGES / "3_Concept_Map.py"


def kept_title(path: Path) -> str:
    """Return what a kept table of reports is called: never by its file's name, which may name a person or a place."""
    facts = path.stat()
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(facts.st_mtime))
    return f"Uploaded {day}, {facts.st_size / 1e6:.1f} MB ({path.stem[:6]})"


def build_from(path: Path) -> None:
    """Go to the form of a new version, with a kept table chosen."""
    st.session_state[SOURCE] = kept_title(path)
    st.session_state[VIEW] = NEW_VERSION
    st.switch_page(PAGE)


def review(version: str) -> None:
    """Show the rows of a version; meant as `on_click` of a button."""
    st.session_state[VERSION] = version
    st.session_state[VIEW] = REVIEW
