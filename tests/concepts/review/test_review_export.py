from __future__ import annotations

import csv
from io import StringIO

from suprem.concepts.mapping.mapping import Mapping
from suprem.concepts.review.review_export import COLUMNS, approved_as_csv
from suprem.concepts.review.store import Equivalence, ReviewStore, Status
from suprem.concepts.vocabulary import Vocabulary
from suprem.export import RESEARCH_USE

ROWS = [
    Mapping("left ventricular hypertrophy", "LVH", "left ventricular hypertrophy", 1.0, 3, "", False),
    Mapping('=HYPERLINK("http://x")', "", "", 0.4, 2, "", False),
    Mapping("ischaemia", "IMI", "inferior myocardial infarction", 0.81234, 1, "broader", True),
    Mapping("undecided", "SR", "sinus rhythm", 0.9, 4, "", False),
    Mapping("flagged", "SR", "sinus rhythm", 0.9, 4, "", False),
]


def exported(store: ReviewStore, terms: Vocabulary) -> list[list[str]]:
    return list(csv.reader(StringIO(approved_as_csv(store.settled("v"), ROWS, terms), newline="")))


def test_only_what_is_settled_is_exported_with_who_and_when(store: ReviewStore, terms: Vocabulary) -> None:
    for reviewer in ("Anna", "Ben"):
        store.decide("v", ROWS[0].entity, reviewer, status=Status.APPROVED, code="LVH", equivalence=Equivalence.EQUAL)
    store.decide("v", "ischaemia", "Anna", status=Status.APPROVED, code="ISC_", comment="no\nnecrosis")
    store.decide("v", "flagged", "Anna", status=Status.FLAGGED)
    store.decide("v", "of another mapping", "Anna", status=Status.NO_TARGET)
    header, first, second, blank, notice = exported(store, terms)
    assert tuple(header) == COLUMNS
    decided_at = store.current("v", "Ben")[ROWS[0].entity].decided_at
    assert first == [ROWS[0].entity, "LVH", "left ventricular hypertrophy", "1.0000", "3", "equal", "Anna; Ben",
                     decided_at, "", "v", "agreed"]  # fmt: skip
    assert second[:7] == ["ischaemia", "ISC_", "ischemic ST-T changes", "", "1", "", "Anna"]
    assert (second[8], second[-1]) == ("no\nnecrosis", "one reviewer")
    assert (blank, notice) == ([], [RESEARCH_USE])


def test_a_ruling_is_called_one(store: ReviewStore, terms: Vocabulary) -> None:
    entity = ROWS[0].entity
    store.decide("v", entity, "Anna", status=Status.APPROVED, code="LVH")
    store.decide("v", entity, "Ben", status=Status.NO_TARGET)
    store.adjudicate("v", entity, "Clara", status=Status.APPROVED, code="LVH", comment="voltage")
    row = exported(store, terms)[1]
    assert (row[6], row[8], row[-1]) == ("Clara", "voltage", "adjudicated")


def test_no_cell_is_run_as_a_formula(store: ReviewStore, terms: Vocabulary) -> None:
    store.decide("v", ROWS[1].entity, "@Anna", status=Status.NO_TARGET, comment="+1\t-2")
    cells = exported(store, terms)[1]
    assert cells[:2] == [f"'{ROWS[1].entity}", ""]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)
