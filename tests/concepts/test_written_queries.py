"""A language model writes queries: answers read strictly, kept, asked for once more, and never silently missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from suprem.concepts.written_queries import MAX_LETTERS, WRITING_PROMPT, LlmQueryWriter, parse_query, query_schema
from suprem.errors import ConceptError, UnparsableAnswer
from suprem.reports.cache import AnswerCache
from suprem.reports.llm import CannedLlm
from suprem.reports.prompt import load_prompt

PROMPT = load_prompt(WRITING_PROMPT)


def no_progress(_fraction: float, _message: str) -> None:
    """Nobody watches."""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    yield cache
    cache.close()


def answers(**texts: str) -> CannedLlm:
    return CannedLlm({PROMPT.question(name): answer for name, answer in texts.items()}, model="canned")


def test_the_examples_of_the_prompt_are_of_the_agreed_form() -> None:
    examples = [line for line in PROMPT.system.splitlines() if line.startswith('{"query"')]
    assert len(examples) >= 2
    assert all(len(parse_query(line).split()) <= 40 for line in examples)
    assert PROMPT.question("atrial flutter") == "Finding: atrial flutter"
    assert query_schema()["required"] == ["query"]


def test_queries_come_in_order_and_are_asked_for_once(cache: AnswerCache) -> None:
    client = answers(a='{"query": "A:  wide\\n waves."}', b='Here: ```{"query": "B."}```')
    writer = LlmQueryWriter(client, PROMPT, cache, concurrency=1)
    assert writer.write(["b", "a", "b"], no_progress) == ["B.", "A: wide waves.", "B."]
    assert len(client.asked) == 2
    assert writer.write(["a"], no_progress) == ["A: wide waves."]
    assert len(client.asked) == 2


def test_a_class_without_a_usable_answer_is_named_and_the_others_are_kept(cache: AnswerCache) -> None:
    class Mute(CannedLlm):
        def complete(self, system: str, user: str, schema: dict[str, object]) -> str:
            self.asked.append(user)
            return '{"query": "A."}' if user == PROMPT.question("a") else "I cannot say."

    client = Mute({}, model="canned")
    writer = LlmQueryWriter(client, PROMPT, cache, concurrency=1)
    with pytest.raises(ConceptError, match="no usable description of 1 of 2 findings: b"):
        writer.write(["a", "b"], no_progress)
    assert len(client.asked) == 3  # b is asked about once more
    with pytest.raises(ConceptError):
        writer.write(["a", "b"], no_progress)
    assert len(client.asked) == 5


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("none", "no JSON object"),
        ('{"query": "a"', "no JSON object"),
        ('{"query": "a",}', "not complete JSON"),
        ('{"query": 3}', 'another object; expected {"query"'),
        ('{"query": "a", "note": "b"}', 'another object; expected {"query"'),
        ('{"query": " 12 "}', "has 2 letters"),
        (json.dumps({"query": "a" * (MAX_LETTERS + 1)}), "601 letters"),
    ],
)
def test_an_answer_of_another_form_is_refused(answer: str, expected: str) -> None:
    with pytest.raises(UnparsableAnswer, match=expected):
        parse_query(answer)
