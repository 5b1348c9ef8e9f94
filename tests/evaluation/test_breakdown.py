"""Strata of queries and groups of patients: like with like."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from suprem.concepts.query import Support
from suprem.evaluation.breakdown import by_group, by_stratum, stratify
from suprem.evaluation.metrics import auroc
from suprem.evaluation.query_set import QuerySet
from tests.tiny import VOCABULARY


def test_a_class_is_as_well_known_as_its_best_phrase() -> None:
    queries = QuerySet("mine", (("unremarkable ECG",), ("strange", "LBBB"), ("nearly this",), ("unheard of",)))
    supports = [Support.TRAINED, Support.OUTSIDE, Support.TRAINED, Support.NEAR, Support.OUTSIDE]
    assert stratify(queries, VOCABULARY, supports) == ("seen", "seen", "near", "unseen")


def test_a_stratum_is_the_mean_of_its_classes_that_have_a_value() -> None:
    values = np.array([0.9, 0.7, np.nan, 0.6])
    resampled = np.tile(values, (10, 1))
    seen, unseen = by_stratum(("seen", "seen", "seen", "unseen"), "ABCD", values, resampled)
    assert (seen.name, seen.codes, seen.macro) == ("seen", ("A", "B"), pytest.approx(0.8))
    assert seen.macro_ci == pytest.approx((0.8, 0.8))
    assert (unseen.name, unseen.codes) == ("unseen", ("D",))


def records(count: int) -> tuple[pd.DataFrame, NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "patient_id": [f"p{row}" for row in range(count)],
            "sex": ["female", "male"] * (count // 2),
            "age": [float("nan"), 30.0, 50.0, 70.0] * (count // 4),
            "device": "CS-12   E",
        }
    )
    present = rng.random((count, 3)) < 0.4
    present[:, 2] &= (table["sex"] == "male").to_numpy()
    return table, present, rng.normal(size=present.shape) + present


def test_groups_are_compared_on_the_classes_that_all_of_them_have() -> None:
    table, present, scores = records(400)
    groups = by_group(table, ("A", "B", "C"), present, scores, draws=50, seed=0)
    assert [(group.variable, group.name) for group in groups] == [
        ("sex", "female"),
        ("sex", "male"),
        ("age", "under 40"),
        ("age", "40 to 59"),
        ("age", "60 to 79"),
    ]
    women = groups[0]
    rows = (table["sex"] == "female").to_numpy()
    assert (women.records, women.codes) == (200, ("A", "B"))  # no woman has C
    assert women.macro == pytest.approx(auroc(present[rows, :2], scores[rows, :2]).mean())
    assert women.macro_ci[0] < women.macro < women.macro_ci[1]


def test_small_groups_and_variables_of_one_group_are_left_out() -> None:
    table, present, scores = records(80)
    assert by_group(table, ("A", "B", "C"), present, scores, draws=10, seed=0) == ()


def test_groups_without_a_shared_class_say_so() -> None:
    table, present, scores = records(400)
    present[:, :2] = False
    groups = by_group(table, ("A", "B", "C"), present, scores, draws=10, seed=0)
    assert {group.codes for group in groups if group.variable == "sex"} == {()}
    assert math.isnan(groups[0].macro)
