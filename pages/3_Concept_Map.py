"""For cardiologists: where the words of reports go, at which thresholds, and who says that it is right."""

from __future__ import annotations

import streamlit as st

from suprem.settings import load_settings
from suprem.web.concept_map.cluster_panel import show_clusters
from suprem.web.concept_map.concept_cache import review_store
from suprem.web.concept_map.concept_view import NEW_VERSION, REVIEW, VIEW
from suprem.web.concept_map.proposal_panel import show_proposals
from suprem.web.concept_map.review_actions import Review
from suprem.web.concept_map.review_panel import show_review
from suprem.web.concept_map.reviewers_panel import show_export, show_reviewers
from suprem.web.concept_map.threshold_panel import show_thresholds
from suprem.web.concept_map.version_panel import choose_version, show_frequencies, show_versions
from suprem.web.concept_map.vocabulary_form import build_vocabulary
from suprem.web.frame import page, plain
from suprem.web.login import user_name
from suprem.web.roles import Role, refusal

VIEWS = (REVIEW, "Thresholds", "Clusters", "Frequencies", "Versions", "Reviewers", "Export and audit", NEW_VERSION)
DECIDED = (REVIEW, "Thresholds", "Versions")
"""Views that change what others see."""

with page("Concept map", "See where the words of reports go, move the thresholds, and decide what is right."):
    settings = load_settings()
    choosing, naming = st.columns((3, 2), vertical_alignment="bottom")
    with choosing:
        version = choose_version(settings.vocabularies)
    if version is None:
        st.info(
            "There is no vocabulary version yet. A version holds what reports say, mapped to standard concepts, with "
            "the labels that come of it."
        )
        build_vocabulary(settings)
        st.stop()
    login = user_name()
    reviewer = naming.text_input(
        "Your name", login or "", key="reviewer" if login is None else "reviewer-by-login", persist_state="session",
        max_chars=100, placeholder="as it shall stand beside your decisions", disabled=login is not None,
    ).strip()  # fmt: skip
    reviewer = login or reviewer
    st.session_state.setdefault(VIEW, VIEWS[0])  # not by `default`: a version that was built chooses the view as well
    view = st.segmented_control("View", VIEWS, required=True, key=VIEW, label_visibility="collapsed")

    store = review_store(settings.database)
    if view == NEW_VERSION:
        build_vocabulary(settings)
    elif view == "Clusters":
        show_clusters(version)
    elif view == "Frequencies":
        show_frequencies(version)
    elif not reviewer:
        st.info("Write your name above: what you decide is kept with it, in an audit log that is never changed.")
    elif view in DECIDED and (refused := refusal(Role.REVIEWER, "decide here")):
        st.info(plain(refused))
    elif view == REVIEW:
        show_review(Review.open(store, version, reviewer))
    elif view == "Thresholds":
        show_thresholds(store, version, reviewer)
    elif view == "Versions":
        show_versions(store, version, reviewer)
        show_proposals(store, version, settings, reviewer)
    elif view == "Reviewers":
        show_reviewers(store, version, reviewer)
    else:
        show_export(store, version, reviewer)
