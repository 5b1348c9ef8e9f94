"""Figures over seeds: means, spreads and differences seed by seed, and what did not run."""

from __future__ import annotations

import csv
import json
import math
from io import StringIO
from pathlib import Path

import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.ablation import (
    AblationResult,
    QuestionResult,
    ablation_csv,
    list_ablations,
    over_tasks,
    read_ablation,
    summarise,
)
from suprem.evaluation.over_tasks import interaction

BASE = {0: {"form": 0.80, "rhythm": 0.90}, 1: {"form": 0.70, "rhythm": 0.84}}
OTHER = {0: {"form": 0.84, "rhythm": 0.92}, 1: {"form": 0.74, "rhythm": 0.92}}


def test_a_difference_is_taken_seed_by_seed() -> None:
    base, other = summarise(["base", "other"], {"base": BASE, "other": OTHER})
    assert base.macro == pytest.approx((0.85 + 0.77) / 2)
    assert base.sd == pytest.approx(0.08 / math.sqrt(2))
    assert math.isnan(base.difference)
    assert other.difference == pytest.approx((0.03 + 0.06) / 2)
    assert other.difference_sd == pytest.approx(0.03 / math.sqrt(2))
    assert other.tasks == {"form": (0.84, 0.74), "rhythm": (0.92, 0.92)}
    assert over_tasks(OTHER) == pytest.approx({"form": 0.79, "rhythm": 0.92})


def test_only_seeds_of_both_are_compared_and_one_seed_has_no_spread() -> None:
    _, other = summarise(["base", "other"], {"base": BASE, "other": {1: OTHER[1], 2: OTHER[0]}})
    assert other.difference == pytest.approx(0.06)
    assert math.isnan(other.difference_sd)
    assert not math.isnan(other.sd)


def test_a_task_without_a_value_is_not_silently_left_out() -> None:
    (base, _) = summarise(["base", "other"], {"base": {0: {"form": math.nan, "rhythm": 0.9}}, "other": OTHER})
    assert math.isnan(base.macro)


def result(*tables: str, scale: str = "synthetic ECGs, 6 steps") -> AblationResult:
    variants = summarise(["base", "=other", "third"], {"base": BASE, "=other": OTHER, "third": "needs weights"})
    questions = tuple(QuestionResult(table, "text encoder", variants) for table in tables)
    return AblationResult(scale, 24, ("form", "rhythm"), questions)


def test_a_result_is_found_and_read_back_as_it_was(tmp_path: Path) -> None:
    assert list_ablations(tmp_path) == []
    path = tmp_path / "ablations" / "synthetic" / "ablation.json"
    path.parent.mkdir(parents=True)
    path.write_text(result("Table 8").to_json())
    assert list_ablations(tmp_path) == [path]
    again = read_ablation(path)
    assert again.to_json() == result("Table 8").to_json()
    assert again.questions[0].variants[1] == result("Table 8").questions[0].variants[1]
    assert again.questions[0].variants[1].by_seed == pytest.approx((0.88, 0.83))
    path.write_text("{}")
    with pytest.raises(EvaluationError, match=r"synthetic/ablation\.json is no result of ablate"):
        read_ablation(path)


def test_earlier_tables_of_the_same_scale_are_kept() -> None:
    whole = result("Table 9").after(result("Table 8", "Table 9"))
    assert [question.table for question in whole.questions] == ["Table 8", "Table 9"]
    alone = result("Table 9").after(result("Table 8", scale="other"))
    assert [question.table for question in alone.questions] == ["Table 9"]


def test_the_csv_has_a_row_for_each_seed_and_task() -> None:
    rows = list(csv.reader(StringIO(ablation_csv(result("Table 8")))))
    assert rows[1] == ["Table 8", "text encoder", "base", "0", "form", "0.800000", ""]
    assert len(rows) == 1 + 4 + 4 + 1 + 3
    assert rows[5][2] == "'=other"
    assert rows[9][2:] == ["third", "", "", "", "needs weights"]
    assert rows[-2][0].startswith("At small scale: synthetic ECGs, 6 steps. The paper trains on 771,500 ECGs")


def test_what_did_not_run_is_named_in_both_forms() -> None:
    variants = summarise(["base", "other", "third"], {"base": "needs weights", "other": OTHER, "third": BASE})
    assert math.isnan(variants[1].difference)  # there is nothing to compare with
    part = interaction([0.8, 0.9, 0.7], [0.7, 0.85, 0.7], [0.6, 0.7, 0.8], [0.7, 0.7, 0.75])
    question = QuestionResult("Table 8", "text encoder", variants, part)
    result = AblationResult("synthetic ECGs, 6 steps", 24, ("form", "rhythm"), (question,))
    written = json.loads(result.to_json(), parse_constant=lambda name: pytest.fail(name))
    assert written["questions"][0]["variants"][0]["not_run"] == "needs weights"
    assert written["questions"][0]["variants"][0]["macro"] is None
    text = result.to_markdown()
    assert "**At small scale: synthetic ECGs, 6 steps. The paper trains on 771,500 ECGs;" in text
    assert "| base | not run: needs weights | | |" in text
    assert "| other | 0.8550 ± 0.0354 | - | 0, 1 |" in text
    assert "interaction F" in text
