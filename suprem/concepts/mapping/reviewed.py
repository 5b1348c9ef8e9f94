"""People's decisions in place of what was computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConceptError

REVIEWED = "reviewed"
"""Guard of a row that a person decided."""


def decided_in(rows: Iterable[Row]) -> dict[str, str]:
    """Return entity -> code, empty where it has no target, for the rows of a mapping that people decided."""
    return {row.entity: row.code for row in rows if row.guard == REVIEWED}


def decide(rows: Iterable[Row], decided: Mapping[str, str], reference: Vocabulary) -> list[Row]:
    """Return the mapping with people's decisions in place of what was computed.

    Args:
        rows: The computed mapping.
        decided: Entity -> code, empty where it has no target.
        reference: The concepts that codes belong to.

    Raises:
        ConceptError: A code is none of the reference vocabulary.
    """
    names = dict(zip(reference.codes, reference.names, strict=True))
    unknown = sorted({code for code in decided.values() if code and code not in names})
    if unknown:
        raise ConceptError(
            f"The decisions name {', '.join(unknown[:5])}, which this vocabulary does not have; "
            "they were made for another."
        )
    return [
        row
        if row.entity not in decided
        else replace(
            row,
            code=decided[row.entity],
            concept=names.get(decided[row.entity], ""),
            guard=REVIEWED,
            needs_review=False,
        )
        for row in rows
    ]
