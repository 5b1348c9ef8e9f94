"""Which concepts reports are mapped to: those that ship, or a vocabulary that was imported."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from suprem.atomic import write_text
from suprem.concepts.vocabulary import CONCEPTS, TERMS, Vocabulary, read_vocabulary
from suprem.errors import ConceptError
from suprem.settings import Settings
from suprem.web.concept_map.concept_view import TARGET
from suprem.web.frame import plain

OTHER = "Another vocabulary …"
MAX_UPLOAD_MB = 100
DIGITS = 16
"""Of the hash that an uploaded vocabulary is called by."""


def choose_vocabulary(settings: Settings) -> Path | None:
    """Let a person choose a vocabulary; None while another one is asked for and not yet there.

    Raises:
        ConceptError: The file that was handed in is no vocabulary.
    """
    imported = sorted(settings.terminologies.glob("*.json"))
    titles = {path: vocabulary_title(path) for path in (CONCEPTS, TERMS, *imported)}
    chosen = st.radio("Map what reports say to", [*titles.values(), OTHER], key=TARGET)
    if chosen != OTHER:
        return next(path for path, title in titles.items() if title == chosen)
    file = st.file_uploader(
        "vocabulary.json",
        key="vocabulary-file",
        max_upload_size=MAX_UPLOAD_MB,
        help="`suprem import-terms` makes one of your licensed UMLS or SNOMED CT; a version's vocabulary.json is one, "
        "too.",
    )
    if file is None:
        return None
    content = file.getvalue()
    path, count = _kept(hashlib.sha256(content).hexdigest(), content, settings.terminologies)
    st.caption(f"{count:,} concepts read; from now on it is offered above.")
    return path


@st.cache_resource(max_entries=4, show_spinner="Reading the vocabulary …")
def _kept(digest: str, _content: bytes, folder: Path) -> tuple[Path, int]:
    vocabulary = parse_vocabulary(_content)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{vocabulary.content_hash[:DIGITS]}.json"
    write_text(path, vocabulary.to_json())
    return path, len(vocabulary)


def parse_vocabulary(content: bytes) -> Vocabulary:
    """Return the vocabulary of an uploaded file.

    Raises:
        ConceptError: It is none.
    """
    try:
        return Vocabulary.from_json(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConceptError("This is not a vocabulary (not UTF-8); expected vocabulary.json.") from error


def vocabulary_title(path: Path) -> str:
    """Return what a vocabulary is called on the page."""
    return _title(path, path.stat().st_mtime_ns)


@st.cache_resource(max_entries=20, show_spinner=False)
def _title(path: Path, stamp: int) -> str:
    count = len(read_vocabulary(path))
    if path == CONCEPTS:
        return f"The {count} concepts that the shipped network learned"
    if path == TERMS:
        return f"The {count} SCP-ECG statements"
    return plain(f"Imported: {path.stem}, {count:,} concepts")
