"""Which terms of a medical terminology name an ECG finding (paper A.3.1).

The paper asks GPT-4o-mini about each term of UMLS and SNOMED CT. Here `EcgWords`, a word list, does without a model;
`LlmTermFilter` asks a model of your own, once for each concept: its synonyms mean the same and follow its name.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from suprem.concepts.vocabulary import Concept
from suprem.errors import ConceptError, UnparsableAnswer
from suprem.reports.asking import Questionnaire, json_object
from suprem.reports.cache import AnswerCache
from suprem.reports.llm import LlmClient
from suprem.reports.prompt import Prompt
from suprem.resources import ASSETS

WORDS = ASSETS / "terms" / "ecg_terms.toml"
FILTER_PROMPT = ASSETS / "prompts" / "filter_terms.txt"

_WORD = re.compile(r"[^\W_]+")
_FORM = '{"is_ecg_term": true} or {"is_ecg_term": false}'
_LISTS = ("signs", "places", "findings", "alone", "elsewhere")


class TermFilter(Protocol):
    """Judges concepts; `name` says how, for the summary."""

    name: str

    def judge(self, concepts: Sequence[Concept], progress: Callable[[float, str], None]) -> list[bool | None]:
        """Return for each concept whether it is an ECG finding, None where there is no usable judgement."""


class EcgWords:
    """The rule-based filter: words of assets/terms/ecg_terms.toml.

    Raises:
        ConceptError: The word list is missing or not of its form.
    """

    name = "ecg-words"

    def __init__(self, path: Path = WORDS) -> None:
        try:
            lists = tomllib.loads(path.read_text(encoding="utf-8"))
            self._patterns = {name: _any_of(lists[name]) for name in _LISTS}
        except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            expected = ", ".join(_LISTS)
            raise ConceptError(f"{path.name} is no list of ECG words; expected the lists {expected}.") from error
        # Most terms of a terminology hold none of these words: one look at its words spares a term the patterns.
        self._words = frozenset(_longest(phrase) for name in _LISTS if name != "elsewhere" for phrase in lists[name])

    def is_related(self, text: str) -> bool:
        """Whether a term shares a word with the lists, the longest of a phrase; any ECG term does."""
        return not self._words.isdisjoint(_words(text))

    def is_ecg_term(self, text: str) -> bool:
        """Whether a term names an ECG finding: a sign of the trace, or a place of the heart with what happens there."""
        words = _words(text)
        if self._words.isdisjoint(words):
            return False
        line = f" {' '.join(words)} "
        found = {name for name, pattern in self._patterns.items() if pattern.search(line)}
        return "elsewhere" not in found and ("signs" in found or "alone" in found or {"places", "findings"} <= found)

    def judge(self, concepts: Sequence[Concept], progress: Callable[[float, str], None]) -> list[bool | None]:
        """Judge each concept by its name and its synonyms of several words; abbreviations mean too much to count."""
        verdicts: list[bool | None] = []
        for count, concept in enumerate(concepts, start=1):
            wordings = (concept.name, *(text for text in concept.synonyms if " " in text.strip()))
            verdicts.append(any(map(self.is_ecg_term, wordings)))
            if count % 10_000 == 0 or count == len(concepts):
                progress(count / len(concepts), f"{count:,} of {len(concepts):,} concepts judged")
        return verdicts


class LlmTermFilter:
    """Asks a language model about the name of each concept, and keeps its answers.

    Args:
        client: The model.
        prompt: The instructions, see assets/prompts/filter_terms.txt.
        cache: Answers of earlier runs; a run that was stopped goes on where it was.
        concurrency: Questions asked at the same time.
    """

    def __init__(self, client: LlmClient, prompt: Prompt, cache: AnswerCache, *, concurrency: int = 8) -> None:
        self.name = f"llm:{client.model}"
        self._questionnaire = Questionnaire(client, prompt, verdict_schema(), _read, cache, concurrency)

    def judge(self, concepts: Sequence[Concept], progress: Callable[[float, str], None]) -> list[bool | None]:
        """Ask about what is not in the cache.

        Raises:
            LlmUnavailable: The server does not answer; the answers so far are kept.
        """
        names = list(dict.fromkeys(concept.name for concept in concepts))
        found = self._questionnaire.ask(names, progress, noun="terms") if names else {}
        return [found[concept.name] for concept in concepts]


class _Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    is_ecg_term: StrictBool


def verdict_schema() -> dict[str, Any]:
    """The JSON schema of a judgement, for servers that can hold a model to it."""
    return {
        "type": "object",
        "properties": {"is_ecg_term": {"type": "boolean"}},
        "required": ["is_ecg_term"],
        "additionalProperties": False,
    }


def parse_verdict(answer: str) -> bool:
    """Read a judgement, also one in a code fence or between sentences.

    Raises:
        UnparsableAnswer: There is no JSON object of the agreed form in it.
    """
    try:
        return _Verdict.model_validate(json_object(answer, _FORM)).is_ecg_term
    except ValidationError as error:
        raise UnparsableAnswer(f"The answer is another object; expected {_FORM} and nothing else.") from error


def _read(answer: str, _text: str) -> bool:
    return parse_verdict(answer)


def _words(text: str) -> list[str]:
    """Words in lower case, hyphens and accents gone, a plural "s" dropped ("ischaemias", not "sinus")."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [
        word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] not in "usi" else word
        for word in _WORD.findall(text.casefold())
    ]


def _longest(phrase: str) -> str:
    return max(reversed(_words(phrase)), key=len)


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    alternatives = {" ".join(_words(phrase)) for phrase in phrases}
    return re.compile(rf" (?:{'|'.join(sorted(map(re.escape, alternatives), key=len, reverse=True))}) ")
