"""Move both thresholds of a mapping, see what would change, and apply it as the next version."""

from __future__ import annotations

import streamlit as st

from suprem.concepts.mapping.changes import Change, Changes, compare
from suprem.concepts.mapping.mapping import Mapping, MappingThresholds, Similarities, remap
from suprem.concepts.mapping.mentions import Mentions
from suprem.concepts.mapping.reviewed import decide, decided_in
from suprem.concepts.mapping.versions import FLOOR, VocabularyVersion, build_version, mapping_code
from suprem.concepts.review.store import ReviewStore
from suprem.errors import SupremError
from suprem.web.concept_map.concept_cache import encoder_named, mappings_of, mentions_of, similarities_of
from suprem.web.concept_map.mapping_figure import similarity_figure, threshold_rows
from suprem.web.frame import PLOT, plain
from suprem.web.session import session

SHOWN_CHANGES = 500
KINDS = ("gained", "lost", "re-targeted")


def show_thresholds(store: ReviewStore, version: VocabularyVersion, reviewer: str) -> None:
    """Draw sliders, preview and the button that applies them."""
    now = version.thresholds
    left, right = st.columns(2, gap="large")
    cluster = left.slider(
        "Names of one cluster: average cosine at least", FLOOR, 1.0, now.cluster, 0.01, key=f"cluster-{version.id}",
        help="Lower brings more names together; guards never let opposites in.",
    )  # fmt: skip
    mapped = right.slider(
        "Cluster goes to a concept: mean cosine at least", 0.3, 1.0, now.map, 0.01, key=f"map-{version.id}",
        help="Lower maps more names, and more of them wrongly.",
    )  # fmt: skip
    similarities = similarities_of(version.folder)
    computed = remap(similarities, cluster_threshold=cluster, map_threshold=mapped)
    current, mentions = mappings_of(version.folder), mentions_of(version.folder)
    approved = decided_in(current) | store.approved(version.id)
    proposed = decide(computed, approved, similarities.vocabulary)
    _tell_drift(version, decide(_as_it_was(similarities, now), decided_in(current), similarities.vocabulary))
    figure = similarity_figure(computed, current=now.map, proposed=mapped, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        figure, theme=None, config=PLOT, key="similarities", alt="How similar the entities are to their nearest concept"
    )
    if guarded := len(computed) - len(threshold_rows(computed)):
        st.caption(
            f"Without {guarded:,} entities that a guard keeps from their nearest concept: no threshold maps them."
        )
    changes = compare(current, proposed, mentions)
    show_changes(changes, mentions, key="preview")

    target = MappingThresholds(cluster=cluster, map=mapped)
    settled = f"Settled decisions that go into it: {len(approved):,}. " if approved else ""
    st.caption(f"{settled}Version {version.number} stays as it is; you can go back to it at any time.")
    st.button(
        "Apply as a new version",
        key="apply",
        type="primary",
        disabled=not changes.rows and target == now,
        on_click=_apply,
        args=(store, version, target, approved, reviewer),
    )


def _as_it_was(similarities: Similarities, thresholds: MappingThresholds) -> list[Mapping]:
    return remap(similarities, cluster_threshold=thresholds.cluster, map_threshold=thresholds.map)


def _tell_drift(version: VocabularyVersion, today: list[Mapping]) -> None:
    """Say what differs at unchanged thresholds, which is no doing of the sliders."""
    if version.mapping_code == mapping_code():
        return
    drift = compare(mappings_of(version.folder), today, mentions_of(version.folder))
    if drift.rows:
        names = "1 entity goes" if len(drift.rows) == 1 else f"{len(drift.rows):,} entities go"
        st.warning(
            f"The program's guards and wordings have changed since version {version.number} was made: at the same "
            f"thresholds {names} elsewhere today, in {drift.records:,} records. They are among the changes below."
        )


def show_changes(changes: Changes, mentions: Mentions, *, key: str) -> None:
    """Show what differs between two mappings, in rows and in records."""
    groups = (changes.gained, changes.lost, changes.retargeted)
    for column, kind, group in zip(st.columns(3), KINDS, groups, strict=True):
        records = mentions.covered([change.entity for change in group])
        column.metric(
            kind.capitalize(),
            f"{len(group):,} {'row' if len(group) == 1 else 'rows'}",
            f"{records:,} {'record' if records == 1 else 'records'}",
            delta_color="off",
            delta_arrow="off",
        )
    if not changes.rows:
        st.info("Nothing changes.")
        return
    st.dataframe(change_rows(changes)[:SHOWN_CHANGES], hide_index=True, height=300, key=key)
    if len(changes.rows) > SHOWN_CHANGES:
        st.caption(f"The {SHOWN_CHANGES} with most records of each kind's {len(changes.rows):,}.")


def change_rows(changes: Changes) -> list[dict[str, str | int]]:
    """Return the table of changes, the most records first."""
    groups = (changes.gained, changes.lost, changes.retargeted)
    rows = [(kind, change) for kind, group in zip(KINDS, groups, strict=True) for change in group]
    return [
        _change_row(kind, change) for kind, change in sorted(rows, key=lambda row: (-row[1].records, row[1].entity))
    ]


def _change_row(kind: str, change: Change) -> dict[str, str | int]:
    return {
        "change": kind,
        "entity": change.entity,
        "before": change.before,
        "after": change.after,
        "records": change.records,
    }


def _apply(
    store: ReviewStore,
    version: VocabularyVersion,
    thresholds: MappingThresholds,
    approved: dict[str, str],
    reviewer: str,
) -> None:
    shown = MappingThresholds(st.session_state[f"cluster-{version.id}"], st.session_state[f"map-{version.id}"])
    if shown != thresholds:  # the button was pressed while the preview of the last move was still being drawn
        session().notice = "The sliders moved on before the preview was drawn. Look at it and apply again."
        return
    try:
        made = build_version(
            version.reports(),
            similarities_of(version.folder),
            encoder=encoder_named(version.encoder),
            thresholds=thresholds,
            out=version.folder.parent,
            record_ids=version.labels().record_ids,
            parent=version.id,
            decided=approved,
            provenance={"made_by": "page", "owner": reviewer, "table": version.table},
        )
        facts = {"parent": version.id, "cluster": thresholds.cluster, "map": thresholds.map, "decided": len(approved)}
        store.audit.record(reviewer, "threshold_apply", made.id, facts)
    except SupremError as error:
        session().notice = str(error)
        return
    st.session_state["version"] = made.id
    session().notice = plain(f"Version {made.number} is made, from version {version.number}.")
