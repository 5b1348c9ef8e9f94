"""Composed atrial rhythms have what their labels say: flutter waves, irregular beats, early beats and their PR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.composed import atrial
from suprem.composed.atrial_waves import flutter_waves
from suprem.composed.strip import RATE
from suprem.ecg.measurement.measure import Measurements

Draws = Callable[[int], Any]
Measured = Callable[[NDArray[np.float32]], Measurements]
SEEDS = range(6)


def onsets(draw: Any) -> NDArray[np.float64]:
    """Return the onsets of QRS on the strip."""
    times = np.sort([at for at, _ in draw.qrs])
    return times[(times > 0.2) & (times < 9.8)]


@pytest.mark.parametrize("seed", SEEDS)
def test_flutter_conducts_whole_numbers_of_its_waves(draws: Draws, seed: int) -> None:
    draw = draws(seed)
    composed = atrial.atrial_flutter(draw)
    assert composed.labels["AFLT"] == composed.labels["AFIB/AFLT"] == 1
    assert composed.labels["AFIB"] == 0
    intervals = np.diff(onsets(draw))
    assert min(intervals) > 60 / 345 * 1.8
    assert not draw.ps


def test_patterns_of_premature_beats_are_what_they_are_called(draws: Draws) -> None:
    seen = set()
    for seed in range(40):
        draw = draws(seed)
        labels = atrial.atrial_premature(draw).labels
        assert labels["PAC"] == labels["PRC(S)"] == 1
        if "EARLY" not in labels:  # the early P waves are not conducted
            continue
        intervals = np.diff(onsets(draw))
        places = np.flatnonzero(intervals < 0.9 * np.median(intervals[intervals > np.median(intervals) - 1e-9]))
        if labels.get("BIGU") == 1:
            assert set(np.diff(places)) == {2}
            seen.add("BIGU")
        if labels.get("TRIGU") == 1:
            assert set(np.diff(places)) == {3}
            seen.add("TRIGU")
    assert seen == {"BIGU", "TRIGU"}


@pytest.mark.parametrize("seed", SEEDS)
def test_fibrillation_is_measured_as_irregular_without_p(draws: Draws, measured: Measured, seed: int) -> None:
    found = measured(atrial.atrial_fibrillation(draws(seed)).signal)
    assert found.rhythm in ("irregular", "slightly irregular")
    assert found.pr.value is None


def test_the_same_seed_composes_the_same_ecg(draws: Draws) -> None:
    first, again, other = (atrial.atrial_flutter(draws(seed)).signal for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(12))
def test_flutter_waves_come_at_their_rate_in_every_shape(draws: Draws, seed: int) -> None:
    frequency = 4.4
    waves = flutter_waves(draws(seed), frequency)
    power = np.abs(np.fft.rfft(waves - waves.mean(axis=1, keepdims=True), axis=1)) ** 2
    hertz = np.fft.rfftfreq(waves.shape[1], 1 / RATE)
    strongest = hertz[power[[1, 2]].sum(axis=0).argmax()]
    assert min(abs(strongest - many * frequency) for many in (1, 2)) < 0.3
    assert 0.02 < np.ptp(waves[[1, 2]], axis=1).max() < 0.8


def test_early_beats_come_with_and_without_a_long_pr(draws: Draws) -> None:
    labels = [atrial.atrial_premature(draws(seed)).labels for seed in range(40)]
    assert {one.get("1AVB") for one in labels} >= {0, 1}
    assert all(one.get("PR>200") == one["1AVB"] for one in labels if "1AVB" in one)
    assert all(one.get("BIGU", 0) == 0 for one in labels if one.get("SR") == 1)
