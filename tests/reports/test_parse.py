from __future__ import annotations

import json

import pytest

from suprem.errors import UnparsableAnswer
from suprem.reports.parse import Answer, answer_schema, ground, parse_answer

STATEMENT = "Sinus rhythm with PACs, possible LVH, no  st elevation"


def answer(**lists: list[str]) -> str:
    classification = {"normal": [], "abnormal": [], "uncertain": [], "negated": []} | lists
    return json.dumps(
        {"global": [phrase for phrases in lists.values() for phrase in phrases], "classification": classification}
    )


def grounded(text: str, statement: str = STATEMENT) -> tuple[list[tuple[str, str]], int]:
    result = ground(parse_answer(text), statement)
    assert all(statement[entity.start : entity.end] == entity.text for entity in result.entities)
    return [(entity.text, entity.certainty.value) for entity in result.entities], result.dropped


@pytest.mark.parametrize("form", ["{}", "```json\n{}\n```", "Here you are:\n{}\nAnything else?"])
def test_the_object_is_found_in_its_wrapping(form: str) -> None:
    assert grounded(form.replace("{}", answer(normal=["sinus rhythm"]))) == ([("Sinus rhythm", "normal")], 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The ECG shows sinus rhythm.",
        '{"global": ["sinus rhythm"], "classif',
        '{"global": ["a"]}',
        '{"global": "a", "classification": {}}',
        '{"global": [], "classification": {"severe": []}}',
        "[]",
        "} {",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(UnparsableAnswer):
        parse_answer(text)


def test_an_invented_entity_is_dropped_and_counted() -> None:
    found, dropped = grounded(answer(normal=["sinus rhythm"], abnormal=["atrial fibrillation", "PACs"]))
    assert found == [("Sinus rhythm", "normal"), ("PACs", "abnormal")]
    assert dropped == 1


def test_part_of_a_word_is_not_an_entity() -> None:
    assert grounded(answer(abnormal=["PAC", "hm"])) == ([], 2)


def test_blanks_and_case_do_not_matter() -> None:
    assert grounded(answer(negated=["ST elevation"])) == ([("st elevation", "negated")], 0)


def test_the_more_careful_of_two_labels_holds() -> None:
    assert grounded(answer(abnormal=["possible LVH"], uncertain=["possible LVH"])) == (
        [("possible LVH", "uncertain")],
        0,
    )


def test_an_entity_without_a_label_is_dropped() -> None:
    text = json.dumps({"global": ["PACs"], "classification": {"normal": []}})
    assert grounded(text) == ([], 1)


def test_a_repeated_entity_takes_the_next_place() -> None:
    result = ground(Answer.model_validate_json(answer(abnormal=["pac"])), "pac, pac")
    assert [(entity.start, entity.end) for entity in result.entities] == [(0, 3)]


def test_shared_words_are_grounded_on_the_own_ones() -> None:
    found, dropped = grounded(
        answer(abnormal=["inferior st-t changes", "lateral st-t changes"]), "inferior/lateral st-t changes"
    )
    assert found == [("inferior", "abnormal"), ("lateral st-t changes", "abnormal")]
    assert dropped == 0


def test_the_schema_describes_what_the_parser_takes() -> None:
    schema = answer_schema()
    assert set(schema["required"]) == {"global", "classification"}
    assert set(schema["properties"]["classification"]["required"]) == {"normal", "abnormal", "uncertain", "negated"}
