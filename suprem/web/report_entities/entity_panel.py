"""Entities as a table with filters, and the reports that name the chosen one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from suprem.reports.browse import EntityCount, ReportBase, filter_entities
from suprem.reports.entity import Certainty, Entity
from suprem.reports.extract import ExtractionSummary
from suprem.web.frame import plain
from suprem.web.report_entities.highlight import LEGEND, highlighted, legend

SHOWN_REPORTS = 20
TABLE_HEIGHT = 460


def show_summary(base: ReportBase) -> None:
    """Show what was found, and what was left out and why."""
    summary = base.extraction.summary
    figures = {
        "Reports": summary.reports,
        "Entities": summary.raw_entities,
        "Distinct phrases": summary.unique_entities,
        "Stated without doubt": summary.unique_certain_entities,
        "Statements read": summary.unique_statements,
    }
    for column, (label, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(label, f"{value:,}")
    left_out = left_out_sentence(summary, len(base.skipped))
    if left_out:
        st.caption(left_out)


def left_out_sentence(summary: ExtractionSummary, skipped: int) -> str:
    """Return what the figures do not cover; empty where they cover everything."""
    unread, partly = len(summary.language_not_understood), len(summary.language_partly_understood)
    parts = [
        f"{unread:,} reports are in a language the rules do not read and are left without entities" if unread else "",
        f"{partly:,} reports hold many unknown words: what is not found in them is not known to be absent"
        if partly
        else "",
        f"{skipped:,} {'row holds' if skipped == 1 else 'rows hold'} no report that can be used" if skipped else "",
    ]
    return "; ".join(filter(None, parts)) + ("." if any(parts) else "")


def choose_entity(counts: Sequence[EntityCount]) -> EntityCount | None:
    """Draw filters and table, and return the chosen entity; None where nothing passes the filters."""
    search, least = st.columns((3, 1))
    words = search.text_input("Search", key="entity-search", placeholder="for example: inferior infarction")
    most = max((count.reports for count in counts), default=1)
    fewest = least.number_input("At least … reports", 1, max(most, 1), 1, key="entity-reports")
    certainties = st.pills(
        "Stated as", list(LEGEND), selection_mode="multi", format_func=LEGEND.__getitem__, key="entity-certainty"
    )
    found = filter_entities(counts, search=words, certainties=certainties, min_reports=int(fewest))
    st.caption(f"{len(found):,} of {len(counts):,} entities. Select a row to read its reports.")
    if not found:
        return None
    chosen = st.dataframe(
        entity_rows(found),
        hide_index=True,
        height=TABLE_HEIGHT,
        key="entities",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"entity": st.column_config.TextColumn(width="large")},
    )
    rows = chosen["selection"]["rows"]
    return found[rows[0]] if rows and rows[0] < len(found) else found[0]


def entity_rows(counts: Sequence[EntityCount]) -> list[dict[str, str | int]]:
    """Return the table of entities, one row each."""
    return [
        {
            "entity": count.name,
            "reports": count.reports,
            **{words: count.certainties.get(level, 0) for level, words in LEGEND.items()},
        }
        for count in counts
    ]


def show_reports(base: ReportBase, chosen: EntityCount) -> None:
    """Show the reports that name an entity, with all their entities marked."""
    st.markdown(f"**{plain(chosen.name)}** in {chosen.reports:,} {'report' if chosen.reports == 1 else 'reports'}")
    st.html(legend())
    entities = base.entities
    with st.container(height=TABLE_HEIGHT + 40, border=True):
        for report_id in chosen.report_ids[:SHOWN_REPORTS]:
            st.caption(plain(f"Report {report_id}"))
            st.html(highlighted(base.texts[report_id], entities[report_id], focus=chosen.name))
        if chosen.reports > SHOWN_REPORTS:
            st.caption(f"The first {SHOWN_REPORTS} of {chosen.reports:,}.")


def found_rows(entities: Sequence[Entity], targets: dict[str, str]) -> list[dict[str, str]]:
    """Return the entities of one report with the concept each goes to, one row each."""
    return [
        {
            "in the report": entity.text,
            "entity": entity.name,
            "stated as": LEGEND[Certainty(entity.certainty)],
            "concept": targets.get(entity.name, ""),
        }
        for entity in entities
    ]
