"""A number never reads as minus zero."""

from __future__ import annotations

import pytest

from suprem.ecg.measurement.measured import Measured, in_digits
from suprem.errors import EcgError


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [(-0.3, 0, False, "0"), (-0.001, 2, True, "+0.00"), (-0.15, 2, True, "-0.15"), (96.4, 0, False, "96")],
)
def test_digits(value: float, digits: int, signed: bool, text: str) -> None:
    assert in_digits(value, digits, signed=signed) == text


def test_a_measurement_is_a_number_or_a_reason() -> None:
    assert str(Measured(-0.2, "°")) == "0 °"
    assert str(Measured(None, "ms", "No P wave.")) == "–"
    with pytest.raises(EcgError, match="either"):
        Measured(None, "ms")
