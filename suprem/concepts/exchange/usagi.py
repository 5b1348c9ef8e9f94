"""OHDSI Usagi's CSV, as its "Save" writes and its "Open" reads it.

Usagi names concepts by OMOP's numbers, which come with a hospital's own copy of the OMOP vocabularies
(`terminologies.omop`). Without it `conceptId` is 0 and Usagi shows the row without a target; code, SNOMED CT identifier
and reviewers stand in ADD_INFO columns all the same, so nothing is lost on the way back.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import StringIO

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.review.decision import Equivalence, Status
from suprem.concepts.terminologies.omop import OmopConcepts
from suprem.errors import ConceptError
from suprem.export import plain_cell, text_cell

COLUMNS = (
    "sourceCode", "sourceName", "sourceFrequency", "sourceAutoAssignedConceptIds", "ADD_INFO:code", "ADD_INFO:concept",
    "ADD_INFO:snomed", "ADD_INFO:reviewers", "matchScore", "mappingStatus", "equivalence", "statusSetBy", "statusSetOn",
    "conceptId", "conceptName", "domainId", "mappingType", "comment", "createdBy", "createdOn", "assignedReviewer",
)  # fmt: skip
NEEDED = ("sourceName", "mappingStatus", "equivalence")
"""Columns without which a file is not Usagi's."""

PROGRAM = "SuPreME Studio"
_EQUIVALENCES = {
    Equivalence.EQUAL: "EQUAL",
    Equivalence.WIDER: "WIDER",
    Equivalence.NARROWER: "NARROWER",
    Equivalence.INEXACT: "INEXACT",
}
_READ_EQUIVALENCES = {name: found for found, name in _EQUIVALENCES.items()} | {"EQUIVALENT": Equivalence.EQUAL}
_BETWEEN = "; "


def to_usagi(rows: Iterable[ExchangedRow], omop: OmopConcepts | None = None) -> str:
    """Return all rows, those that nobody decided as UNCHECKED.

    Args:
        rows: The mapping.
        omop: OMOP's concept numbers of SNOMED CT identifiers, where a copy is at hand.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        number = omop.number_of(row.snomed) if omop and row.snomed and row.status is not Status.NO_TARGET else 0
        cells = {
            "sourceCode": row.entity,
            "sourceName": row.entity,
            "sourceFrequency": "" if row.records is None else str(row.records),
            "ADD_INFO:code": row.code,
            "ADD_INFO:concept": row.concept,
            "ADD_INFO:snomed": row.snomed,
            "ADD_INFO:reviewers": _BETWEEN.join(row.reviewers),
            "matchScore": "" if row.similarity is None else f"{row.similarity:.4f}",
            "mappingStatus": _status(row),
            "equivalence": _equivalence(row),
            "statusSetBy": row.reviewers[0] if row.reviewers else "",
            "statusSetOn": _milliseconds(row.decided_at),
            "conceptId": str(number),
            "conceptName": row.concept,
            "mappingType": "MAPS_TO",
            "comment": row.comment,
            "createdBy": PROGRAM,
        }
        writer.writerow([text_cell(cells.get(column, "")) for column in COLUMNS])
    return out.getvalue()


def read_usagi(text: str, omop: OmopConcepts | None = None) -> list[ExchangedRow]:
    """Read a file of Usagi, of this program or of another.

    Args:
        text: The file.
        omop: SNOMED CT identifiers of OMOP's concept numbers, where a copy is at hand.

    Raises:
        ConceptError: It is no such file.
    """
    try:
        reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""))
        if missing := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
            raise ConceptError(
                f"This is not a mapping of Usagi: the column {missing[0]} is missing; expected its CSV with "
                f"{', '.join(NEEDED)}."
            )
        return [_row({name: plain_cell(cell or "") for name, cell in row.items() if name}, omop) for row in reader]
    except csv.Error as error:
        raise ConceptError(f"This is not a mapping of Usagi ({error}); save it in Usagi again.") from error


def _row(cells: Mapping[str, str], omop: OmopConcepts | None) -> ExchangedRow:
    equivalence = cells["equivalence"].strip().upper()
    number = cells.get("conceptId", "")
    snomed = cells.get("ADD_INFO:snomed", "")
    if not snomed and omop and number.isdecimal():
        snomed = omop.snomed_of(int(number))
    status = {
        "APPROVED": Status.NO_TARGET if equivalence == "UNMATCHED" else Status.APPROVED,
        "FLAGGED": Status.FLAGGED,
    }.get(cells["mappingStatus"].strip().upper(), Status.UNREVIEWED)
    reviewers = cells.get("ADD_INFO:reviewers") or cells.get("statusSetBy", "")
    score, records = cells.get("matchScore", ""), cells.get("sourceFrequency", "")
    return ExchangedRow(
        entity=cells["sourceName"],
        code=cells.get("ADD_INFO:code", ""),
        concept=cells.get("ADD_INFO:concept") or cells.get("conceptName", ""),
        snomed=snomed,
        status=status,
        equivalence=_READ_EQUIVALENCES.get(equivalence),
        reviewers=tuple(filter(None, reviewers.split(_BETWEEN))),
        decided_at=_moment(cells.get("statusSetOn", "")) if status is not Status.UNREVIEWED else "",
        comment=cells.get("comment", ""),
        similarity=float(score) if score.replace(".", "", 1).isdecimal() else None,
        records=int(records) if records.isdecimal() else None,
    )


def _status(row: ExchangedRow) -> str:
    return {Status.UNREVIEWED: "UNCHECKED", Status.FLAGGED: "FLAGGED"}.get(row.status, "APPROVED")


def _equivalence(row: ExchangedRow) -> str:
    if row.status is Status.NO_TARGET:
        return "UNMATCHED"
    return _EQUIVALENCES[row.equivalence] if row.equivalence else "UNREVIEWED"


def _milliseconds(moment: str) -> str:
    """Return Usagi's time, milliseconds since 1970."""
    if not moment:
        return "0"
    found = datetime.fromisoformat(moment)
    return str(round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000))


def _moment(milliseconds: str) -> str:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return ""
