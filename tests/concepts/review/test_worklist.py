from __future__ import annotations

import pytest

from suprem.concepts.mapping.mapping import Mapping
from suprem.concepts.review.decision import Decision, Status
from suprem.concepts.review.worklist import Coverage, Order, ReviewRow, arrange, coverage, review_rows


def mapping(entity: str, code: str, similarity: float, *, needs_review: bool = False) -> Mapping:
    return Mapping(entity, code, code.lower(), similarity, 1, "", needs_review)


@pytest.fixture
def rows() -> list[ReviewRow]:
    return review_rows(
        [
            mapping("sinus rhythm", "SR", 1.0),
            mapping("afib", "AFIB", 0.7, needs_review=True),
            mapping("purple", "", 0.2),
        ],
        {"sinus rhythm": 5, "afib": 9},
        {"afib": Decision(1, "v", "afib", "Anna", Status.FLAGGED, "AFIB")},
    )


def entities(rows: list[ReviewRow]) -> list[str]:
    return [row.entity for row in rows]


def test_what_the_program_proposes_is_not_a_decision(rows: list[ReviewRow]) -> None:
    assert [row.status for row in rows] == [Status.UNREVIEWED, Status.FLAGGED, Status.UNREVIEWED]
    assert coverage(rows) == Coverage(rows=1, of_rows=3, mentions=9, of_mentions=14)
    assert coverage([]) == Coverage(0, 0, 0, 0)


def test_rows_are_sorted_by_what_a_reviewer_wants_first(rows: list[ReviewRow]) -> None:
    assert entities(arrange(rows)) == ["afib", "sinus rhythm", "purple"]
    assert entities(arrange(rows, order=Order.UNSURE)) == ["purple", "afib", "sinus rhythm"]
    assert entities(arrange(rows, order=Order.SURE)) == ["sinus rhythm", "afib", "purple"]


def test_filters_go_together(rows: list[ReviewRow]) -> None:
    assert entities(arrange(rows, statuses=[Status.UNREVIEWED])) == ["sinus rhythm", "purple"]
    assert entities(arrange(rows, only_marked=True)) == ["afib"]
    assert entities(arrange(rows, search="SR")) == ["sinus rhythm"]
    assert entities(arrange(rows, search="rhythm sinus")) == ["sinus rhythm"]
    assert arrange(rows, statuses=[Status.UNREVIEWED], search="afib") == []
