from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pipelines.map_entities import main
from suprem.concepts.mapping import entity_names
from tests.fakes import FakeEmbedder


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entity_names, "load_embedder", lambda _name: FakeEmbedder())


def run(tmp_path: Path, content: bytes, *options: str, name: str = "entities.txt") -> int:
    (tmp_path / name).write_bytes(content)
    return main(["--entities", str(tmp_path / name), "--out", str(tmp_path / "mapping.csv"), *options])


def table(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "mapping.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_list_of_entities_becomes_a_table_in_its_order(tmp_path: Path) -> None:
    assert run(tmp_path, b"\xef\xbb\xbfSinus rhythm\nLVH\n\nSinus  rhythm\r\npurple elephants\n") == 0
    rows = table(tmp_path)
    assert list(rows[0]) == ["entity", "code", "concept", "similarity", "cluster", "guard", "needs_review"]
    assert [(row["entity"], row["code"]) for row in rows] == [
        ("Sinus rhythm", "SR"),
        ("LVH", "LVH"),
        ("purple elephants", ""),
    ]


def test_names_of_extracted_entities_are_read_too(tmp_path: Path) -> None:
    line = {
        "report_id": "1",
        "entities": [{"text": "lvh", "name": "left ventricular hypertrophy", "certainty": "normal"}],
    }
    assert run(tmp_path, json.dumps(line).encode(), name="entities.jsonl") == 0
    assert [row["entity"] for row in table(tmp_path)] == ["left ventricular hypertrophy"]


def test_unusable_lines_are_counted_and_the_rest_is_mapped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, b"LVH\n\xff\xfe\n" + b"x" * 100_000 + b"\n123\na\x00b\n") == 0
    assert [row["entity"] for row in table(tmp_path)] == ["LVH"]
    said = capsys.readouterr().err
    for reason in ("not UTF-8", "longer than 200 characters", "no letters", "characters that cannot be printed"):
        assert f"set aside: 1 lines ({reason})" in said


def test_a_formula_is_written_as_text(tmp_path: Path) -> None:
    assert run(tmp_path, b"=HYPERLINK(evil)\n") == 0
    assert table(tmp_path)[0]["entity"] == "'=HYPERLINK(evil)"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", (), "no entity"),
        (b"\xff\xfe\x00", (), "not UTF-8"),
        (b"LVH", ("--map-threshold", "2"), "threshold"),
        (b"LVH", ("--cluster-threshold", "0"), "threshold"),
    ],
)
def test_what_cannot_be_mapped_is_one_sentence(
    content: bytes, options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, content, *options) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "mapping.csv").exists()
