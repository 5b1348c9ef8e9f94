"""The axes of P and T are those of synthetic waves; where a wave is missing, so is its axis."""

from __future__ import annotations

import pytest

from suprem.ecg.measurement.measure import measure
from suprem.ecg.synthetic import Rhythm, SyntheticSpec, synthesize


def test_sinus_p_and_an_upright_t_point_down_and_left() -> None:
    found = measure(synthesize(SyntheticSpec()))
    assert found.p_axis.value == pytest.approx(40, abs=40)
    assert found.t_axis.value == pytest.approx(40, abs=50)


def test_without_p_there_is_no_axis_of_p() -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.FIBRILLATION, seed=3)))
    assert found.p_axis.value is None
    assert "No P wave" in found.p_axis.reason


def test_a_rate_alone_gives_no_axis() -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.PACED)))
    assert found.t_axis.reason == found.qrs.reason
