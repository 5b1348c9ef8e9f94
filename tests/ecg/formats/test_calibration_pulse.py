"""The calibration pulse inside the signal, as devices leave it, at either end and in any format."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfiltfilt

from suprem.ecg.formats.calibration_pulse import without_calibration
from suprem.ecg.formats.readers import TableFormat, read_upload
from suprem.ecg.record import LEADS, EcgRecord
from tests.ecg.formats.test_readers import csv

FS = 500
RNG = np.random.default_rng(3)


def pulse(millivolts: float = 1.0, seconds: float = 0.2, fs: float = FS) -> NDArray[np.float64]:
    level = np.zeros(round(0.2 * fs))
    return np.concatenate([level, np.full(round(seconds * fs), millivolts), level])


def hiss(width: int) -> NDArray[np.float64]:
    return np.asarray(RNG.normal(0, 0.004, (12, width)))


PULSES = {
    "as it is": pulse(),
    "half gain": pulse(0.5),
    "a short one": pulse(seconds=0.1),
    "a long one": pulse(seconds=0.5),
    "two": np.tile(pulse(), 2),
    "through a low-pass": sosfiltfilt(butter(2, 40, fs=FS, output="sos"), pulse()),
    "drooping through a high-pass": sosfilt(butter(1, 0.3, "high", fs=FS, output="sos"), pulse()),
}


@pytest.mark.parametrize("kind", PULSES)
@pytest.mark.parametrize("behind", [True, False])
def test_a_pulse_at_either_end_is_cut_off_and_that_is_said(clean: EcgRecord, kind: str, behind: bool) -> None:
    added = PULSES[kind] + hiss(PULSES[kind].size)
    signal = np.concatenate([clean.signal, added] if behind else [added, clean.signal], axis=1).astype(np.float32)
    left, note = without_calibration(signal, FS)
    assert ("last" if behind else "first") in note
    assert -0.2 * FS <= clean.signal.shape[1] - left.shape[1] <= 0.25 * FS
    assert np.abs(left).max() <= np.abs(clean.signal).max() + 0.02


def test_a_pulse_on_the_level_of_each_lead_and_at_100_hz_is_found(clean: EcgRecord) -> None:
    coarse = clean.signal[:, ::5]
    added = coarse[:, -1:] + pulse(fs=100) + hiss(pulse(fs=100).size)
    left, note = without_calibration(np.concatenate([coarse, added], axis=1).astype(np.float32), 100)
    assert note
    assert left.shape[1] <= coarse.shape[1] + 20


def test_limb_leads_computed_from_a_pulse_do_not_hide_it(clean: EcgRecord) -> None:
    """III of a pulse in I and II is nothing, aVR turned, aVL and aVF half."""
    added = np.array([1, 1, 0, -1, 0.5, 0.5, *[1] * 6])[:, None] * pulse()
    left, note = without_calibration(np.concatenate([clean.signal, added], axis=1).astype(np.float32), FS)
    assert note
    assert left.shape[1] <= clean.signal.shape[1] + 0.2 * FS


def test_a_heart_is_no_pulse(clean: EcgRecord) -> None:
    for factor in (0.5, 1.0, 2.0):
        assert without_calibration(clean.signal * np.float32(factor), FS)[1] == ""


def test_every_reader_cuts_it_off(clean: EcgRecord) -> None:
    whole = np.concatenate([clean.signal, np.tile(pulse(), (12, 1))], axis=1).astype(np.float32)
    record = read_upload({"x.csv": csv(whole, ",".join(LEADS))}, table=TableFormat(fs=FS, unit="mV"))
    assert record.signal.shape[1] <= clean.signal.shape[1]
    assert any("calibration pulse" in note for note in record.notes)
