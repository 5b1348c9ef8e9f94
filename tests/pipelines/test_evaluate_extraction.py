from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.evaluate_extraction import main

TEXT = "sinus rhythm. no lvh."
SPANS = [{"start": 0, "end": 12, "certainty": "normal"}, {"start": 17, "end": 20, "certainty": "negated"}]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "reports.csv").write_text(f'id,report\n1,"{TEXT}"\n2,another text\n')
    lines = [{"report_id": "1", "split": "check", "entities": SPANS}, {"report_id": "9", "entities": []}]
    (tmp_path / "annotations.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return ["--reports", str(tmp_path / "reports.csv"), "--annotations", str(tmp_path / "annotations.jsonl")]


def test_the_rules_are_measured(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--json", "--split", "check", "--bootstrap", "10"]) == 0
    captured = capsys.readouterr()
    figures = json.loads(captured.out)
    assert (figures["texts"], figures["exact_span"]["f1"], figures["negation_accuracy"]) == (1, 1, 1)
    assert "not compared: 1" in captured.err


def test_given_entities_are_measured(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "entities.jsonl"
    path.write_text(json.dumps({"report_id": "1", "entities": SPANS[:1]}))
    assert main([*files, "--json", "--entities", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["exact_span"]["recall"] == 0.5


def test_the_table_names_each_figure(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--bootstrap", "10"]) == 0
    out = capsys.readouterr().out
    for name in ("tokens, BIO", "spans, exact", "spans, partial", "kappa", "certainty accuracy", "95 % interval"):
        assert name in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--split", "untouched"], "no annotated report"), (["--entities", "none"], "cannot be read")],
)
def test_a_wrong_call_ends_with_one_sentence(
    files: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main([*files, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_rules_keep_their_quality_on_real_reports(test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = test_data / "ptb-xl" / "ptbxl_database.csv"
    for split in ("develop", "check"):
        assert main(["--reports", str(reports), "--split", split, "--json", "--bootstrap", "0"]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["exact_span"]["f1"] > 0.95
        assert figures["certainty_accuracy"] > 0.95


def test_the_mapping_is_measured_on_an_answer_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key.csv"
    key.write_text("entity,code,split\nlvh,LVH,develop\nsinus rhythm,,check\natrial flutter,AFLT|AFIB,check\n")
    assert main(["--mapping", str(key), "--split", "check"]) == 0
    assert "check: 0.500 (1 of 2, 95 % interval 0.0" in capsys.readouterr().out
    assert main(["--mapping", str(key), "--json"]) == 0
    assert [figure["right"] for figure in json.loads(capsys.readouterr().out)] == [1, 1]


@pytest.mark.parametrize("text", ["entity,code\nlvh,LVH\n", "entity,code,split\n", "entity,code,split\nlvh\n"])
def test_what_is_no_answer_key_is_said(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.csv").write_text(text)
    assert main(["--mapping", str(tmp_path / "key.csv")]) == 2
    assert "key.csv" in capsys.readouterr().err
