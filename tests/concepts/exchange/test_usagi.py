from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.exchange.usagi import read_usagi, to_usagi
from suprem.concepts.review.decision import Equivalence, Status
from suprem.concepts.terminologies.omop import OmopConcepts, read_omop

# As Usagi 1.4 saves it: no ADD_INFO column of ours, OMOP's numbers for the concepts.
SAVED = """\
sourceCode,sourceName,sourceFrequency,sourceAutoAssignedConceptIds,matchScore,mappingStatus,equivalence,statusSetBy,\
statusSetOn,conceptId,conceptName,domainId,mappingType,comment,createdBy,createdOn,assignedReviewer
A1,a fib,40,,0.87,APPROVED,EQUIVALENT,maria,1637835142000,313217,Atrial fibrillation,Condition,MAPS_TO,,<auto>,0,
A2,technical,3,,0.00,APPROVED,UNMATCHED,maria,1637835142000,0,Unmapped,,MAPS_TO,,<auto>,0,
A3,flutter,2,,0.55,UNCHECKED,UNREVIEWED,<auto>,1637835142000,314665,Atrial flutter,Condition,MAPS_TO,,<auto>,0,
A4,strain,2,,0.55,FLAGGED,INEXACT,maria,1637835142000,0,Unmapped,,MAPS_TO,ask,<auto>,0,
"""
OMOP = OmopConcepts({"49436004": 313217}, {313217: "49436004"})


def test_a_file_of_usagi_itself_is_read() -> None:
    fibrillation, technical, flutter, strain = read_usagi(SAVED, OMOP)
    assert fibrillation == ExchangedRow(
        "a fib", "", "Atrial fibrillation", "49436004", Status.APPROVED, Equivalence.EQUAL, ("maria",),
        "2021-11-25T10:12:22.000+00:00", "", 0.87, 40,
    )  # fmt: skip
    assert (technical.status, technical.code, technical.equivalence) == (Status.NO_TARGET, "", None)
    assert (flutter.status, flutter.snomed) == (Status.UNREVIEWED, "")
    assert (strain.status, strain.comment) == (Status.FLAGGED, "ask")


def test_omops_numbers_are_written_where_they_are_known() -> None:
    row = ExchangedRow("a fib", "AFIB", "atrial fibrillation", "49436004", Status.APPROVED, Equivalence.EQUAL, ("A",))
    (cells,) = csv.DictReader(StringIO(to_usagi([row], OMOP)))
    assert (cells["conceptId"], cells["conceptName"]) == ("313217", "atrial fibrillation")


def test_omops_concepts_are_read_from_the_users_copy(tmp_path: Path) -> None:
    header = ["concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id"]
    rows = [
        [*header, "standard_concept", "concept_code", "valid_start_date", "valid_end_date", "invalid_reason"],
        ["313217", "Atrial fibrillation", "Condition", "SNOMED", "Disorder", "S", "49436004", "2002", "2099", ""],
        ["1", "SNOMED", "Metadata", "Vocabulary", "Vocabulary", "", "OMOP1", "1970", "2099", ""],
    ]
    path = tmp_path / "CONCEPT.csv"
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    found = read_omop(path)
    assert found == OMOP
    assert (found.number_of("1"), found.snomed_of(5)) == (0, "")


@pytest.mark.parametrize("moment", ["", "0x", "99999999999999999999"])
def test_a_time_that_is_none_is_left_out(moment: str) -> None:
    text = f"sourceName,mappingStatus,equivalence,statusSetOn\na,APPROVED,EQUAL,{moment}\n"
    assert read_usagi(text)[0].decided_at == ""
