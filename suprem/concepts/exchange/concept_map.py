"""FHIR R4 ConceptMap: what people settled, from the words of reports to this program's concepts and to SNOMED CT.

https://hl7.org/fhir/R4/conceptmap.html. Who decided, and when, stands in extensions of each target.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.review.decision import Equivalence, Status
from suprem.errors import ConceptError
from suprem.export import RESEARCH_USE

ENTITIES = "urn:suprem-studio:entities"
CONCEPTS = "urn:suprem-studio:concepts"
SNOMED = "http://snomed.info/sct"
REVIEWER, DECIDED = "urn:suprem-studio:reviewer", "urn:suprem-studio:decided-at"
NO_COMMENT = "No comment was given."
"""FHIR asks for a comment where a target is narrower or inexact (cmd-1)."""

_EQUIVALENCES = {
    Equivalence.EQUAL: "equal",
    Equivalence.WIDER: "wider",
    Equivalence.NARROWER: "narrower",
    Equivalence.INEXACT: "inexact",
    None: "relatedto",
}
_READ_EQUIVALENCES = {name: found for found, name in _EQUIVALENCES.items()} | {
    "equivalent": Equivalence.EQUAL,
    "subsumes": Equivalence.WIDER,
    "specializes": Equivalence.NARROWER,
}


def to_concept_map(rows: Iterable[ExchangedRow], version: str) -> str:
    """Return the rows that people settled as a ConceptMap in JSON.

    Args:
        rows: The mapping.
        version: Id of the vocabulary version.
    """
    settled = [row for row in rows if row.decided]
    own = [{"code": row.entity, "target": [_target(row, row.code)]} for row in settled]
    snomed = [{"code": row.entity, "target": [_target(row, row.snomed)]} for row in settled if row.snomed]
    groups = [
        {"source": ENTITIES, "sourceVersion": version, "target": system, "element": elements}
        for system, elements in ((CONCEPTS, own), (SNOMED, snomed))
        if elements
    ]
    content: dict[str, Any] = {
        "resourceType": "ConceptMap",
        "url": f"urn:suprem-studio:mapping:{version}",
        "version": version,
        "name": "SupremeStudioMapping",
        "title": "What the words of ECG reports mean",
        "status": "draft",
        "experimental": True,
        "purpose": RESEARCH_USE,
    }
    return json.dumps({**content, **({"group": groups} if groups else {})}, indent=1, ensure_ascii=False) + "\n"


def read_concept_map(text: str) -> list[ExchangedRow]:
    """Read a ConceptMap, of this program or of another, whose targets are concepts of the vocabulary or SNOMED CT's.

    Raises:
        ConceptError: It is no ConceptMap of FHIR R4 in JSON.
    """
    found: dict[str, ExchangedRow] = {}
    try:
        content = json.loads(text.removeprefix("\ufeff"))
        if content["resourceType"] != "ConceptMap":
            raise ConceptError(f"This is a FHIR {str(content['resourceType'])[:40]}; expected a ConceptMap.")
        for group in content.get("group", ()):
            for element in group["element"]:
                # Of several targets the first counts: an entity goes to one concept here.
                row = _row(element, next(iter(element.get("target", ())), {}), str(group.get("target", "")))
                before = found.get(row.entity)
                found[row.entity] = row if before is None else _joined(before, row)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, ConceptError):
            raise
        raise ConceptError(
            f"This is not a mapping in FHIR ({type(error).__name__}); expected a ConceptMap of R4 as JSON."
        ) from error
    return list(found.values())


def _target(row: ExchangedRow, code: str) -> dict[str, Any]:
    if row.status is Status.NO_TARGET:
        target: dict[str, Any] = {"equivalence": "unmatched"}
    else:
        target = {"code": code, "display": row.concept, "equivalence": _EQUIVALENCES[row.equivalence]}
    needed = row.equivalence in (Equivalence.NARROWER, Equivalence.INEXACT)
    if row.comment or needed:
        target["comment"] = row.comment or NO_COMMENT
    known = [{"url": REVIEWER, "valueString": name} for name in row.reviewers]
    when = [{"url": DECIDED, "valueDateTime": row.decided_at}] if row.decided_at else []
    return {"extension": known + when, **target} if known or when else target


def _row(element: dict[str, Any], target: dict[str, Any], system: str) -> ExchangedRow:
    equivalence = target.get("equivalence", "")
    code = str(target.get("code", ""))
    status = Status.UNREVIEWED
    if equivalence == "unmatched":
        status = Status.NO_TARGET
    elif code and equivalence in _READ_EQUIVALENCES:
        status = Status.APPROVED
    extensions = target.get("extension", ())
    comment = str(target.get("comment", ""))
    return ExchangedRow(
        entity=str(element.get("display") or element["code"]),
        code="" if system == SNOMED or status is Status.NO_TARGET else code,
        concept=str(target.get("display", "")),
        snomed=code if system == SNOMED else "",
        status=status,
        equivalence=_READ_EQUIVALENCES.get(equivalence),
        reviewers=tuple(str(one["valueString"]) for one in extensions if one.get("url") == REVIEWER),
        decided_at=next((str(one["valueDateTime"]) for one in extensions if one.get("url") == DECIDED), ""),
        comment="" if comment == NO_COMMENT else comment,
    )


def _joined(first: ExchangedRow, second: ExchangedRow) -> ExchangedRow:
    """Return one row of what two groups say about an entity: its concept here, and its SNOMED CT identifier."""
    own, other = (first, second) if first.code or not second.code else (second, first)
    return ExchangedRow(**{**vars(own), "snomed": own.snomed or other.snomed})
