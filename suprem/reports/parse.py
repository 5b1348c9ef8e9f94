"""From a model's answer to grounded entities. Forgiving about form, strict about content: pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from suprem.errors import UnparsableAnswer
from suprem.reports.asking import json_object
from suprem.reports.entity import Certainty, Entity

_WORD = re.compile(r"\w+")
_MAX_SKIPPED = 4
"""Words that may stand inside a phrase with shared words: "inferior [/ lateral] st-t changes"."""


class Classification(BaseModel):
    """Entities by certainty, in the words of the statement."""

    model_config = ConfigDict(extra="forbid")

    normal: list[str] = Field(default_factory=list)
    abnormal: list[str] = Field(default_factory=list)
    uncertain: list[str] = Field(default_factory=list)
    negated: list[str] = Field(default_factory=list)


class Answer(BaseModel):
    """The agreed form of an answer (paper A.3.2, with `negated` added)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    all_entities: list[str] = Field(alias="global")
    classification: Classification


@dataclass(frozen=True)
class Grounded:
    """Entities found in the statement; `dropped` were answered but are not in it, or were left unclassified."""

    entities: tuple[Entity, ...]
    dropped: int


def answer_schema() -> dict[str, Any]:
    """The JSON schema of an answer, for servers that can hold a model to it."""
    lists = {name: {"type": "array", "items": {"type": "string"}} for name in Classification.model_fields}
    classification = {
        "type": "object",
        "properties": lists,
        "required": list(lists),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"global": {"type": "array", "items": {"type": "string"}}, "classification": classification},
        "required": ["global", "classification"],
        "additionalProperties": False,
    }


def parse_answer(answer: str) -> Answer:
    """Read an answer, also one in a code fence or between sentences.

    Raises:
        UnparsableAnswer: There is no complete JSON object of the agreed form in it.
    """
    try:
        return Answer.model_validate(json_object(answer, "an object with 'global' and 'classification'"))
    except ValidationError as error:
        places = ", ".join(".".join(map(str, item["loc"])) + ": " + item["msg"] for item in error.errors()[:3])
        raise UnparsableAnswer(f"The model's answer has another form than agreed ({places}).") from error


def ground(answer: Answer, statement: str) -> Grounded:
    """Find each answered phrase in the statement; what is not there is dropped and counted."""
    certainty_of: dict[str, Certainty] = {}
    # A phrase in two lists takes the more careful one.
    for certainty in (Certainty.NORMAL, Certainty.ABNORMAL, Certainty.UNCERTAIN, Certainty.NEGATED):
        certainty_of.update(dict.fromkeys(getattr(answer.classification, certainty.value), certainty))
    phrases = list(dict.fromkeys([*answer.all_entities, *certainty_of]))
    entities: list[Entity] = []
    pending: list[str] = []
    for phrase in phrases:
        span = _find_words(phrase, statement, entities) if phrase in certainty_of else None
        if span is None:
            pending.append(phrase)
        else:
            entities.append(_entity(statement, span, certainty_of[phrase], phrase))
    dropped = 0
    for phrase in pending:
        span = _find_shared(phrase, statement, entities) if phrase in certainty_of else None
        if span is None:
            dropped += 1
        else:
            entities.append(_entity(statement, span, certainty_of[phrase], phrase))
    return Grounded(tuple(sorted(entities, key=lambda entity: entity.start)), dropped)


def _entity(statement: str, span: tuple[int, int], certainty: Certainty, phrase: str) -> Entity:
    return Entity(statement[slice(*span)], *span, certainty, " ".join(phrase.lower().split()))


def _free(span: tuple[int, int], entities: list[Entity]) -> bool:
    return all(span[1] <= entity.start or entity.end <= span[0] for entity in entities)


def _find_words(phrase: str, statement: str, entities: list[Entity]) -> tuple[int, int] | None:
    """The first free place where the phrase stands, whatever its case and blanks."""
    words = phrase.split()
    if not words:
        return None
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    spans = (match.span() for match in re.finditer(pattern, statement, re.IGNORECASE))
    return next((span for span in spans if _free(span, entities)), None)


def _find_shared(phrase: str, statement: str, entities: list[Entity]) -> tuple[int, int] | None:
    """The own words of a phrase that shares others with a neighbour: "inferior" in "inferior/lateral st-t changes"."""
    wanted = [match.group().lower() for match in _WORD.finditer(phrase)]
    words = list(_WORD.finditer(statement))
    for first in range(len(words)):
        position, run_end, broken = first, first, False
        for word in wanted:
            reach = range(position, min(position + 1 + _MAX_SKIPPED, len(words)))
            hit = next((index for index in reach if words[index].group().lower() == word), None)
            if hit is None:
                break
            broken = broken or hit != run_end
            run_end = run_end if broken else hit + 1
            position = hit + 1
        else:
            span = (words[first].start(), words[max(run_end, first + 1) - 1].end())
            if wanted and words[first].group().lower() == wanted[0] and _free(span, entities):
                return span
    return None
