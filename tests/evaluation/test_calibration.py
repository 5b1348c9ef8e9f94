"""Calibration against hand-computed cases and a known temperature; nothing is fitted on what is judged."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from suprem.evaluation.calibration import (
    MIN_MAPPED,
    ValidationScores,
    calibrations,
    expected_calibration_error,
    fit_temperature,
    isotonic_scores,
    probability_maps,
    reliability,
)
from suprem.evaluation.metrics import auroc


def drawn(records: int, temperature: float, *, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels drawn with the frequencies sigmoid(logit), and logits that are `temperature` times too large."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=1.5, size=(records, 3))
    return rng.random(logits.shape) < expit(logits), logits * temperature


def test_the_error_of_a_case_computed_by_hand() -> None:
    # Two bins: scores 0.1 and 0.3 (mean 0.2) with no positive, 0.6 and 0.8 (mean 0.7) with one of two: 0.2 and 0.2.
    present, scores = np.array([0, 0, 1, 0], bool), np.array([0.1, 0.3, 0.6, 0.8])
    assert reliability(present, scores, 2) == (
        (pytest.approx(0.2), 0.0, 2),
        (pytest.approx(0.7), 0.5, 2),
    )
    assert expected_calibration_error(present, scores, 2) == pytest.approx(0.2)


def test_scores_that_are_frequencies_have_a_small_error_and_others_not() -> None:
    present, logits = drawn(20_000, 1.0, seed=0)
    assert expected_calibration_error(present[:, 0], expit(logits[:, 0])) < 0.02
    assert expected_calibration_error(present[:, 0], expit(4 * logits[:, 0])) > 0.08


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_is_found_again(temperature: float) -> None:
    present, logits = drawn(20_000, temperature, seed=1)
    assert fit_temperature(present, logits) == pytest.approx(temperature, rel=0.05)


def test_calibration_on_other_records_mends_the_error_and_a_temperature_keeps_the_order() -> None:
    present, logits = drawn(5_000, 4.0, seed=2)
    raw, temperature, isotonic = calibrations(
        ("A", "B", "C"), present, logits, ValidationScores("folds 9", *drawn(5_000, 4.0, seed=3))
    )
    assert (raw.fitted_on, temperature.fitted_on) == ("", "folds 9")
    assert raw.ece > 0.08
    assert temperature.ece < raw.ece / 3
    assert isotonic.ece < raw.ece / 3
    assert temperature.brier < raw.brier
    assert temperature.temperature == pytest.approx(4.0, rel=0.1)
    assert np.isnan(raw.temperature)
    assert auroc(present, logits / temperature.temperature) == pytest.approx(auroc(present, logits))
    assert sum(count for _, _, count in raw.reliability) == present.size


def test_classes_too_rare_to_fit_or_to_judge_are_left_out() -> None:
    present, logits = drawn(200, 1.0, seed=4)
    present[:, 1] = False
    fit_present, fit_logits = drawn(200, 1.0, seed=5)
    fit_present[:, 2] = False
    fit_present[:9, 2] = True
    validation = ValidationScores("folds 9", fit_present, fit_logits)
    raw, _, isotonic = calibrations(("A", "B", "C"), present, logits, validation)
    assert raw.classes == ("A", "C")
    assert isotonic.classes == ("A",)
    assert len(isotonic.ece_of_class) == 1
    scores, fitted = isotonic_scores(validation, logits)
    assert fitted.tolist() == [True, True, False]
    assert np.isfinite(scores[:, fitted]).all()


def test_nothing_to_judge_is_nan_without_a_warning() -> None:
    (raw,) = calibrations(("A",), np.zeros((5, 1), bool), np.zeros((5, 1)))
    assert np.isnan(raw.ece)
    assert raw.reliability == ()


def test_a_map_to_probabilities_finds_the_slope_and_leaves_rare_classes_out() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(1500, 2))
    present = random.random((1500, 2)) < expit(2.0 * logits - 1.0)
    present[:, 1] = False
    present[: MIN_MAPPED - 1, 1] = True
    patients = [str(row // 2) for row in range(1500)]
    found = probability_maps(("A", "B"), present, logits, patients)
    assert found.records == 1500
    assert found.maps.keys() == {"A"}
    fit = found.maps["A"]
    assert (fit.slope, fit.intercept) == (pytest.approx(2.0, abs=0.3), pytest.approx(-1.0, abs=0.3))
    assert fit.ece < 0.06 < expected_calibration_error(present[:, 0], expit(logits[:, 0]))
    assert fit.prevalence == pytest.approx(present[:, 0].mean(), abs=1e-3)
