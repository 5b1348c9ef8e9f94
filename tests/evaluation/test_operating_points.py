"""Thresholds are chosen on one half of the patients and judged on the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from suprem.evaluation.operating_points import (
    LARGEST_F1,
    Proportion,
    first_half,
    operating_points,
    thresholds,
)
from tests.evaluations import corpus_index, evaluate_invented


def test_thresholds_are_those_of_trying_all() -> None:
    rng = np.random.default_rng(1)
    present = rng.random(60) < 0.3
    logits = np.round(rng.normal(size=60) + present, 1)  # with ties
    chosen = thresholds(present, logits)

    def counts(threshold: float) -> tuple[int, int]:
        called = logits >= threshold
        return int((called & present).sum()), int((called & ~present).sum())

    def f1(threshold: float) -> float:
        true, false = counts(threshold)
        return 2 * true / (true + false + present.sum())

    assert f1(chosen[LARGEST_F1]) == pytest.approx(max(map(f1, logits)))
    for least in (0.90, 0.95):
        threshold = chosen[f"specificity at least {least:.2f}"]
        true, false = counts(threshold)
        assert 1 - false / (~present).sum() >= least
        allowed = [t for t in logits if 1 - counts(t)[1] / (~present).sum() >= least]
        assert true == max((counts(t)[0] for t in allowed), default=0)


def test_no_patient_is_on_both_sides_and_figures_are_of_the_other_half() -> None:
    scores = evaluate_invented("ptbxl_rhythm", corpus_index(Path()), checkpoint="a", noise=1.0).scores
    choosing = first_half(scores.patients)
    assert 0.35 < choosing.mean() < 0.65
    sides = {patient: set() for patient in scores.patients}
    for patient, half in zip(scores.patients, choosing, strict=True):
        sides[patient].add(bool(half))
    assert all(len(side) == 1 for side in sides.values())

    points, rare = operating_points(scores)
    assert {point.code for point in points} == {"SR", "AFIB", "STACH"}
    assert len(rare) == 9
    assert "fewer than 10 records" in rare[0].reason
    for point in points:
        column = scores.origin.codes.index(point.code)
        held, called = scores.present[~choosing, column], expit(scores.logits[~choosing, column].astype(float))
        assert point.judged_on == (int((~choosing).sum()), int(held.sum()))
        assert point.chosen_on == (int(choosing.sum()), int(scores.present[choosing, column].sum()))
        assert point.sensitivity.value == pytest.approx((called >= point.score - 1e-12)[held].mean())
        assert point.specificity.value == pytest.approx((called < point.score - 1e-12)[~held].mean())


def test_wilsons_interval_is_the_textbooks() -> None:
    share = Proportion.of(81, 263)  # Newcombe, Statistics in Medicine 17 (1998) 857, table I
    assert share.value == pytest.approx(0.3080, abs=5e-5)
    assert share.ci == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert np.isnan(Proportion.of(0, 0).value)
