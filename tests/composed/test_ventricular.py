"""Composed ventricular rhythms, pacing and pre-excitation have what their labels say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.composed import ventricular
from suprem.composed.strip import RATE, blank
from suprem.ecg.measurement.measure import Measurements
from suprem.ecg.preprocess import PACING_MARK

Draws = Callable[[int], Any]
Measured = Callable[[NDArray[np.float32]], Measurements]
SEEDS = range(6)


def test_bigeminy_and_trigeminy_are_every_second_and_third_beat(draws: Draws) -> None:
    seen = set()
    for seed in range(40):
        draw = draws(seed)
        labels = ventricular.ventricular_premature(draw).labels
        order = "".join("V" if beat.ectopic else "N" for _, beat in sorted(draw.qrs, key=lambda one: one[0]))
        assert labels["PVC"] == 1
        assert "V" in order
        if labels["BIGU"] == 1:
            assert "NVNV" in order
            assert "NN" not in order
            seen.add("BIGU")
        if labels["TRIGU"] == 1:
            assert "NNV" in order
            assert "NNN" not in order
            seen.add("TRIGU")
    assert seen == {"BIGU", "TRIGU"}


@pytest.mark.parametrize("seed", SEEDS)
def test_ventricular_tachycardia_is_fast_and_wide(draws: Draws, measured: Measured, seed: int) -> None:
    draw = draws(seed)
    labels = ventricular.ventricular_tachycardia(draw).labels
    wide = np.sort([at for at, beat in draw.qrs if beat.width >= 0.12])
    assert labels["VT"] == labels["QRS>120"] == labels["TACHY"] == 1
    assert labels["SVTAC"] == 0
    assert 108 < 60 / np.median(np.diff(wide)) < 225
    assert len(wide) >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_idioventricular_beats_are_measured_as_wide(draws: Draws, measured: Measured, seed: int) -> None:
    composed = ventricular.idioventricular_rhythm(draws(seed))
    assert composed.labels["IVR"] == 1
    assert composed.labels["SR"] == 0
    found = measured(composed.signal)
    if found.heart_rate.value is not None and found.heart_rate.value < 80:
        assert found.qrs.value is None or found.qrs.value > 120


def test_a_spike_is_a_short_pulse_of_its_height() -> None:
    strip = blank()
    ventricular.lay_spike(strip, np.full(len(strip), 0.5), 3.0)
    assert strip[0, 300] == pytest.approx(0.5, abs=0.01)
    away = np.abs(np.arange(strip.shape[1]) - 3.0 * RATE) > 1.5
    assert np.abs(strip[:, away]).max() < 0.15


def test_pacing_without_a_spike_is_not_labelled(draws: Draws) -> None:
    known = [ventricular.paced_rhythm(draws(seed)).labels.get("PACE") for seed in range(30)]
    assert 1 in known
    assert None in known
    assert 0 not in known


def test_a_delta_wave_shortens_pr_and_widens_qrs(draws: Draws, measured: Measured) -> None:
    widths = []
    for seed in range(8):
        composed = ventricular.preexcitation(draws(seed))
        assert composed.labels["WPW"] == 1
        assert composed.labels["PR>200"] == 0
        qrs = measured(composed.signal).qrs.value
        widths += [] if qrs is None else [qrs]
    assert len(widths) > 4
    assert np.median(widths) > 110


def test_marked_spikes_stand_out_of_a_paced_strip_as_those_of_a_recording_do(draws: Draws) -> None:
    marked = 0
    for seed in range(30):
        signal = ventricular.paced_rhythm(draws(seed)).signal
        jumps = np.minimum(signal[:, 1:-1] - signal[:, :-2], signal[:, 1:-1] - signal[:, 2:]).min(axis=0)
        marked += int((jumps > PACING_MARK / 2).sum() >= 2)
    assert 10 <= marked < 30


def test_a_premature_beat_holds_the_pacemaker_back_and_atria_may_flutter_beneath_it(draws: Draws) -> None:
    seen = set()
    for seed in range(60):
        draw = draws(seed)
        labels = ventricular.paced_rhythm(draw).labels
        order = [beat.ectopic for _, beat in sorted(draw.qrs, key=lambda one: one[0])]
        assert any(order) == (labels["PVC"] == 1)
        if any(order):
            seen.add("PVC")
            times = np.sort([at for at, _ in draw.qrs])
            assert np.diff(times).max() > 1.2 * np.median(np.diff(times)), "the pause behind it"
        if labels["AFLT"] == 1:
            seen.add("AFLT")
            assert labels["AFIB/AFLT"] == 1
            assert "AFIB" not in labels, "some call it fibrillation"
    assert seen == {"PVC", "AFLT"}


def test_premature_beats_come_over_bundle_branch_blocks_fast_rates_and_fibrillation(draws: Draws) -> None:
    seen = set()
    for seed in range(80):
        draw = draws(seed)
        labels = ventricular.ventricular_premature(draw).labels
        usual = [(at, beat) for at, beat in draw.qrs if not beat.ectopic]
        seen |= {code for code in ("SR", "STACH", "AFIB") if labels.get(code) == 1}
        if all(beat.width >= 0.12 for _, beat in usual):
            seen.add("wide")
        if labels.get("AFIB") == 1:
            assert np.std(np.diff(sorted(at for at, _ in usual))) > 0.05
            assert "PR>200" not in labels
    assert seen == {"SR", "STACH", "AFIB", "wide"}
