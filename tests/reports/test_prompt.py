from __future__ import annotations

import json
from pathlib import Path

import pytest

from suprem.errors import ConfigError
from suprem.reports.parse import ground, parse_answer
from suprem.reports.prompt import Prompt, load_prompt


def test_the_statement_takes_its_slot() -> None:
    assert load_prompt().question("{x} ecg") == "Statement: {x} ecg"


def test_the_hash_names_the_version() -> None:
    prompt = load_prompt()
    assert prompt.content_hash == load_prompt().content_hash
    assert prompt.content_hash != Prompt(prompt.system + " ", prompt.user).content_hash


def test_the_examples_of_the_prompt_obey_it() -> None:
    lines = load_prompt().system.splitlines()
    examples = [(line, lines[number + 1]) for number, line in enumerate(lines) if line.startswith("Statement: ")]
    assert len(examples) == 3
    for statement, answer in examples:
        assert ground(parse_answer(answer), statement).dropped == 0
        classified = json.loads(answer)["classification"].values()
        assert sorted(json.loads(answer)["global"]) == sorted(phrase for phrases in classified for phrase in phrases)


@pytest.mark.parametrize("text", ["no question", "system\n=== user ===\nno slot"])
def test_a_prompt_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prompt.txt"
    path.write_text(text)
    with pytest.raises(ConfigError, match="slot"):
        load_prompt(path)
