"""The ROC curve has the area that the AUROC says, and its band lies around it."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.metrics import auroc
from suprem.evaluation.roc import GRID, roc


def test_the_area_under_the_curve_is_the_auroc_and_the_band_holds_it() -> None:
    rng = np.random.default_rng(0)
    present = np.arange(200) % 4 == 0
    scores = np.round(rng.normal(size=200) + present, 1)
    curve = roc(present, scores, [str(row // 2) for row in range(200)], draws=60)
    area = np.trapezoid(curve.sensitivity, curve.false_positive_rate)
    assert area == pytest.approx(auroc(present[:, None], scores[:, None])[0], abs=1e-9)
    middle = np.interp(GRID, curve.false_positive_rate, curve.sensitivity)
    assert (curve.low <= curve.high).all()
    assert ((curve.low - 0.05 <= middle) & (middle <= curve.high + 0.05)).all()


def test_a_class_that_nobody_or_everybody_has_has_no_curve() -> None:
    for present in (np.zeros(5, bool), np.ones(5, bool)):
        with pytest.raises(EvaluationError, match="of 5 records have the class"):
            roc(present, np.arange(5.0), list("abcde"))
