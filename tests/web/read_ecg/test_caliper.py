"""A box is measured in the units of the strip under it, at every scale."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.ecg.record import LEADS, EcgRecord
from suprem.paper.layout import GAINS, SPEEDS, Layout, PaperScale, lay_out
from suprem.web.read_ecg.caliper import caliper_reading, measure_between


def square_wave() -> EcgRecord:
    """Return 10 s in which each lead jumps by 0.1 mV times its number at every half second."""
    t = np.arange(5000) / 500.0
    rows = [(np.floor(2 * t) % 2) * 0.1 * number for number in range(1, 13)]
    return EcgRecord(np.array(rows, np.float32), LEADS, 500.0, "square", "test")


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("gain", GAINS)
@pytest.mark.parametrize("layout", list(Layout))
def test_a_box_of_800_milliseconds_and_one_and_a_half_millivolts(layout: Layout, speed: float, gain: float) -> None:
    scale = PaperScale(speed, gain)
    for sheet in lay_out(layout, 10.0, scale).parts():
        for strip in sheet.strips:
            x = [(strip.first + 0.5) * speed, (strip.first + 1.3) * speed]
            y = [strip.middle + 0.75 * gain, strip.middle - 0.75 * gain]
            found = caliper_reading(square_wave(), sheet, x, y, start=3.0)
            assert found is not None
            assert found.lead == strip.name
            assert found.milliseconds == pytest.approx(800.0)
            assert found.per_minute == pytest.approx(75.0)
            assert found.millivolts == pytest.approx(1.5)
            assert found.first == pytest.approx(3.0 + strip.first + 0.5)
            assert found.peak_to_peak == pytest.approx(0.1 * (1 + LEADS.index(strip.lead)), abs=1e-6)


def test_corners_may_come_in_any_order() -> None:
    sheet = lay_out(Layout.FULL_LENGTH, 10.0)
    record = square_wave()
    assert caliper_reading(record, sheet, [50, 25], [0, 10]) == caliper_reading(record, sheet, [25, 50], [10, 0])


def test_the_width_of_a_qrs_complex_is_no_rate() -> None:
    found = caliper_reading(square_wave(), lay_out(Layout.FULL_LENGTH, 10.0), [25.0, 27.5], [0.0, 5.0])
    assert found is not None
    assert found.per_minute is None
    assert str(found).startswith("V6: Δt 100 ms · ΔU 0.50 mV")
    assert "bpm" not in str(found)


def test_a_box_beside_the_time_axis_measures_nothing() -> None:
    sheet = lay_out(Layout.COLUMNS, 10.0)
    assert caliper_reading(square_wave(), sheet, [-10.0, -5.0], [0.0, 10.0]) is None


def test_a_lead_that_was_not_recorded_has_no_peaks() -> None:
    record = square_wave()
    short = EcgRecord(record.signal[:11], LEADS[:11], 500.0, "short", "test")
    found = caliper_reading(short, lay_out(Layout.FULL_LENGTH, 10.0), [25.0, 50.0], [0.0, 10.0])
    assert found is not None
    assert (found.lead, found.peak_to_peak) == ("V6", None)


def test_times_typed_are_measured_as_a_box_is() -> None:
    found = measure_between(square_wave(), "V1", 13.7, 13.2, start=12.0)
    assert found.milliseconds == pytest.approx(500.0)
    assert found.millivolts == pytest.approx(0.7)  # V1 is the seventh lead; it rises at 13.5 s
    assert found.peak_to_peak == pytest.approx(0.7)
    assert "V1: Δt 500 ms · 120 bpm · ΔU 0.70 mV" in str(found)
