"""Pacing spikes at the recording's own rate: found in step with the beats, and never in a sharp QRS complex."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.measurement.pacing import is_paced, pacing_spikes
from suprem.ecg.preprocess import PACING_MARK, SignalSpec, preprocess
from suprem.ecg.record import LEADS, EcgRecord

BEATS = np.arange(0.7, 9.7, 0.9)


def paced(millivolts: float, ahead: float = 0.04, fs: float = 500.0, beats: NDArray[np.float64] = BEATS) -> EcgRecord:
    """Broad beats, a spike of one sample before each of the given ones, and a little noise."""
    time = np.arange(round(10 * fs)) / fs
    signal = 0.004 * np.random.default_rng(3).normal(size=(len(LEADS), len(time)))
    for beat in BEATS:
        signal -= np.exp(-0.5 * ((time - beat - 0.08) / 0.03) ** 2)
    for beat in beats:
        signal[:, round((beat - ahead) * fs)] += millivolts
    return EcgRecord(signal=signal.astype(np.float32), fs=fs, leads=LEADS, record_id="r", source="SYNTHETIC")


@pytest.mark.parametrize("millivolts", [0.08, -0.15, 0.6])
def test_spikes_in_step_with_the_beats_are_found_where_they_are(millivolts: float) -> None:
    record = paced(millivolts)
    assert is_paced(record)
    np.testing.assert_allclose(pacing_spikes(record), BEATS - 0.04, atol=0.003)


def test_atrial_spikes_far_ahead_of_the_beat_count() -> None:
    assert len(pacing_spikes(paced(0.1, ahead=0.3))) == len(BEATS)


def test_a_demand_pacemaker_is_told_by_high_spikes_alone() -> None:
    assert len(pacing_spikes(paced(0.6, beats=BEATS[[1, 4, 8]]))) == 3
    assert not is_paced(paced(0.08, beats=BEATS[[1, 4, 8]]))


@pytest.mark.parametrize("width", [0.006, 0.01, 0.02])
def test_a_sharp_beat_is_no_spike(width: float) -> None:
    time = np.arange(5000) / 500
    wave = sum(
        1.4 * np.exp(-0.5 * ((time - beat) / width) ** 2) - 0.3 * np.exp(-0.5 * ((time - beat - 0.03) / width) ** 2)
        for beat in BEATS
    )
    signal = np.outer(np.linspace(0.3, 1, len(LEADS)), wave) + 0.01 * np.random.default_rng(0).normal(size=(12, 5000))
    assert not is_paced(
        EcgRecord(signal=signal.astype(np.float32), fs=500, leads=LEADS, record_id="r", source="SYNTHETIC")
    )


def test_spikes_without_beats_and_too_slow_a_rate_say_nothing() -> None:
    assert not is_paced(replace(paced(0.5), fs=200.0))
    noise = 0.2 * np.random.default_rng(1).normal(size=(12, 5000))
    assert not is_paced(
        EcgRecord(signal=noise.astype(np.float32), fs=500, leads=LEADS, record_id="r", source="SYNTHETIC")
    )


def test_the_model_sees_a_spike_as_one_sample_and_the_person_reads_so() -> None:
    record = paced(0.1)
    marked, plain = preprocess(record, SignalSpec(pacing_marks=True)), preprocess(record, SignalSpec())
    added = marked.signal - plain.signal
    at = np.flatnonzero(added[0] > PACING_MARK / 2)
    np.testing.assert_allclose(at / 100, BEATS - 0.04, atol=0.011)
    np.testing.assert_allclose(added[:, at], PACING_MARK, atol=1e-5)
    assert np.abs(np.delete(added, at, axis=1)).max() == 0
    assert any(f"{len(BEATS)} pacing spikes were found at 500 Hz" in note for note in marked.notes)
    assert not any("pacing" in note for note in plain.notes)


def test_half_an_hour_of_spikes_and_beats_is_searched_pair_by_pair() -> None:
    time = np.arange(250 * 1800) / 250.0
    random = np.random.default_rng(2)
    beats = np.arange(0.5, 1799, 0.8)
    signal = 0.01 * random.normal(size=(8, len(time)))
    signal[:, (beats * 250).astype(int)] += 1.0
    signal[:, random.integers(0, len(time), 9000)] += 0.5
    record = EcgRecord(signal=signal.astype(np.float32), fs=250.0, leads=LEADS[:8], record_id="r", source="SYNTHETIC")
    tracemalloc.start()
    pacing_spikes(record, beats)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * record.signal.nbytes, "every spike with every beat would take twice as much"
