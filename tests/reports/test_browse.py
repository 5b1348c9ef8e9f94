from __future__ import annotations

import pytest

from suprem.reports.browse import EntityCount, ReportBase, count_entities, filter_entities, read_text, statements_with
from suprem.reports.entity import Certainty
from suprem.reports.extract import RuleExtractor, extract_entities
from suprem.reports.report import Report

REPORTS = (
    Report("1", "Sinus rhythm. Possible inferior infarction. Sinus rhythm."),
    Report("2", "Atrial fibrillation. No inferior infarction."),
    Report("3", "sinus rhythm"),
)


@pytest.fixture
def counts() -> list[EntityCount]:
    return count_entities(extract_entities(REPORTS, RuleExtractor()).reports)


def test_a_name_counts_once_a_report_and_keeps_how_surely_it_was_stated(counts: list[EntityCount]) -> None:
    found = {count.name: count for count in counts}
    assert found["sinus rhythm"].report_ids == ("1", "3")
    assert sum(found["sinus rhythm"].certainties.values()) == 3
    assert found["inferior infarction"].certainties == {Certainty.UNCERTAIN: 1, Certainty.NEGATED: 1}
    assert [count.reports for count in counts] == sorted((count.reports for count in counts), reverse=True)


def test_filters_narrow_and_keep_the_order(counts: list[EntityCount]) -> None:
    assert filter_entities(counts) == counts
    assert [c.name for c in filter_entities(counts, search="INFARCTION inferior")] == ["inferior infarction"]
    assert [c.name for c in filter_entities(counts, certainties=[Certainty.NEGATED])] == ["inferior infarction"]
    assert [c.name for c in filter_entities(counts, min_reports=2)] == [c.name for c in counts if c.reports >= 2]
    assert filter_entities(counts, search="nothing of the kind") == []


def test_a_table_is_read_from_its_content_and_one_report_from_its_text() -> None:
    base = ReportBase.read(b"id,report\n1,sinus rhythm\n2,\n")
    assert base.texts == {"1": "sinus rhythm"}
    assert [entity.name for entity in base.entities["1"]] == ["sinus rhythm"]
    assert [skipped.report_id for skipped in base.skipped] == ["2"]
    assert [count.name for count in read_text("Atrial fibrillation.").counts] == ["atrial fibrillation"]


def test_the_statements_that_name_a_finding_are_cut_out_of_a_report() -> None:
    text = "Sinus rhythm. No ST elevation. Left axis deviation, otherwise normal."
    ((words, entities),) = statements_with(text, "st elevation")
    assert words == "No ST elevation"
    assert [words[one.start : one.end].lower() for one in entities] == ["st elevation"]
    assert statements_with(text, "pacing") == []
