"""Versions of a vocabulary: which there are, how they differ, carrying decisions over, and what they count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from suprem.concepts.mapping.changes import carried, compare
from suprem.concepts.mapping.versions import VocabularyVersion, list_versions
from suprem.concepts.review.decision import Decision
from suprem.concepts.review.store import ReviewStore
from suprem.errors import SupremError
from suprem.web.concept_map.concept_cache import mappings_of, mentions_of
from suprem.web.concept_map.mapping_figure import frequency_figure
from suprem.web.concept_map.threshold_panel import show_changes
from suprem.web.frame import PLOT, plain
from suprem.web.report_entities.word_cloud import word_cloud
from suprem.web.session import session


def choose_version(folder: Path) -> VocabularyVersion | None:
    """Let a person choose a version, at first the newest; None where there is none."""
    versions = {version.id: version for version in reversed(list_versions(folder))}
    if not versions:
        return None
    chosen = st.selectbox(
        "Vocabulary version", list(versions), format_func=lambda key: versions[key].title, key="version"
    )
    return versions[chosen]


def show_versions(store: ReviewStore, version: VocabularyVersion, reviewer: str) -> None:
    """Compare the version with another one, and carry decisions over from it."""
    if version.owner:
        st.caption(plain(f"Made by {version.owner}."))
    others = {other.id: other for other in list_versions(version.folder.parent) if other.id != version.id}
    if not others:
        st.info("There is one version so far. Move the thresholds and apply them to make the next one.")
        return
    before = others[
        st.selectbox(
            "Compare with",
            list(others),
            index=list(others).index(version.parent) if version.parent in others else len(others) - 1,
            format_func=lambda key: others[key].title,
            key="compared-version",
        )
    ]
    st.markdown(f"From version {before.number} to version {version.number}")
    changes = compare(mappings_of(before.folder), mappings_of(version.folder), mentions_of(version.folder))
    show_changes(changes, mentions_of(version.folder), key="version-changes")

    mine = store.current(before.id, reviewer)
    same = still_valid(before, version, mine)
    st.markdown(
        f"You decided **{len(mine):,}** {'row' if len(mine) == 1 else 'rows'} of version {before.number}; "
        f"**{len(same):,}** of them hold in version "
        f"{version.number} too: it sends the entity where version {before.number} did, or where you said."
    )
    st.button(
        "Carry these decisions over",
        key="carry-over",
        disabled=not same,
        help="Rows that you have decided in this version stay as they are; rows that changed are yours to judge.",
        on_click=_carry_over,
        args=(store, before, version, same, reviewer),
    )


def still_valid(before: VocabularyVersion, after: VocabularyVersion, decisions: Mapping[str, Decision]) -> list[str]:
    """Return the decided entities that another version has too, and sends where the first did or the decision said."""
    first, second = carried(mappings_of(before.folder)), carried(mappings_of(after.folder))
    there = {row.entity for row in mappings_of(after.folder)}
    return [
        entity
        for entity, decision in decisions.items()
        if entity in there and second.get(entity, "") in (first.get(entity, ""), decision.code)
    ]


def show_frequencies(version: VocabularyVersion) -> None:
    """Draw the paper's tables and its Figure 10 for a version."""
    tables = version.tables()
    counts, clusters = tables["table_14"], tables["table_15"]
    figures = {
        "Entities": f"{counts['raw']:,}",
        "Distinct phrases": f"{counts['unique']:,}",
        "Stated without doubt": f"{counts['unique_after_filtering_uncertain']:,}",
        "Clusters": f"{clusters['clusters']:,}",
        "Clusters mapped": f"{clusters['share_mapped']:.0%}",
        "Concepts": f"{counts['concepts']:,}",
    }
    for column, (label, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(label, value)
    st.caption(
        f"A cluster has {clusters['mean_size']:g} names on average, at most {clusters['max_size']:,}, at least "
        f"{clusters['min_size']:,}. These are the paper's Tables 14 and 15 and its Figure 10, for your reports."
    )
    rows = tables["figure_10"]
    dark = st.context.theme.type == "dark"
    st.image(
        word_cloud({row["concept"]: row["present"] for row in rows}, dark=dark),
        width="stretch",
        alt="Word cloud of concepts",
    )
    st.plotly_chart(
        frequency_figure(rows, dark=dark),
        theme=None,
        config=PLOT,
        key="frequencies",
        alt="Records that state each concept",
    )


def _carry_over(
    store: ReviewStore, before: VocabularyVersion, after: VocabularyVersion, entities: list[str], reviewer: str
) -> None:
    try:
        copied = store.carry_over(before.id, after.id, entities, reviewer)
    except SupremError as error:
        session().notice = str(error)
        return
    session().notice = f"{copied:,} decisions were carried over to version {after.number}."
