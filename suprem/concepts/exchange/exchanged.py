"""What every exchange format carries of a mapping: for each entity where it goes, and who decided that when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.concepts.review.decision import Decision, Equivalence, Status
from suprem.concepts.vocabulary import Vocabulary


@dataclass(frozen=True)
class ExchangedRow:
    """One entity of a mapping.

    Attributes:
        entity: The name in reports.
        code: Concept of the vocabulary; empty where it has no target or is known by another system's code only.
        concept: Its name.
        snomed: SNOMED CT identifier of the same finding; empty where there is none.
        status: What people decided; UNREVIEWED is the program's proposal.
        equivalence: How the concept relates to the entity; None is unset.
        reviewers: Who decided.
        decided_at: When, ISO 8601, in UTC where it has a time.
        comment: Free text.
        similarity: Of entity and concept, where the program proposed it.
        records: Reports that state the entity; None where it is not known.
    """

    entity: str
    code: str = ""
    concept: str = ""
    snomed: str = ""
    status: Status = Status.UNREVIEWED
    equivalence: Equivalence | None = None
    reviewers: tuple[str, ...] = ()
    decided_at: str = ""
    comment: str = ""
    similarity: float | None = None
    records: int | None = None

    @property
    def decided(self) -> bool:
        """Whether people settled it."""
        return self.status in (Status.APPROVED, Status.NO_TARGET)


def exchanged_rows(
    mappings: Iterable[Row],
    settled: Mapping[str, tuple[Decision, ...]],
    vocabulary: Vocabulary,
    *,
    flagged: Iterable[Decision] = (),
    counts: Mapping[str, int] | None = None,
) -> list[ExchangedRow]:
    """Join a mapping with what people decided about it, in the order of the mapping.

    Args:
        mappings: The rows of a vocabulary version.
        settled: `ReviewStore.settled(version)`.
        vocabulary: The reference concepts, for their names and SNOMED CT identifiers.
        flagged: Decisions of which those that flag an unsettled row mark it.
        counts: Entity -> reports that state it.
    """
    concepts = {concept.code: concept for concept in vocabulary.concepts}
    flags = {decision.entity: decision for decision in flagged if decision.status is Status.FLAGGED}
    rows = []
    for row in mappings:
        decisions = settled.get(row.entity, ())
        flag = flags.get(row.entity) if not decisions else None
        given = decisions or ((flag,) if flag else ())
        code = given[0].code if given else row.code if row.carries else ""
        concept = concepts.get(code)
        equivalences = {decision.equivalence for decision in given}
        rows.append(
            ExchangedRow(
                entity=row.entity,
                code=code,
                concept=concept.name if concept else "",
                snomed=(concept.snomed or "") if concept else "",
                status=given[0].status if given else Status.UNREVIEWED,
                equivalence=equivalences.pop() if len(equivalences) == 1 else None,
                reviewers=tuple(decision.reviewer for decision in given),
                decided_at=max((decision.decided_at for decision in given), default=""),
                comment="; ".join(decision.comment for decision in given if decision.comment),
                similarity=row.similarity if code and code == row.code else None,
                records=(counts or {}).get(row.entity),
            )
        )
    return rows
