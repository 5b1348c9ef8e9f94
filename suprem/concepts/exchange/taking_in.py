"""A mapping from elsewhere held against a vocabulary version: what of it becomes decisions, and what not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.review.decision import MAX_COMMENT, Decision, Status
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError

UNDECIDED = "nobody decided them there"
NOT_HERE = "their entity is not in this version"
NO_CONCEPT = "their concept is not in this vocabulary"
AMBIGUOUS = "several concepts here have their SNOMED CT identifier"
UNUSABLE = "their texts cannot be stored"
TWICE = "their entity stands there twice"


@dataclass(frozen=True)
class TakenIn:
    """What a mapping from elsewhere comes to.

    Attributes:
        drafts: One decision a row, not yet written.
        aside: Reason -> number of rows that become none.
    """

    drafts: tuple[Decision, ...]
    aside: dict[str, int]

    @property
    def words(self) -> str:
        """Return both in a sentence or two."""
        rows = len(self.drafts)
        left = "; ".join(f"{count:,} because {reason}" for reason, count in self.aside.items())
        kept = f"{rows:,} {'row becomes a decision' if rows == 1 else 'rows become decisions'}."
        return f"{kept} Left out: {left}." if left else kept


def take_in(
    rows: Iterable[ExchangedRow], entities: Collection[str], vocabulary: Vocabulary, version: str, reviewer: str
) -> TakenIn:
    """Turn rows from elsewhere into decisions of the person who takes them in.

    They are that person's, because nobody else can be asked here; who decided elsewhere, and when, stands in the
    comment. A concept is found by its code, else by a SNOMED CT identifier that one concept has, else by its name.

    Args:
        rows: What was read.
        entities: Those of the version.
        vocabulary: Its reference concepts.
        version: Its id.
        reviewer: Who takes them in.

    Raises:
        ConceptError: The reviewer's name cannot be used.
    """
    Decision(0, version, "any", reviewer, Status.NO_TARGET).check()
    here = {entity.casefold(): entity for entity in entities}
    codes = {concept.code: concept for concept in vocabulary.concepts}
    snomed: dict[str, list[Concept]] = {}
    for concept in vocabulary.concepts:
        if concept.snomed:
            snomed.setdefault(concept.snomed, []).append(concept)
    aside: Counter[str] = Counter()
    drafts: dict[str, Decision] = {}
    for row in rows:
        entity = here.get(" ".join(row.entity.split()).casefold())
        found, reason = _target(row, vocabulary, codes, snomed)
        if row.status is Status.UNREVIEWED:
            reason = UNDECIDED
        elif entity is None:
            reason = NOT_HERE
        elif entity in drafts:
            reason = TWICE
        if reason or entity is None:
            aside[reason] += 1
            continue
        draft = Decision(
            0,
            version,
            entity,
            reviewer,
            row.status,
            "" if row.status is Status.NO_TARGET or found is None else found.code,
            None if row.status is Status.NO_TARGET else row.equivalence,
            _comment(row),
        )
        try:
            draft.check()
        except ConceptError:
            aside[UNUSABLE] += 1
        else:
            drafts[entity] = draft
    return TakenIn(tuple(drafts.values()), dict(aside))


def _target(
    row: ExchangedRow, vocabulary: Vocabulary, codes: dict[str, Concept], snomed: dict[str, list[Concept]]
) -> tuple[Concept | None, str]:
    """Return the concept a row goes to, or why there is none; a row without a target needs none."""
    if row.status is Status.NO_TARGET:
        return None, ""
    if row.code in codes:
        return codes[row.code], ""
    candidates = snomed.get(row.snomed, []) if row.snomed else []
    named = [concept for concept in candidates if concept.name.casefold() == row.concept.casefold()]
    if len(named or candidates) == 1:
        return (named or candidates)[0], ""
    if candidates:
        return None, AMBIGUOUS
    found = vocabulary.lookup(row.concept) if row.concept else None
    return (found, "") if found else (None, "" if row.status is Status.FLAGGED else NO_CONCEPT)


def _comment(row: ExchangedRow) -> str:
    whom = f" by {', '.join(row.reviewers)}" if row.reviewers else ""
    when = f" on {row.decided_at[:10]}" if row.decided_at else ""
    text = f"Taken in; decided elsewhere{whom}{when}."
    return f"{text} {row.comment}"[:MAX_COMMENT].strip() if row.comment else text[:MAX_COMMENT]
