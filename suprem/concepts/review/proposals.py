"""Concepts that reviewers miss: proposed on a row, collected over all of them, and added to a vocabulary.

A proposal is a flagged decision whose comment begins with `PROPOSAL`: the row waits, and nothing is settled by it.
Where the concepts are added, the result is another vocabulary, to which the reports are mapped as a new version.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from suprem.concepts.review.decision import MAX_CODE, Decision, Status
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError

PROPOSAL = "Proposed concept: "
CATEGORY = "proposed"


@dataclass(frozen=True)
class ProposedConcept:
    """A concept that reviewers propose.

    Attributes:
        name: Its canonical phrase.
        entities: The rows it was proposed on.
        reviewers: Who proposed it.
    """

    name: str
    entities: tuple[str, ...]
    reviewers: tuple[str, ...]


def check_proposal(name: str, reference: Vocabulary) -> str:
    """Return the name of a proposed concept without needless blanks.

    Raises:
        ConceptError: It is empty, or the vocabulary has the concept already.
    """
    tidy = " ".join(name.split())
    if not re.search(r"[^\W_]", tidy):
        raise ConceptError("A concept needs a name; write what the report means in full words.")
    known = reference.lookup(tidy)
    if known is not None:
        raise ConceptError(f'"{tidy}" is a wording of {known.name} ({known.code}) already; choose that concept.')
    return tidy


def proposals(decisions: Iterable[Decision]) -> list[ProposedConcept]:
    """Return the concepts that some decisions propose, by name; one name in other capitals is the same."""
    found: dict[str, list[tuple[str, Decision]]] = defaultdict(list)
    for decision in decisions:
        if decision.status is Status.FLAGGED and decision.comment.startswith(PROPOSAL):
            name = decision.comment.removeprefix(PROPOSAL).strip()
            found[name.casefold()].append((name, decision))
    return [
        ProposedConcept(
            same[0][0],
            tuple(dict.fromkeys(decision.entity for _, decision in same)),
            tuple(dict.fromkeys(decision.reviewer for _, decision in same)),
        )
        for _, same in sorted(found.items())
    ]


def with_proposals(reference: Vocabulary, proposed: Iterable[ProposedConcept]) -> Vocabulary:
    """Return a vocabulary with proposed concepts after its own; the rows they were proposed on are their wordings.

    Raises:
        ConceptError: A name or row is a wording of another concept.
    """
    return Vocabulary((*reference.concepts, *(_concept(one) for one in proposed)))


def _concept(proposed: ProposedConcept) -> Concept:
    stem = "-".join(re.findall(r"[^\W_]+", proposed.name.casefold()))
    code = f"{CATEGORY}:{stem}"[:MAX_CODE]
    synonyms = tuple(entity for entity in proposed.entities if entity.casefold() != proposed.name.casefold())
    return Concept(code, proposed.name, synonyms, category=CATEGORY)
