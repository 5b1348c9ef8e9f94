"""Which unit values without one can have, and when a person has to say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.formats.amplitude_unit import evident_unit
from suprem.ecg.formats.readers import TableFormat, read_upload
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, MissingFact
from tests.ecg.formats.test_readers import csv

Values = NDArray[np.float64]


def ecg(clean: EcgRecord, millivolts: float = 1.3) -> Values:
    """The clean record with a median lead that spans so much."""
    span = np.median(np.percentile(clean.signal, 99.9, axis=1) - np.percentile(clean.signal, 0.1, axis=1))
    return np.asarray(clean.signal * (millivolts / span), dtype=np.float64) + 1e-5


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "mV"), (1000.0, "uV"), (1e-3, "V")])
def test_the_one_unit_that_fits_is_taken_and_said(clean: EcgRecord, factor: float, unit: str) -> None:
    notes: list[str] = []
    assert evident_unit(ecg(clean) * factor, notes) == unit
    assert f"only be {unit}" in notes[0]


@pytest.mark.parametrize("millivolts", [0.4, 0.6, 1.0, 1.5, 2.0])
def test_tenths_of_a_millivolt_are_asked_for(clean: EcgRecord, millivolts: float) -> None:
    with pytest.raises(MissingFact, match="counts-per-mv"):
        evident_unit(ecg(clean, millivolts) * 10, [])


def whole(rows: Values) -> float:
    return float(np.abs(rows).max())


NORMALISED: dict[str, Callable[[Values], Values]] = {
    "-3 to 3": lambda x: 6 * (x - x.min()) / np.ptp(x) - 3,
    "-0.5 to 0.5": lambda x: (x - x.min()) / np.ptp(x) - 0.5,
    "0 to 1": lambda x: (x - x.min()) / np.ptp(x),
    "by the largest": lambda x: x / whole(x),
    "z-score of the whole": lambda x: (x - x.mean()) / x.std(),
    "z-score of each lead": lambda x: (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True),
    "-1 to 1 each lead": lambda x: 2 * (x - x.min(1, keepdims=True)) / np.ptp(x, axis=1, keepdims=True) - 1,
    "each lead by its largest": lambda x: 0.7 * x / np.abs(x).max(1, keepdims=True),
    "each lead's spread a fifth": lambda x: 0.2 * (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True),
}


@pytest.mark.parametrize("kind", NORMALISED)
@pytest.mark.parametrize("digits", [4, 9])
def test_normalised_values_are_said_to_be_so(clean: EcgRecord, kind: str, digits: int) -> None:
    with pytest.raises(MissingFact, match="normalised"):
        evident_unit(np.round(NORMALISED[kind](ecg(clean)), digits), [])


def test_counts_are_asked_for_and_read_with_their_number(clean: EcgRecord) -> None:
    counts = np.round(ecg(clean) * 204.8)
    with pytest.raises(MissingFact, match="counts-per-mv"):
        read_upload({"x.csv": csv(counts)}, table=TableFormat(fs=500))
    record = read_upload({"x.csv": csv(counts)}, table=TableFormat(fs=500, counts_per_mv=204.8))
    assert np.allclose(record.signal, ecg(clean), atol=3e-3)


@pytest.mark.parametrize("counts", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_number_of_counts_is_refused(counts: float) -> None:
    with pytest.raises(EcgError, match="counts per millivolt"):
        TableFormat(counts_per_mv=counts)
