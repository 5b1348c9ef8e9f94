"""What one reviewer has before them: the rows of a mapping with their own decisions, filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from suprem.concepts.mapping.mapping import Mapping as MappingRow
from suprem.concepts.review.decision import Decision, Status
from suprem.concepts.vocabulary import Vocabulary


class Order(StrEnum):
    """How rows are sorted; those of equal rank by name."""

    RECORDS = "most records first"
    UNSURE = "least similar first"
    SURE = "most similar first"


@dataclass(frozen=True)
class ReviewRow:
    """One mapped entity before a reviewer.

    Attributes:
        mapping: Where it was sent.
        records: Records that state it.
        decision: What this reviewer says of it; None where nothing.
    """

    mapping: MappingRow
    records: int
    decision: Decision | None

    @property
    def entity(self) -> str:
        """The name that was mapped."""
        return self.mapping.entity

    @property
    def status(self) -> Status:
        """Return this reviewer's decision; what the program proposes is none."""
        return self.decision.status if self.decision else Status.UNREVIEWED


@dataclass(frozen=True)
class Coverage:
    """Progress of a review: how much of a mapping has a decision.

    Attributes:
        rows: Rows with a decision.
        of_rows: All rows.
        mentions: Sum of the records of those rows; a record that states two entities counts for both.
        of_mentions: The same over all rows.
    """

    rows: int
    of_rows: int
    mentions: int
    of_mentions: int


def review_rows(
    mappings: Iterable[MappingRow], counts: Mapping[str, int], decisions: Mapping[str, Decision]
) -> list[ReviewRow]:
    """Join a mapping with the records of its entities and one reviewer's decisions."""
    return [ReviewRow(row, counts.get(row.entity, 0), decisions.get(row.entity)) for row in mappings]


def arrange(
    rows: Iterable[ReviewRow],
    *,
    order: Order = Order.RECORDS,
    search: str = "",
    statuses: Iterable[Status] = (),
    only_marked: bool = False,
) -> list[ReviewRow]:
    """Return the rows that a person looks for.

    Args:
        rows: All rows.
        order: How to sort them.
        search: Words that must all occur in the entity, its code or its concept.
        statuses: Any of these; none means all.
        only_marked: Only rows that the mapping itself marks for a person.
    """
    words = search.lower().split()
    wanted = set(statuses)
    found = [
        row
        for row in rows
        if (not wanted or row.status in wanted)
        and (not only_marked or row.mapping.needs_review)
        and all(word in f"{row.entity} {row.mapping.code} {row.mapping.concept}".lower() for word in words)
    ]
    keys = {
        Order.RECORDS: lambda row: (-row.records, row.entity),
        Order.UNSURE: lambda row: (row.mapping.similarity, row.entity),
        Order.SURE: lambda row: (-row.mapping.similarity, row.entity),
    }
    return sorted(found, key=keys[order])


def coverage(rows: Sequence[ReviewRow]) -> Coverage:
    """Return how far a review has come."""
    done = [row for row in rows if row.status is not Status.UNREVIEWED]
    return Coverage(len(done), len(rows), sum(row.records for row in done), sum(row.records for row in rows))


def exact_matches(rows: Iterable[ReviewRow], reference: Vocabulary) -> dict[str, str]:
    """Return entity -> code of the rows still to review whose entity is a wording of the concept it goes to.

    A row that a guard marks is left out, whatever its similarity: a person looks at it by itself.

    Args:
        rows: All rows.
        reference: The concepts that entities could go to.
    """
    return {
        row.entity: row.mapping.code
        for row in rows
        if row.status is Status.UNREVIEWED
        and row.mapping.code
        and not row.mapping.needs_review
        and (concept := reference.lookup(row.entity)) is not None
        and concept.code == row.mapping.code
    }
