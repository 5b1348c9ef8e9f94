"""Queries that ask for an absence: the model was trained on findings that are there, and a text encoder puts "no atrial
fibrillation" beside "atrial fibrillation". Such a query is never scored; the finding it denies is, under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from suprem.concepts.comparators import comparison
from suprem.concepts.guards import negated
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import Vocabulary

_DENIED = re.compile(
    r"\A(?:(?:there|it) (?:is|are|was|were) )?"
    r"(?:not?(?: (?:a|an|any|in|evidence of|evidence for|signs? of|indication of)\b)?|without(?: any)?|absent|"
    r"(?:absence|lack) of|lacks|lacking|missing|negative for|free of|never|denie[sd]|excluded|ruled out|keine?|ohne|"
    r"non)\b[-: ]+(?P<finding>.+)|"
    r"\A(?P<named>.+?)[:,( ]{1,4}(?:(?:is|are|was|were|has been) )?"
    r"(?:absent|ruled out|excluded|denied|missing|none|no|not (?:present|seen|found|evident|detected))\)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SetAside:
    """A query that is not scored.

    Args:
        query: As typed.
        instead: The finding it denies, which is scored in its place; None where it denies none that is known.
        why: The reason, where it is another than that an absence is asked for.
    """

    query: str
    instead: str | None
    why: str | None = None

    @property
    def reason(self) -> str:
        """Why, and what is scored instead, for a person."""
        if self.why is not None:
            return f"“{self.query}” is not scored. {self.why}"
        why = (
            f"“{self.query}” asks for an absence, which this model cannot score; neither its score nor 1 minus the "
            "score of the finding would mean that."
        )
        if self.instead is None:
            return f"{why} Ask for the finding itself, one a line."
        return f"{why} Scored instead: “{self.instead}”."


def set_negations_aside(
    queries: Sequence[CardiacQuery], vocabulary: Vocabulary
) -> tuple[list[CardiacQuery], list[SetAside]]:
    """Return the queries to score, each once and in their order, and those that are not scored.

    A trained wording is a finding whatever its words ("nondiagnostic T wave changes").
    """
    asked: dict[str, CardiacQuery] = {}
    aside = []
    for query in queries:
        compared = comparison(query.text) if query.code is None else None
        if compared is not None:
            aside.append(SetAside(query.text, None, compared.sentence))
            continue
        if query.code is not None or not negated(query.text):
            asked.setdefault(query.text.casefold(), query)
            continue
        match = _DENIED.fullmatch(query.text)
        words = (match["finding"] or match["named"]) if match else None
        denied = CardiacQuery.from_text(words, vocabulary) if words and not negated(words) else None
        if denied is not None and denied.code is not None:
            asked.setdefault(denied.text.casefold(), denied)
            aside.append(SetAside(query.text, denied.text))
        else:
            aside.append(SetAside(query.text, None))
    return list(asked.values()), aside
