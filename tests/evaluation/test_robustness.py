"""Conditions are compared on the same records and draws; company and wordings are told apart from arithmetic."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from suprem.concepts.query import CardiacQuery
from suprem.evaluation.metrics import auroc, macro, patient_resamples, percentile_interval, resampled_auroc
from suprem.evaluation.robustness import Paraphrases, Undisturbed, ask_otherwise, company_sensitivity, independent
from suprem.evaluation.robustness_result import RobustnessResult

RECORDS = 60


@pytest.fixture
def undisturbed() -> Undisturbed:
    rng = np.random.default_rng(0)
    present = rng.random((RECORDS, 2)) < 0.4
    logits = rng.normal(size=present.shape) + 2 * present
    patients = tuple(f"p{row // 2}" for row in range(RECORDS))
    return Undisturbed(("A", "B"), present, patients, logits, draws=100, seed=0)


class Company:
    """Scores a query by the signal's first sample; a bias of the list's length makes it depend on company."""

    def __init__(self, bias: float) -> None:
        self.bias = bias

    def vectors(self, queries: Sequence[object]) -> NDArray[np.float32]:
        raise NotImplementedError

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return signals[:, 0, :1] * vectors[:, 0] + np.float32(self.bias * len(vectors))


def test_a_condition_is_compared_on_the_same_draws(undisturbed: Undisturbed) -> None:
    worse = undisturbed.logits + np.random.default_rng(1).normal(size=undisturbed.logits.shape) * [0, 3]
    found = undisturbed.against("noise", "noise", worse, "")
    present, before = undisturbed.present, undisturbed.logits
    apart = auroc(present, worse) - auroc(present, before)
    assert found.difference == pytest.approx(apart.mean())
    assert (found.worst, found.worst_difference) == ("B", pytest.approx(apart[1]))
    assert (found.records, found.changed, found.refused) == (RECORDS, RECORDS, 0)
    assert found.shift == pytest.approx(np.abs(expit(worse) - expit(before)).mean())
    draws = patient_resamples(undisturbed.patients, draws=100, seed=0)
    expected = macro(resampled_auroc(present, worse, draws)) - macro(resampled_auroc(present, before, draws))
    assert found.ci == pytest.approx(tuple(percentile_interval(expected)))


def test_records_that_cannot_be_scored_are_left_out_of_both(undisturbed: Undisturbed) -> None:
    disturbed = undisturbed.logits.copy()
    disturbed[:10] = np.nan
    found = undisturbed.against("leads lost", "leads", disturbed, "No lead is left.")
    assert (found.records, found.changed, found.refused, found.reason) == (50, 0, 10, "No lead is left.")
    assert (found.difference, found.ci, found.shift) == (0.0, (0.0, 0.0), 0.0)
    none = undisturbed.against("mains", "noise", np.full_like(disturbed, np.nan), "Too slow.")
    assert (none.records, none.refused) == (0, RECORDS)
    assert math.isnan(none.macro)


def test_company_that_matters_is_seen_and_arithmetic_is_not() -> None:
    rng = np.random.default_rng(0)
    signals = rng.normal(size=(4, 1, 1)).astype(np.float32)
    vectors, others = (rng.normal(size=(count, 1)).astype(np.float32) for count in (3, 5))
    alone = company_sensitivity(Company(0.0), signals, vectors, others)
    assert [entry.company for entry in alone] == ["each alone", "in reverse", "among 5 others"]
    assert independent(alone)
    assert not any(entry.largest for entry in alone)
    biased = company_sensitivity(Company(0.01), signals, vectors, others)
    assert [entry.independent for entry in biased] == [False, True, False]
    assert biased[2].largest > biased[0].largest > biased[0].mean > 0


def test_other_words_are_asked_in_their_place_where_company_matters() -> None:
    signals = np.ones((2, 1, 1), np.float32)
    vectors, others = np.array([[1.0], [2.0]], np.float32), np.array([[3.0], [4.0], [5.0]], np.float32)
    apart = ask_otherwise(Company(0.5), signals, vectors, [0, 0, 1], others, apart=True)
    assert apart[0].tolist() == [4.0, 5.0, 6.0]  # a list of two each time
    together = ask_otherwise(Company(0.5), signals, vectors, [0, 0, 1], others, apart=False)
    assert together[0].tolist() == [4.5, 5.5, 6.5]
    assert ask_otherwise(Company(0.5), signals, vectors, [], others[:0], apart=True).shape == (2, 0)


def test_paraphrases_are_judged_with_and_without_the_dictionary(undisturbed: Undisturbed) -> None:
    query = CardiacQuery("atrial fibrillation", "atrial fibrillation", "AFIB")
    known = CardiacQuery("AF", "atrial fibrillation", "AFIB")
    other = CardiacQuery("quivering atria", "quivering atria")
    words = Paraphrases((CardiacQuery("x", "x"), query), ((), (known, other)))
    assert [asked.prompt for asked in words.asked] == [
        *("atrial fibrillation", "atrial fibrillation", "quivering atria", "AF", "quivering atria")
    ]
    assert all(asked.code is None for asked in words.asked[3:])
    assert words.columns == (1,) * 5
    truth, logits = undisturbed.present[:, 1], undisturbed.logits
    paraphrased = np.column_stack([logits[:, 1], logits[:, 1], truth, ~truth, truth]).astype(float)
    (found,) = words.judge(("A", "B"), undisturbed.present, logits, paraphrased)
    area = auroc(undisturbed.present, logits)[1]
    assert (found.code, found.query, found.auroc) == ("B", "atrial fibrillation", pytest.approx(area))
    assert [wording.known for wording in found.wordings] == [True, False]
    assert [wording.auroc for wording in found.wordings] == pytest.approx([area, 1.0])
    assert [wording.auroc_as_written for wording in found.wordings] == [0.0, 1.0]
    assert found.spread == pytest.approx(1 - area)
    assert found.spread_as_written == 1.0
    result = RobustnessResult("csn", "all", "c", "fake", RECORDS, 0, math.nan, (), (), (found,), 100, 0)
    assert json.loads(result.to_json(), parse_constant=lambda name: pytest.fail(name))["macro"] is None
