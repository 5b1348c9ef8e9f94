"""What leaves the program: one Markdown report and one CSV file of all classes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from suprem.evaluation.report import COLUMNS, classes_csv, report_markdown, worst_cases_csv
from suprem.evaluation.results import EvaluationResult
from suprem.export import RESEARCH_USE
from tests.evaluations import write_evaluation


def test_every_class_of_every_task_is_a_row(tmp_path: Path) -> None:
    evaluation = write_evaluation(tmp_path)
    rows = list(csv.reader(io.StringIO(classes_csv(evaluation))))
    assert rows[0] == list(COLUMNS)
    assert rows[-1] == [RESEARCH_USE]
    body = {(row[0], row[3]): row for row in rows[1:-2]}
    assert len(body) == 5 + 12
    result = evaluation.result("ptbxl_rhythm")
    known = {entry.code: entry for entry in result.classes}["AFIB"]
    assert float(body["ptbxl_rhythm", "AFIB"][8]) == pytest.approx(known.auroc, abs=1e-6)
    assert body["ptbxl_rhythm", "PACE"][6:11] == ["0", "240", "", "", ""], "no AUROC is an empty cell"


def test_the_worst_records_of_every_class_are_rows(tmp_path: Path) -> None:
    evaluation = write_evaluation(tmp_path, tasks=("ptbxl_rhythm",))
    *rows, _, notice = csv.reader(io.StringIO(worst_cases_csv(evaluation)))
    assert notice == [RESEARCH_USE]
    missed = [row for row in rows if row[1:3] == ["AFIB", "1"]]
    assert len(missed) == 20
    assert all("AFIB" in row[6].split() for row in missed)
    assert {row[1] for row in rows[1:]} == {"SR", "AFIB", "STACH"}, "no class without an AUROC"


def test_the_report_says_how_it_came_about_and_what_is_not_comparable(tmp_path: Path) -> None:
    evaluation = write_evaluation(tmp_path)
    text = report_markdown(evaluation)
    result = evaluation.result("ptbxl_rhythm")
    for part in (
        RESEARCH_USE,
        "python -m pipelines.evaluate --data ptb-xl",
        "Commit 0123abc",
        "SuPreME, published",
        "0.868",  # its printed figure for rhythm
        "They are not comparable with ours",
        f"{result.macro:.3f} ({result.macro_ci[0]:.3f}-{result.macro_ci[1]:.3f}), 3 classes",
        "csn: There is no CSN here.",
        "- PACE: none of 240 records has it",
        "chosen on one half of the patients",
        "patients passed: 0 of 120",
        "statement listed with likelihood 0 counts as present",
    ):
        assert part in text, part
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_a_bar_or_a_formula_in_a_query_breaks_neither_file(tmp_path: Path) -> None:
    evaluation = write_evaluation(tmp_path, tasks=("ptbxl_rhythm",))
    path = evaluation.folder / "ptbxl_rhythm.json"
    result = EvaluationResult.from_json(path.read_text())
    first = replace(result.classes[0], query="=1+1 | second wording")
    path.write_text(replace(result, classes=(first, *result.classes[1:])).to_json())
    assert "| =1+1 \\| second wording |" in report_markdown(evaluation)
    assert next(csv.DictReader(io.StringIO(classes_csv(evaluation))))["query"] == "'=1+1 | second wording"
