"""What is written in a format of other systems and read again is the same mapping."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.exchange.formats import MAX_BYTES, ExchangeFormat, read_mapping_file, write_mapping
from suprem.concepts.review.decision import Equivalence, Status
from suprem.errors import ConceptError

MOMENT = "2026-11-26T04:00:00.125+00:00"
ROWS = [
    ExchangedRow("lvh", "LVH", "left ventricular hypertrophy", "164873001", Status.APPROVED, Equivalence.EQUAL,
                 ("Anna", "Ben"), MOMENT, "", 1.0, 12),
    ExchangedRow("ischaemia", "ISC_", "ischemic ST-T changes", "", Status.APPROVED, Equivalence.WIDER, ("Anna",),
                 MOMENT, "no\nnecrosis, “said” Ben\tand so", 0.8123, 3),
    ExchangedRow("av block", "1AVB:V5|x", "a, b", "", Status.APPROVED, Equivalence.NARROWER, ("Änna",), MOMENT,
                 "", None, 0),
    ExchangedRow("pause", "PACE", "paced", "10370003", Status.APPROVED, Equivalence.INEXACT, ("Anna",), MOMENT, "x"),
    ExchangedRow("beat", "SR", "sinus rhythm", "", Status.APPROVED, None, ("Anna",), MOMENT),
    ExchangedRow("=HYPERLINK(1)", status=Status.NO_TARGET, reviewers=("@Anna",), decided_at=MOMENT, comment="-1",
                 records=1),
]  # fmt: skip


def without(row: ExchangedRow, **changed: object) -> ExchangedRow:
    return ExchangedRow(**{**vars(row), **changed})


def known_to(form: ExchangeFormat, row: ExchangedRow) -> ExchangedRow:
    """Return what a format can hold of a row."""
    if form is ExchangeFormat.SSSOM:
        return without(row, decided_at=row.decided_at[:10], records=None)
    return without(row, similarity=None, records=None) if form is ExchangeFormat.FHIR else row


@pytest.mark.parametrize("form", ExchangeFormat)
def test_a_mapping_comes_back_as_it_went(form: ExchangeFormat) -> None:
    text = write_mapping(ROWS, form, "v")
    assert read_mapping_file(text.encode()) == (form, [known_to(form, row) for row in ROWS])
    assert read_mapping_file(b"\xef\xbb\xbf" + text.encode())[1] == read_mapping_file(text.encode())[1]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    TEXTS.map(lambda text: " ".join(text.split())).filter(bool),
    TEXTS.map(str.strip),
    st.sampled_from([*Equivalence, None]),
)
def test_any_words_come_back(entity: str, comment: str, equivalence: Equivalence | None) -> None:
    row = ExchangedRow(entity, "LVH", "name", "", Status.APPROVED, equivalence, ("Anna",), MOMENT, comment)
    for form in ExchangeFormat:
        (found,) = read_mapping_file(write_mapping([row], form, "v").encode())[1]
        assert (found.entity, found.comment, found.equivalence) == (entity, comment, equivalence), form


def test_usagi_also_gets_what_is_flagged_or_undecided() -> None:
    rows = [
        ExchangedRow("a", "SR", "sinus rhythm", similarity=0.7, records=2),
        ExchangedRow("b", status=Status.FLAGGED, reviewers=("Anna",), decided_at=MOMENT, records=1),
    ]
    text = write_mapping(rows, ExchangeFormat.USAGI, "v")
    cells = list(csv.DictReader(StringIO(text)))
    assert [row["mappingStatus"] for row in cells] == ["UNCHECKED", "FLAGGED"]
    assert [row["conceptId"] for row in cells] == ["0", "0"]
    assert read_mapping_file(text.encode())[1] == rows
    assert read_mapping_file(write_mapping(rows, ExchangeFormat.SSSOM, "v").encode())[1] == []
    assert "group" not in json.loads(write_mapping(rows, ExchangeFormat.FHIR, "v"))


def test_no_cell_of_a_table_is_run_as_a_formula() -> None:
    for form in (ExchangeFormat.USAGI, ExchangeFormat.SSSOM):
        table = "\n".join(line for line in write_mapping(ROWS, form, "v").splitlines() if not line.startswith("#"))
        delimiter = "\t" if form is ExchangeFormat.SSSOM else ","
        cells = [cell for row in csv.reader(StringIO(table), delimiter=delimiter) for cell in row]
        assert not any(cell.startswith(("=", "@", "-", "+")) for cell in cells)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no mapping that can be taken in"),
        (b"a,b\n1,2\n", "no mapping that can be taken in"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{}", "not a mapping in FHIR"),
        (b"{", "not a mapping in FHIR"),
        (b"{\"resourceType\": \"Patient\"}", "a FHIR Patient; expected a ConceptMap"),
        (b"{\"resourceType\": \"ConceptMap\", \"group\": 1}", "not a mapping in FHIR"),
        (b"{\"a\":" * 100_000, "not a mapping in FHIR"),
        (b"sourceName,other\na,b\n", "the column mappingStatus is missing"),
        (b"subject_label\tobject_id\na\tb\n", "the column predicate_id is missing"),
        (b" " * (MAX_BYTES + 1), "at most 50 MB"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_told(content: bytes, told: str) -> None:
    with pytest.raises(ConceptError, match=told):
        read_mapping_file(content)


def test_a_cell_beyond_the_longest_that_csv_reads_is_told() -> None:
    longest = csv.field_size_limit(131_072)  # of the whole process; long reports are read with a higher one
    try:
        with pytest.raises(ConceptError, match="not a mapping of Usagi"):
            read_mapping_file(b"sourceName,mappingStatus,equivalence\n" + b"x" * 200_000 + b",a,b\n")
    finally:
        csv.field_size_limit(longest)
