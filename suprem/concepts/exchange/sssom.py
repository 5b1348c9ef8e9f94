"""SSSOM TSV (Simple Standard for Sharing Ontological Mappings, 1.0): what people settled, as literal mappings.

An entity is a text of reports and no concept, so its subject is a literal; `object_id` is a concept, or
`sssom:NoTermFound` where people say that there is none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from urllib.parse import quote, unquote

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.review.decision import Equivalence, Status
from suprem.errors import ConceptError
from suprem.export import RESEARCH_USE, plain_cell, text_cell

COLUMNS = (
    "subject_label",
    "subject_type",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "reviewer_label",
    "mapping_date",
    "similarity_score",
    "see_also",
    "comment",
)
NO_TERM = "sssom:NoTermFound"
PREFIX, SNOMED = "suprem", "SCTID"
_PREDICATES = {
    Equivalence.EQUAL: "skos:exactMatch",
    Equivalence.WIDER: "skos:broadMatch",
    Equivalence.NARROWER: "skos:narrowMatch",
    Equivalence.INEXACT: "skos:relatedMatch",
    None: "skos:mappingRelation",
}
_READ_PREDICATES = {name: found for found, name in _PREDICATES.items()} | {"skos:closeMatch": Equivalence.INEXACT}
_LITERAL = "rdfs literal"
_BETWEEN = "|"


def to_sssom(rows: Iterable[ExchangedRow], version: str) -> str:
    """Return the rows that people settled.

    Args:
        rows: The mapping.
        version: Id of the vocabulary version.
    """
    out = StringIO()
    head = (
        "sssom_version: 1.0",
        "curie_map:",
        f'  {PREFIX}: "urn:suprem-studio:concepts:"',
        f'  {SNOMED}: "http://snomed.info/id/"',
        '  skos: "http://www.w3.org/2004/02/skos/core#"',
        '  semapv: "https://w3id.org/semapv/vocab/"',
        '  sssom: "https://w3id.org/sssom/"',
        f'mapping_set_id: "urn:suprem-studio:mapping:{version}"',
        'license: "https://w3id.org/sssom/license/unspecified"',
        f'comment: "{RESEARCH_USE}"',
    )
    out.writelines(f"#{line}\n" for line in head)
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in filter(lambda row: row.decided, rows):
        cells = {
            "subject_label": row.entity,
            "subject_type": _LITERAL,
            "predicate_id": _PREDICATES[row.equivalence],
            "object_id": f"{PREFIX}:{quote(row.code, safe='')}" if row.code else NO_TERM,
            "object_label": row.concept,
            "mapping_justification": "semapv:ManualMappingCuration",
            "reviewer_label": _BETWEEN.join(row.reviewers),
            "mapping_date": row.decided_at[:10],
            "similarity_score": "" if row.similarity is None else f"{row.similarity:.4f}",
            "see_also": f"{SNOMED}:{row.snomed}" if row.snomed else "",
            "comment": row.comment,
        }
        writer.writerow([text_cell(cells[column]) for column in COLUMNS])
    return out.getvalue()


def read_sssom(text: str) -> list[ExchangedRow]:
    """Read an SSSOM table, of this program or of another, whose objects are concepts of the vocabulary or SNOMED CT's.

    Raises:
        ConceptError: It is no such table.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    start = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    try:
        reader = csv.DictReader(StringIO("\n".join(lines[start:]), newline=""), delimiter="\t")
        for name in ("subject_label", "predicate_id", "object_id"):
            if name not in (reader.fieldnames or ()):
                raise ConceptError(
                    f"This is not a mapping in SSSOM: the column {name} is missing; expected a table separated by tabs "
                    "with subject_label, predicate_id and object_id."
                )
        return [_row({name: plain_cell(cell or "") for name, cell in row.items() if name}) for row in reader]
    except csv.Error as error:
        raise ConceptError(f"This is not a mapping in SSSOM ({error}); expected a table separated by tabs.") from error


def _row(cells: Mapping[str, str]) -> ExchangedRow:
    target, predicate = cells["object_id"].strip(), cells["predicate_id"].strip()
    code, snomed = ("", "") if target == NO_TERM else _concept(target)
    _, also = _concept(cells.get("see_also", ""))
    negated = cells.get("predicate_modifier", "").strip().casefold() == "not"
    known = predicate in _READ_PREDICATES and bool(target) and not negated
    status = Status.NO_TARGET if target == NO_TERM else Status.APPROVED if known else Status.UNREVIEWED
    score = cells.get("similarity_score") or cells.get("confidence", "")
    return ExchangedRow(
        entity=cells["subject_label"],
        code=code,
        concept=cells.get("object_label", ""),
        snomed=snomed or also,
        status=status,
        equivalence=_READ_PREDICATES.get(predicate) if status is Status.APPROVED else None,
        reviewers=tuple(filter(None, (cells.get("reviewer_label") or cells.get("author_label", "")).split(_BETWEEN))),
        decided_at=cells.get("mapping_date", ""),
        comment=cells.get("comment", ""),
        similarity=float(score) if score.replace(".", "", 1).isdecimal() else None,
    )


def _concept(curie: str) -> tuple[str, str]:
    """Return the code of this program's vocabulary or the SNOMED CT identifier that a CURIE names."""
    prefix, _, local = curie.strip().partition(":")
    if prefix.casefold() in ("sctid", "snomed", "snomedct", "snomedct_us", "sct") and local.isdecimal():
        return "", local
    return unquote(local), ""
