"""Concepts that reviewers proposed, and the vocabulary that has them."""

from __future__ import annotations

import streamlit as st

from suprem.atomic import write_text
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.review.proposals import ProposedConcept, proposals, with_proposals
from suprem.concepts.review.store import ReviewStore
from suprem.errors import SupremError
from suprem.settings import Settings
from suprem.web.concept_map.concept_cache import mentions_of, reference_of_version
from suprem.web.concept_map.concept_view import NEW_VERSION, TARGET, VIEW
from suprem.web.concept_map.target_vocabulary import DIGITS, vocabulary_title
from suprem.web.session import session


def show_proposals(store: ReviewStore, version: VocabularyVersion, settings: Settings, reviewer: str) -> None:
    """List what was proposed on the rows of a version, and offer to add it to the vocabulary."""
    found = proposals(store.current(version.id))
    st.subheader(f"Proposed concepts: {len(found):,}", anchor=False)
    if not found:
        st.caption("None. On the review view a reviewer names the concept that the vocabulary lacks.")
        return
    mentions = mentions_of(version.folder)
    rows = [
        {
            "concept": one.name,
            "proposed on": ", ".join(one.entities),
            "records": mentions.covered(one.entities),
            "by": ", ".join(one.reviewers),
        }
        for one in found
    ]
    st.dataframe(rows, hide_index=True, key="proposals")
    st.button(
        "Add them to the vocabulary and build a version with it",
        key="add-proposals",
        help="The vocabulary of this version stays as it is; another one is made that has these concepts as well.",
        on_click=_add,
        args=(store, version, settings, reviewer, found),
    )


def _add(
    store: ReviewStore, version: VocabularyVersion, settings: Settings, reviewer: str, found: list[ProposedConcept]
) -> None:
    try:
        vocabulary = with_proposals(reference_of_version(version.folder), found)
        settings.terminologies.mkdir(parents=True, exist_ok=True)
        path = settings.terminologies / f"{vocabulary.content_hash[:DIGITS]}.json"
        write_text(path, vocabulary.to_json())
        facts = {"vocabulary": vocabulary.content_hash, "added": len(found)}
        store.audit.record(reviewer, "add_concepts", version.id, facts)
    except SupremError as error:
        session().notice = str(error)
        return
    st.session_state[TARGET] = vocabulary_title(path)
    st.session_state[VIEW] = NEW_VERSION
