"""Display filters do to known sines what their names say, and nothing to the record that is scored."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.ecg.record import EcgRecord
from suprem.paper.display_filter import DisplayFilter, filter_for_display, possible_filters
from tests.tiny import ecg

FS = 500.0


def sine(hertz: float, seconds: float = 30.0) -> EcgRecord:
    t = np.arange(round(seconds * FS)) / FS
    return EcgRecord(np.sin(2 * np.pi * hertz * t, dtype=np.float32)[None], ("II",), FS, "sine", "test")


def response(chosen: DisplayFilter, hertz: float) -> complex:
    """Return what is left of a sine, with its phase, over the middle third."""
    before = sine(hertz)
    after = filter_for_display(before, (chosen,))
    middle = slice(round(10 * FS), round(20 * FS))
    wave = np.exp(-2j * np.pi * hertz * np.arange(before.signal.shape[1]) / FS)[middle]
    return complex((after.signal[0, middle] @ wave) / (before.signal[0, middle] @ wave))


@pytest.mark.parametrize(
    ("chosen", "hertz", "left"),
    [
        (DisplayFilter.BASELINE, 0.1, pytest.approx(0.0, abs=0.01)),
        (DisplayFilter.BASELINE, 0.5, pytest.approx(np.sqrt(0.5), abs=0.01)),
        (DisplayFilter.BASELINE, 5.0, pytest.approx(1.0, abs=0.01)),
        (DisplayFilter.MUSCLE, 10.0, pytest.approx(1.0, abs=0.01)),
        (DisplayFilter.MUSCLE, 40.0, pytest.approx(np.sqrt(0.5), abs=0.01)),
        (DisplayFilter.MUSCLE, 150.0, pytest.approx(0.0, abs=0.01)),
        (DisplayFilter.MAINS_50, 50.0, pytest.approx(0.0, abs=0.01)),
        (DisplayFilter.MAINS_50, 40.0, pytest.approx(1.0, abs=0.01)),
        (DisplayFilter.MAINS_50, 60.0, pytest.approx(1.0, abs=0.01)),
        (DisplayFilter.MAINS_60, 60.0, pytest.approx(0.0, abs=0.01)),
    ],
)
def test_a_sine_keeps_what_the_name_says_and_is_not_delayed(chosen: DisplayFilter, hertz: float, left: float) -> None:
    got = response(chosen, hertz)
    assert abs(got) == left
    if abs(got) > 0.5:
        assert np.angle(got) == pytest.approx(0.0, abs=0.01)


def test_the_record_itself_is_not_touched() -> None:
    record = ecg(seed=1, wander=0.5)
    before = record.signal.copy()
    filtered = filter_for_display(record, (DisplayFilter.BASELINE, DisplayFilter.MUSCLE))
    np.testing.assert_array_equal(record.signal, before)
    assert not np.array_equal(filtered.signal, before)
    assert filter_for_display(record, ()) is record


def test_missing_samples_stay_missing_and_an_empty_lead_stays_empty() -> None:
    record = ecg()
    record.signal[0, 100:150] = np.nan
    record.signal[3] = np.nan
    filtered = filter_for_display(record, tuple(DisplayFilter)[:2])
    np.testing.assert_array_equal(np.isnan(filtered.signal), np.isnan(record.signal))


def test_only_filters_that_the_sampling_rate_has_room_for_are_offered() -> None:
    assert possible_filters(500.0) == tuple(DisplayFilter)
    assert possible_filters(100.0) == (DisplayFilter.BASELINE,)


def test_a_recording_shorter_than_the_room_at_its_ends_is_filtered_too() -> None:
    assert filter_for_display(sine(5.0, seconds=0.5), tuple(DisplayFilter)).signal.shape == (1, 250)
