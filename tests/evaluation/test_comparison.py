"""Comparisons: pairing, tests class by class, and refusals of what cannot be compared."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.comparison import Comparison, bootstrap_p, compare_scores
from suprem.evaluation.metrics import auroc, delong_test, holm
from suprem.evaluation.score_table import ScoreOrigin, ScoreTable

ORIGIN = ScoreOrigin("csn", "exact", ("A", "B", "C"), "all records", "cleanest", "abc", "fake", "simplified")


def scores(strength: float, *, seed: int, records: int = 300) -> ScoreTable:
    """Labels that are always the same, and scores that carry them with some strength; C has one positive."""
    rng = np.random.default_rng(0)
    present = rng.random((records, 3)) < (0.4, 0.2, 0.0)
    present[0, 2] = True
    logits = np.random.default_rng(seed).normal(size=present.shape) + strength * present
    names = tuple(f"r{row:03d}" for row in range(records))
    return ScoreTable(ORIGIN, names, tuple(f"p{row // 2}" for row in range(records)), present, logits)


def test_the_better_model_is_seen_class_by_class_and_overall() -> None:
    first, second = scores(2.0, seed=1), scores(0.5, seed=2)
    found = compare_scores(first, second, draws=300)
    expected = auroc(first.present, first.logits) - auroc(first.present, second.logits)
    assert [entry.difference for entry in found.classes] == pytest.approx(expected)
    assert found.difference == pytest.approx(expected.mean())
    assert found.ci[0] < found.difference < found.ci[1]
    raw = [delong_test(first.present[:, i], first.logits[:, i], second.logits[:, i])[1] for i in range(3)]
    np.testing.assert_allclose([entry.delong_p for entry in found.classes], raw)
    np.testing.assert_allclose([entry.holm_p for entry in found.classes], holm(raw))
    assert [entry.reliable for entry in found.classes] == [True, True, False]
    back = compare_scores(second, first, draws=300)
    assert back.difference == -found.difference
    assert back.ci == pytest.approx((-found.ci[1], -found.ci[0]))
    assert back.p_value == found.p_value


def test_equal_models_differ_by_nothing() -> None:
    found = compare_scores(scores(1.0, seed=1), scores(1.0, seed=1), draws=50)
    assert (found.difference, found.ci, found.p_value) == (0.0, (0.0, 0.0), 1.0)
    assert found.classes[0].delong_p == 1.0


def test_the_order_of_the_records_does_not_matter() -> None:
    first, second = scores(1.0, seed=1), scores(0.5, seed=2)
    turned = ScoreTable(
        ORIGIN, second.record_ids[::-1], second.patients[::-1], second.present[::-1], second.logits[::-1]
    )
    turned_first, straight = (compare_scores(first, other, draws=50) for other in (turned, second))
    assert Comparison((turned_first,), None).to_json() == Comparison((straight,), None).to_json()  # NaN is not itself


def test_json_has_null_where_a_test_could_not_be_made() -> None:
    found = compare_scores(scores(2.0, seed=1), scores(0.5, seed=2), draws=50)
    written = json.loads(Comparison((found,), None).to_json(), parse_constant=lambda name: pytest.fail(name))
    assert written["tasks"][0]["classes"][2]["delong_p"] is None
    assert written["across"] is None


def test_what_is_not_of_the_same_records_is_refused_by_name() -> None:
    first = scores(1.0, seed=1)
    with pytest.raises(EvaluationError, match="labels is exact in the first, merl in the second"):
        compare_scores(first, replace(first, origin=replace(ORIGIN, labels="merl")))
    fewer = scores(1.0, seed=1, records=298)
    with pytest.raises(EvaluationError, match="2 records of csn are scored in one of the files only, first r298, r299"):
        compare_scores(first, fewer)
    with pytest.raises(EvaluationError, match="different labels"):
        compare_scores(first, replace(first, present=~first.present))


def test_the_p_value_of_draws_is_never_zero() -> None:
    assert bootstrap_p(np.full(99, 0.1)) == pytest.approx(2 / 100)
    assert bootstrap_p(np.array([-1.0, 1.0])) == 1.0
    assert math.isnan(bootstrap_p(np.array([np.nan])))
