"""Figures over seeds: means, spreads and differences seed by seed, and what did not run."""

from __future__ import annotations

import json
import math

import pytest

from suprem.evaluation.ablation import AblationResult, QuestionResult, over_tasks, summarise
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


def test_what_did_not_run_is_named_in_both_forms() -> None:
    variants = summarise(["base", "other", "third"], {"base": "needs weights", "other": OTHER, "third": BASE})
    assert math.isnan(variants[1].difference)  # there is nothing to compare with
    part = interaction([0.8, 0.9, 0.7], [0.7, 0.85, 0.7], [0.6, 0.7, 0.8], [0.7, 0.7, 0.75])
    question = QuestionResult("Table 8", "text encoder", variants, part)
    result = AblationResult("synthetic ECGs, 6 steps", ("form", "rhythm"), (question,))
    written = json.loads(result.to_json(), parse_constant=lambda name: pytest.fail(name))
    assert written["questions"][0]["variants"][0]["not_run"] == "needs weights"
    assert written["questions"][0]["variants"][0]["macro"] is None
    text = result.to_markdown()
    assert "**Scale: synthetic ECGs, 6 steps.**" in text
    assert "| base | not run: needs weights | | |" in text
    assert "| other | 0.8550 ± 0.0354 | - | 0, 1 |" in text
    assert "interaction F" in text
