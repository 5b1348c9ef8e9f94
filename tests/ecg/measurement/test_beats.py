"""A heartbeat is counted once, however tall its T wave, and no beat is left out because it follows closely."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.measurement.beats import find_beats

Signal = NDArray[np.float64]


def waves(fs: float, at: list[tuple[float, float, float]], seconds: float = 10.0) -> Signal:
    """Return twelve leads of bells: (seconds, millivolts, seconds of half their height)."""
    time = np.arange(round(seconds * fs)) / fs
    row = sum((height * np.exp(-4 * np.log(2) * ((time - when) / width) ** 2) for when, height, width in at), 0 * time)
    return np.stack([size * row for size in np.linspace(0.4, 1.0, 12)])


@pytest.mark.parametrize("fs", [100.0, 250.0, 500.0, 1000.0])
@pytest.mark.parametrize("tall", [1.2, 2.4, 3.2])
@pytest.mark.parametrize("late", [0.28, 0.34])
def test_a_tall_narrow_t_wave_is_no_beat(fs: float, tall: float, late: float) -> None:
    at = [0.5 + 0.857 * i for i in range(11)]
    found = find_beats(waves(fs, [w for t in at for w in ((t, 0.8, 0.03), (t + late, tall, 0.094))]), fs)
    assert found / fs == pytest.approx(at, abs=0.04)


def test_two_quick_beats_are_two() -> None:
    """Bigeminy: an early beat, wider and taller, 0.4 s after every other one."""
    fs = 250.0
    at = [0.5 + 1.4 * i for i in range(7)]
    found = find_beats(waves(fs, [w for t in at for w in ((t, 1.0, 0.03), (t + 0.4, 1.6, 0.04))]), fs)
    assert len(found) == 2 * len(at)


def test_fast_beats_with_tall_t_waves_are_counted_once() -> None:
    fs = 500.0
    at = [0.4 + 0.43 * i for i in range(22)]
    found = find_beats(waves(fs, [w for t in at for w in ((t, 1.0, 0.03), (t + 0.2, 1.0, 0.1))]), fs)
    assert len(found) == len(at)
