"""The words a task is asked with: built in, or from files of users."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suprem.concepts.abbreviations import expand
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import load_descriptions, load_terms
from suprem.datasets.catalog import ASSETS, TASK_NAMES, load_task
from suprem.errors import EvaluationError
from suprem.evaluation.query_set import query_set

TERMS = load_terms()
SUPERCLASS = load_task("ptbxl_superclass")


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_simplified_asks_one_phrase_a_class() -> None:
    queries = query_set("simplified", SUPERCLASS, TERMS)
    assert queries.phrases[2] == ("myocardial infarction",)
    assert queries.asked == SUPERCLASS.queries
    assert not queries.is_ensemble


def test_members_ask_for_every_statement_of_a_class() -> None:
    queries = query_set("members", load_task("ptbxl_subclass"), TERMS)
    of = dict(zip(load_task("ptbxl_subclass").codes, queries.phrases, strict=True))
    assert of["LAFB/LPFB"] == ("left anterior fascicular block", "left posterior fascicular block")
    assert len(of["AMI"]) == 6
    assert "RVH" in of["RVH"] or of["RVH"][0] == "right ventricular hypertrophy"


@pytest.mark.parametrize("name", TASK_NAMES)
def test_every_task_can_be_asked_by_its_members(name: str) -> None:
    queries = query_set("members", load_task(name), TERMS)
    assert len(queries.phrases) == len(load_task(name).classes)
    assert all(phrases and len(set(phrases)) == len(phrases) for phrases in queries.phrases)


def test_a_json_file_maps_codes_to_texts_or_lists(tmp_path: Path) -> None:
    content = {code: f"finding {code}" for code in SUPERCLASS.codes} | {"MI": ["heart attack", "infarct"], "X": "other"}
    queries = query_set(write(tmp_path, "mine.json", json.dumps(content)), SUPERCLASS, TERMS)
    assert queries.name == "mine.json"
    assert queries.phrases[0] == ("finding HYP",)
    assert queries.phrases[2] == ("heart attack", "infarct")
    assert queries.shown[2] == "heart attack | infarct"
    assert queries.is_ensemble


def test_a_toml_file_has_queries_or_phrases(tmp_path: Path) -> None:
    rows = [f'[[classes]]\ncode = "{code}"\nquery = "finding {code}"' for code in SUPERCLASS.codes[1:]]
    rows.append('[[classes]]\ncode = "HYP"\nphrases = ["thick wall", "large heart"]')
    queries = query_set(write(tmp_path, "mine.toml", "\n".join(rows)), SUPERCLASS, TERMS)
    assert queries.phrases[:2] == (("thick wall", "large heart"), ("finding NORM",))


def test_codes_may_carry_the_underscores_of_ptbxl(tmp_path: Path) -> None:
    form = load_task("ptbxl_form")
    content = {entry.members[0]: f"finding {entry.code}" for entry in form.classes}
    queries = query_set(write(tmp_path, "form.json", json.dumps(content)), form, TERMS)
    assert queries.phrases[form.codes.index("NST")] == ("finding NST",)


def test_a_long_description_is_asked_as_it_stands(tmp_path: Path) -> None:
    content = dict.fromkeys(SUPERCLASS.codes, "short") | {"MI": "infarction of the heart " * 20}
    asked = query_set(write(tmp_path, "long.json", json.dumps(content)), SUPERCLASS, TERMS).asked
    assert asked[0] == "short"
    assert isinstance(asked[2], CardiacQuery)
    assert asked[2].text.startswith("infarction of the heart infarction")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("gap.json", '{"HYP": "hypertrophy", "NORM": "normal"}', "no query for 3 of the 5 classes.*MI, CD, STTC"),
        ("broken.json", "{", "not a query set"),
        ("list.json", "[1]", "not a query set"),
        ("empty.json", '{"HYP": []}', "the query of HYP is"),
        ("number.json", '{"HYP": 3}', "the query of HYP is 3"),
        ("blank.json", '{"HYP": " "}', "the query of HYP is ' '"),
        ("twice.toml", '[[classes]]\ncode="HYP"\nquery="a"\n[[classes]]\ncode="HYP"\nquery="b"', "a code stands twice"),
        ("other.toml", 'title = "queries"', "not a query set"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_reason(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    with pytest.raises(EvaluationError, match=expected):
        query_set(write(tmp_path, name, text), SUPERCLASS, TERMS)


def test_an_unknown_set_is_named_with_the_known_ones() -> None:
    with pytest.raises(EvaluationError, match=r"'detailed' is neither a query set \(simplified, members\) nor a file"):
        query_set("detailed", SUPERCLASS, TERMS)


def test_every_statement_has_five_paraphrases_that_no_description_taught() -> None:
    paraphrases = query_set(str(ASSETS / "queries" / "paraphrases.toml"), load_task("ptbxl_all"), TERMS)
    assert {len(phrases) for phrases in paraphrases.phrases} == {5}
    taught = {text for texts in load_descriptions().values() for text in texts}
    # The dictionary brings one to the form of a description.
    assert taught & {expand(phrase) for phrases in paraphrases.phrases for phrase in phrases} == {
        "myocardial infarction of the inferior wall of the heart"
    }


def test_a_file_may_name_the_kinds_of_its_phrases(tmp_path: Path) -> None:
    task = load_task("ptbxl_superclass")
    path = tmp_path / "words.toml"
    rows = [f'[[classes]]\ncode = "{code}"\nphrases = ["{code} one", "{code} two"]' for code in task.codes]
    path.write_text("\n".join(['kinds = ["short", "long"]', *rows]))
    assert query_set(str(path), task, load_terms()).kinds == ("short", "long")
    path.write_text("\n".join(['kinds = ["short"]', *rows]))
    with pytest.raises(EvaluationError, match=r"words\.toml names 1 kinds of phrases, but HYP, NORM"):
        query_set(str(path), task, load_terms())
