"""Measurements as columns of numbers, and what is derived from them."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.ecg.measurement.measure import measure
from suprem.ecg.measurement.quantities import MEASURED, as_numbers, quantities
from suprem.ecg.record import LIMB_LEADS
from tests.tiny import ecg


def test_columns_are_what_the_measurements_say() -> None:
    found = measure(ecg(heart_rate=75.0, axis=30.0))
    numbers = dict(zip(MEASURED, as_numbers(found), strict=True))
    assert numbers["heart_rate"] == pytest.approx(75, abs=2)
    assert numbers["qrs"] == found.qrs.value
    assert np.rad2deg(np.arctan2(numbers["axis_sine"], numbers["axis_cosine"])) == pytest.approx(found.axis.value)
    assert numbers["r_V5"] == found.r["V5"].value
    assert numbers["t_V5"] == found.t["V5"].value
    assert len(MEASURED) == 60


def test_quantities_are_derived_from_the_leads_they_are_named_after() -> None:
    numbers = as_numbers(measure(ecg(heart_rate=75.0, axis=30.0)))
    derived = quantities({name: np.array([number]) for name, number in zip(MEASURED, numbers, strict=True)})
    one = dict(zip(MEASURED, numbers, strict=True))
    assert derived["axis"][0] == pytest.approx(30, abs=10)
    assert derived["sokolow_lyon"][0] == max(one["r_V5"], one["r_V6"]) - one["s_V1"]
    assert derived["limb_voltage"][0] == max(one[f"r_{lead}"] - one[f"s_{lead}"] for lead in LIMB_LEADS)


def test_no_beat_is_known_to_be_early_where_none_were_compared() -> None:
    table = {name: np.zeros(3) for name in MEASURED} | {
        "qrs": np.array([90, np.nan, np.nan]),
        "early": np.array([0, 0, 2.0]),
    }
    np.testing.assert_array_equal(quantities(table)["early"], [0, np.nan, 2])
