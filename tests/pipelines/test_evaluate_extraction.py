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
