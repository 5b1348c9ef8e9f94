"""What is read of recordings longer than the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.datasets.crop import cropped_signals
from suprem.ecg.preprocess import SignalSpec
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import EcgError
from tests.tiny import ecg, write_wfdb

SPEC = SignalSpec()


def counting(folder: Path, seconds: float) -> Path:
    """Write a record at 100 Hz in which every lead rises by 0.1 mV in each second."""
    signal = np.tile(np.floor(np.arange(round(seconds * 100)) / 100) / 10, (12, 1)).astype(np.float32)
    path = folder / "record"
    write_wfdb(path, EcgRecord(signal=signal, fs=100.0, leads=LEADS, record_id="record", source="test"))
    return path.with_suffix(".hea")


def read(path: Path, rule: str) -> NDArray[np.float32]:
    (found,) = cropped_signals([path], SPEC, rule)
    assert not isinstance(found.signal, EcgError), found.signal
    return found.signal


def test_the_published_crop_is_the_first_five_seconds_and_the_rest_empty(tmp_path: Path) -> None:
    signal = read(counting(tmp_path, 25), "published")
    assert signal.shape == (1, 8, 1000)
    assert np.ptp(signal[0, 0, :500]) == pytest.approx(0.4, abs=0.001)
    assert (signal[0, :, 500:] == 0).all()


@pytest.mark.parametrize(("seconds", "windows"), [(6, 1), (10, 1), (10.5, 2), (20, 2), (25, 3), (60, 6)])
def test_full_length_is_read_in_as_few_windows_as_cover_it(tmp_path: Path, seconds: float, windows: int) -> None:
    assert read(counting(tmp_path, seconds), "full").shape == (windows, 8, 1000)


def test_the_last_window_ends_with_the_recording(tmp_path: Path) -> None:
    signal = read(counting(tmp_path, 25), "full")  # from 0, 7.5 and 15 s
    steps = [np.flatnonzero(np.diff(window[0]) > 0.05)[0] for window in signal]
    assert steps == [99, 49, 99]


def test_the_cleanest_window_is_left_to_the_usual_preprocessing(tmp_path: Path) -> None:
    assert read(counting(tmp_path, 25), "cleanest").shape == (8, 1000)


def test_what_cannot_be_read_is_an_error_in_its_place(tmp_path: Path) -> None:
    short = counting(tmp_path, 3)
    first, second = (one.signal for one in cropped_signals([short, tmp_path / "nowhere.hea"], SPEC, "full"))
    assert isinstance(first, EcgError)
    assert "3.00 s long" in str(first)
    assert isinstance(second, EcgError)


@pytest.mark.parametrize("rule", ["cleanest", "full"])
def test_what_is_warned_of_stands_beside_the_signal(tmp_path: Path, rule: str) -> None:
    record = ecg(noise=0.01)
    write_wfdb(tmp_path / "seven", replace(record, signal=record.signal[5:], leads=record.leads[5:]))
    write_wfdb(tmp_path / "whole", record)
    seven, whole = cropped_signals([tmp_path / "seven.hea", tmp_path / "whole.hea"], SPEC, rule)
    assert isinstance(seven.signal, np.ndarray)
    assert "at least 8 of the twelve leads are needed" in seven.remarks
    assert whole.remarks == ""
