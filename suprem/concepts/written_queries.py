"""Queries written by a language model: one description for each class of a task, from its name alone.

This is the first strategy of the paper's Table 10 ("GPT-4o generated"), with a model of your own. What it writes is
asked as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from suprem.errors import ConceptError, UnparsableAnswer
from suprem.reports.asking import Questionnaire, json_object
from suprem.reports.cache import AnswerCache
from suprem.reports.llm import LlmClient
from suprem.reports.prompt import Prompt
from suprem.resources import ASSETS

WRITING_PROMPT = ASSETS / "prompts" / "write_queries.txt"

MAX_LETTERS = 600
"""A longer answer is no description of a finding; the text encoder reads 64 tokens of it."""

_FORM = '{"query": "..."}'


class LlmQueryWriter:
    """Asks a language model about the name of each class, and keeps its answers.

    Args:
        client: The model.
        prompt: The instructions, see assets/prompts/write_queries.txt.
        cache: Answers of earlier runs; a run that was stopped goes on where it was.
        concurrency: Questions asked at the same time.
    """

    def __init__(self, client: LlmClient, prompt: Prompt, cache: AnswerCache, *, concurrency: int = 8) -> None:
        self._questionnaire = Questionnaire(client, prompt, query_schema(), _read, cache, concurrency)

    def write(self, names: Sequence[str], progress: Callable[[float, str], None]) -> list[str]:
        """Return a description for each name.

        Raises:
            LlmUnavailable: The server does not answer; the answers so far are kept.
            ConceptError: The model gave no usable answer about some names.
        """
        found = self._questionnaire.ask(list(dict.fromkeys(names)), progress, noun="queries")
        missing = [name for name, text in found.items() if text is None]
        if missing:
            raise ConceptError(
                f"The language model gave no usable description of {len(missing)} of {len(found)} findings: "
                f"{', '.join(missing[:5])}. Run the command again, or use another model; the others are kept."
            )
        return [text for name in names if (text := found[name]) is not None]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: str


def query_schema() -> dict[str, Any]:
    """The JSON schema of an answer, for servers that can hold a model to it."""
    return {
        "type": "object",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
        "additionalProperties": False,
    }


def parse_query(answer: str) -> str:
    """Read a description, spaces collapsed.

    Raises:
        UnparsableAnswer: There is none, or it is not of the agreed form.
    """
    try:
        text = " ".join(_Written.model_validate(json_object(answer, _FORM)).query.split())
    except ValidationError as error:
        raise UnparsableAnswer(f"The answer is another object; expected {_FORM} and nothing else.") from error
    if not any(map(str.isalpha, text)) or len(text) > MAX_LETTERS:
        raise UnparsableAnswer(f"The query has {len(text)} letters; expected a description of at most 40 words.")
    return text


def _read(answer: str, _name: str) -> str:
    return parse_query(answer)
