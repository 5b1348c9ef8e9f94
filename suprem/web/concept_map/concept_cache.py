"""What the concept pages share: the vocabulary versions, their similarities and mentions, and the review store.

All of it belongs to the installation, not to a session, and a version never changes, so each is read once for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from suprem.concepts.embed import TextEmbedder, load_embedder
from suprem.concepts.mapping.mapping import THRESHOLDS, Mapping, Similarities, measure_similarities, remap
from suprem.concepts.mapping.mentions import Mentions
from suprem.concepts.mapping.versions import measure_reports, open_version
from suprem.concepts.review.store import ReviewStore
from suprem.concepts.vocabulary import Vocabulary, load_terms
from suprem.reports.entities_file import ReportFindings

ENCODER = "minilm"
"""Pasted reports are mapped with the bundled encoder, which is there on every machine."""


@st.cache_resource(max_entries=2, show_spinner=False)
def review_store(url: str) -> ReviewStore:
    """Open the review store of an installation."""
    return ReviewStore.open(url)


@st.cache_resource(max_entries=1, show_spinner=False)
def reference_terms() -> Vocabulary:
    """Return the shipped reference vocabulary."""
    return load_terms()


@st.cache_resource(max_entries=2, show_spinner="Loading the text encoder …")
def encoder_named(name: str) -> TextEmbedder:
    """Return a text encoder."""
    return load_embedder(name)


@st.cache_resource(max_entries=6, show_spinner=False)
def mentions_of(folder: Path) -> Mentions:
    """Return which reports of a version state which entity."""
    return Mentions.read(_version_reports(folder))


@st.cache_resource(max_entries=6, show_spinner=False)
def mappings_of(folder: Path) -> list[Mapping]:
    """Return where each entity of a version went."""
    return open_version(folder).mappings()


@st.cache_resource(max_entries=6, show_spinner=False)
def reference_of_version(folder: Path) -> Vocabulary:
    """Return every concept that a version's entities could go to."""
    return open_version(folder).reference()


@st.cache_resource(max_entries=6, show_spinner=False)
def reference_terms_of(folder: Path) -> dict[str, str]:
    """Return code -> name of every concept that a version's entities could go to."""
    reference = reference_of_version(folder)
    return dict(zip(reference.codes, reference.names, strict=True))


@st.cache_resource(max_entries=2, show_spinner="Comparing the entities with the concepts …")
def similarities_of(folder: Path) -> Similarities:
    """Return what a version's thresholds do not change; takes seconds the first time."""
    version = open_version(folder)
    return measure_reports(_version_reports(folder), version.reference(), encoder_named(version.encoder))


def concept_of(names: Sequence[str]) -> dict[str, str]:
    """Return name -> name of the concept that it goes to, for those that go to one."""
    if not names:
        return {}
    encoder = encoder_named(ENCODER)
    limits = THRESHOLDS[ENCODER]
    similarities = measure_similarities(names, reference_terms(), encoder, floor=limits.cluster)
    rows = remap(similarities, cluster_threshold=limits.cluster, map_threshold=limits.map)
    return {row.entity: row.concept + (f" ({row.guard})" if row.guard else "") for row in rows if row.code}


@st.cache_resource(max_entries=2, show_spinner=False)
def _version_reports(folder: Path) -> list[ReportFindings]:
    return open_version(folder).reports()
