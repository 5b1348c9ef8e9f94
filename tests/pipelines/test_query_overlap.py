from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines import query_overlap
from pipelines.query_overlap import main
from suprem.concepts.vocabulary import Concept, Vocabulary
from tests.fakes import FakeEmbedder


class OneVectorEmbedder(FakeEmbedder):
    """Takes everything for the same, as a real encoder nearly does with degrees and sides."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), self.dimension), np.float32)


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_overlap, "load_embedder", lambda _name: FakeEmbedder())


def lists(tmp_path: Path, first: str, second: str) -> list[str]:
    for name, text in (("first.txt", first), ("second.txt", second)):
        (tmp_path / name).write_bytes(text.encode())
    return ["--first", str(tmp_path / "first.txt"), "--second", str(tmp_path / "second.txt")]


def test_the_same_queries_in_other_words_are_paired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = lists(tmp_path, "LVH\nLVH\nsinus rhythm\n", "left ventricular hypertrophy\natrial flutter\n")
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert list(csv.DictReader(io.StringIO(captured.out))) == [
        {"first": "LVH", "second": "left ventricular hypertrophy", "cosine": "1.0000", "guard": ""}
    ]
    assert "first.txt: 1 of 2 queries are in the other list (1 with guards); second.txt: 1 of 2 (1)" in captured.err


def test_a_guard_is_named_and_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(query_overlap, "load_embedder", lambda _name: OneVectorEmbedder())
    arguments = lists(tmp_path, "third degree AV block\n", "second degree AV block\n3rd degree AV block\n")
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {(pair["second"], pair["guard"]) for pair in result["pairs"]} == {
        ("second degree AV block", "degree"),
        ("3rd degree AV block", ""),
    }
    assert result["counts"] == {
        "first": 1,
        "second": 2,
        "pairs": 2,
        "guarded_pairs": 1,
        "first_in_second": 1,
        "second_in_first": 2,
        "first_in_second_guarded": 1,
        "second_in_first_guarded": 1,
    }
    assert (result["encoder"], result["threshold"]) == ("fake", 0.95)
    assert "Research use only" in result["notice"]


def test_tasks_and_vocabularies_are_lists_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vocabulary = Vocabulary((Concept("1", "sinus rhythm"), Concept("2", "purple elephants")))
    (tmp_path / "vocabulary.json").write_text(vocabulary.to_json())
    out = tmp_path / "overlap.csv"
    arguments = ["--first", "ptbxl_rhythm", "--second", str(tmp_path / "vocabulary.json"), "--out", str(out)]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "vocabulary.json: 1 of 2 (1)" in captured.err
    assert "sinus rhythm,sinus rhythm,1.0000," in out.read_text()


def test_two_lists_without_anything_in_common_give_a_table_without_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(lists(tmp_path, "LVH", "atrial flutter")) == 0
    captured = capsys.readouterr()
    assert captured.out == "first,second,cosine,guard\n"
    assert captured.err.startswith("0 pairs")


def test_a_formula_is_written_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(lists(tmp_path, "=evil(1)", "=evil(1)")) == 0
    assert "'=evil(1),'=evil(1),1.0000," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "options", "message"),
    [
        ("ptbxl_rythm", [], "ptbxl_rhythm"),
        ("empty.txt", [], "no entity"),
        ("broken.json", [], "not a vocabulary"),
        ("ptbxl_form", ["--threshold", "95"], "above 0 and at most 1"),
        ("ptbxl_form", ["--threshold", "nan"], "above 0 and at most 1"),
    ],
)
def test_what_is_no_list_is_one_sentence(
    first: str,
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").write_text("")
    Path("broken.json").write_text("[")
    assert main(["--first", first, "--second", "ptbxl_form", *options]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
