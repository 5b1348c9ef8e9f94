from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.inference.reference import operating_thresholds, reference_of, reference_percentile
from suprem.model_card import ClassFigures, ModelCard, ValidationFigures


@pytest.fixture
def card() -> ModelCard:
    logits = np.stack([np.linspace(-5, 5, 1001), np.zeros(1001)], axis=1)
    classes = [{"code": "AFIB", "auroc": 0.97, "ci": [0.95, 0.98], "positives": 12}]
    kept = ModelCard.of({"reference": reference_of(("AFIB", "SR"), logits), "validation": {"classes": classes}})
    return ModelCard.from_json(kept.to_json())


@pytest.mark.parametrize(("logit", "lower"), [(-9.0, 0.0), (0.0, 0.5), (2.5, 0.75), (4.9, 0.99), (9.0, 1.0)])
def test_the_share_of_lower_reference_records_is_right_to_a_percent(
    card: ModelCard, logit: float, lower: float
) -> None:
    found = reference_percentile(card, "AFIB", logit)
    assert found is not None
    assert found.lower == pytest.approx(lower, abs=0.01)
    assert (found.records, found.auroc, found.interval, found.positives) == (1001, 0.97, (0.95, 0.98), 12)


def test_a_query_without_figures_still_has_its_place(card: ModelCard) -> None:
    found = reference_percentile(card, "SR", -1.0)
    assert found is not None
    assert (found.lower, found.auroc, found.interval, found.positives) == (0.0, None, None, 0)


def test_what_the_card_does_not_know_has_no_standing(card: ModelCard) -> None:
    assert reference_percentile(card, None, 0.0) is None
    assert reference_percentile(card, "XYZ", 0.0) is None
    assert reference_percentile(ModelCard(), "AFIB", 0.0) is None


def test_a_class_that_no_reference_record_has_is_placed_without_an_auroc(card: ModelCard) -> None:
    rare = ClassFigures(code="AFIB", positives=0, auroc=None, ci=(None, None))
    found = reference_percentile(replace(card, validation=ValidationFigures(classes=(rare,))), "AFIB", 0.0)
    assert found is not None
    assert (found.auroc, found.interval) == (None, None)


def test_a_probability_is_given_where_the_card_has_a_calibration() -> None:
    fit = {"slope": 2.0, "intercept": -1.0, "ece": 0.02, "prevalence": 0.1}
    reference = reference_of(("AFIB", "NORM"), np.zeros((10, 2)))
    card = ModelCard.of({"reference": reference, "probability": {"maps": {"AFIB": fit}}})
    known, unknown = reference_percentile(card, "AFIB", 0.5), reference_percentile(card, "NORM", 0.5)
    assert known is not None
    assert unknown is not None
    assert (known.probability, known.calibration_error) == (pytest.approx(0.5), 0.02)
    assert (unknown.probability, unknown.calibration_error) == (None, None)


def test_how_records_with_the_finding_score_decides_what_is_high_and_low() -> None:
    logits = np.linspace(-5, 5, 1001)[:, None]
    classes = [{"code": "AFIB", "auroc": 0.97, "ci": [0.95, 0.98], "positives": 200}]
    reference = reference_of(("AFIB",), logits, logits > 3)
    card = ModelCard.of({"reference": reference, "validation": {"classes": classes}})
    missing, usual = reference_percentile(card, "AFIB", 1.0), reference_percentile(card, "AFIB", 4.0)
    assert missing is not None
    assert usual is not None
    assert (missing.lower_positives, missing.is_low, missing.is_high) == (0.0, True, False)
    assert usual.lower_positives == pytest.approx(0.5, abs=0.03)
    assert (usual.is_low, usual.is_high) == (False, True)


def test_a_calibrated_probability_decides_first_what_is_high() -> None:
    fit = {"slope": 1.0, "intercept": -3.0, "ece": 0.02, "prevalence": 0.1}
    reference = reference_of(("AFIB",), np.zeros((10, 1)))
    card = ModelCard.of({"reference": reference, "probability": {"maps": {"AFIB": fit}}})
    likely, unlikely = reference_percentile(card, "AFIB", 4.0), reference_percentile(card, "AFIB", 2.0)
    assert likely is not None
    assert unlikely is not None
    assert (likely.is_high, unlikely.is_high) == (True, False)


def test_too_few_records_with_the_finding_tell_nothing_of_how_they_score() -> None:
    kept = reference_of(("AFIB",), np.arange(50.0)[:, None], (np.arange(50) > 45)[:, None])
    assert kept.positive_quantiles == {}


def test_thresholds_stand_among_the_reference_records() -> None:
    points = [{"rule": "largest F1", "logit": 2.5, "sensitivity": 0.8, "specificity": 0.9}]
    reference = reference_of(("AFIB",), np.linspace(-5, 5, 1001)[:, None])
    card = ModelCard.of({"reference": reference, "operating_points": {"AFIB": points}})
    (point,) = operating_thresholds(card, "AFIB")
    assert point.lower == pytest.approx(0.75, abs=0.01)
    for unknown, code in ((card, "SR"), (ModelCard(), "AFIB"), (card, None)):
        assert operating_thresholds(unknown, code) == ()
