"""What a report states, doubts and denies, as queries that a model can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from suprem.concepts.finding import core
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import QueryError
from suprem.reports.browse import read_text
from suprem.reports.entity import Certainty


class AssertionStatus(StrEnum):
    """How a report holds a finding, the strongest first."""

    STATED = "stated"
    DOUBTED = "doubted"
    DENIED = "denied"


_HELD = {
    Certainty.ABNORMAL: AssertionStatus.STATED,
    Certainty.NORMAL: AssertionStatus.STATED,
    Certainty.UNCERTAIN: AssertionStatus.DOUBTED,
    Certainty.NEGATED: AssertionStatus.DENIED,
}


@dataclass(frozen=True)
class StatedFinding:
    """A finding of a report.

    Args:
        words: Those of the report.
        query: The finding without doubt or denial, as it is asked.
        held: How the report holds it.
    """

    words: str
    query: CardiacQuery
    held: AssertionStatus


def stated_findings(report: str, vocabulary: Vocabulary) -> list[StatedFinding]:
    """Return the findings of a report, each once, in its order; held as strongly as anywhere in it.

    A finding that the vocabulary knows only without its extent and leads is asked without them.
    """
    found: dict[str, StatedFinding] = {}
    for entity in read_text(report).entities["pasted"]:
        try:
            query = CardiacQuery.from_text(entity.name, vocabulary)
            if query.code is None:
                plain = CardiacQuery.from_text(core(entity.name), vocabulary)
                query = plain if plain.code is not None else query
        except QueryError:  # no words to ask: a statement that is only a number, or far too long
            continue
        held = _HELD[entity.certainty]
        key = query.code or query.prompt
        before = found.get(key)
        if before is None:
            found[key] = StatedFinding(entity.text, query, held)
        elif list(AssertionStatus).index(held) < list(AssertionStatus).index(before.held):
            found[key] = StatedFinding(entity.text, before.query, held)
    return list(found.values())
