"""The graded quality: what people would call unacceptable is worse, and it is said why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.check_quality import judge
from suprem.ecg.checks.quality import Level, assess_quality, blocked, signal_quality
from suprem.ecg.checks.signal_quality import BLOCK_QUALITY, WARN_QUALITY, SignalQuality
from suprem.ecg.record import EcgRecord

RNG = np.random.default_rng(5)


def graded(record: EcgRecord) -> SignalQuality:
    quality = signal_quality(assess_quality(record))
    assert quality is not None
    return quality


def spoiled(clean: EcgRecord, lead: str, change: Callable[[NDArray[np.float32]], NDArray[np.float64]]) -> EcgRecord:
    signal = clean.signal.copy()
    row = clean.leads.index(lead)
    signal[row] = change(signal[row])
    return replace(clean, signal=signal)


def test_a_clean_recording_is_good_in_every_lead(clean: EcgRecord) -> None:
    quality = graded(clean)
    assert quality.value > 0.9
    assert set(quality.leads) == set(clean.leads)
    assert min(quality.leads.values()) > 0.9


def test_more_noise_is_never_better_and_the_lead_that_decides_is_named(clean: EcgRecord) -> None:
    noise = RNG.normal(0, 1, clean.signal.shape[1])
    found = [graded(spoiled(clean, "V4", lambda row, size=size: row + size * noise)) for size in (0, 0.1, 0.5, 2.0)]
    values = [one.value for one in found]
    assert values == sorted(values, reverse=True)
    assert found[-1].lead == "V4"
    assert "V4" in found[-1].decided_by
    assert found[-1].value < WARN_QUALITY


def test_a_baseline_that_jumps_about_is_worse_than_one_that_drifts(clean: EcgRecord) -> None:
    wave = np.sin(np.arange(clean.signal.shape[1]) / clean.fs)
    slight, strong = (graded(spoiled(clean, "V2", lambda row, by=by: row + by * wave)) for by in (0.2, 5.0))
    assert strong.value < slight.value < 1.0


def test_leads_that_move_without_a_heart_block_the_recording(clean: EcgRecord) -> None:
    """A lost electrode: the baseline wanders by millivolts and the beats are gone."""
    signal = clean.signal.copy()
    wander = np.cumsum(RNG.normal(0, 0.05, (6, signal.shape[1])), axis=1)
    signal[6:] = wander + RNG.normal(0, 0.2, wander.shape)
    findings = assess_quality(replace(clean, signal=signal))
    assert blocked(findings)
    (finding,) = [one for one in findings if one.check == "signal"]
    assert finding.level is Level.BLOCK
    assert finding.quality is not None
    assert finding.quality.value < BLOCK_QUALITY
    assert set(finding.leads) >= set(clean.leads[6:])


@pytest.mark.parametrize("size", [0.05, 0.1, 0.5, 2.0])
def test_chest_leads_of_noise_alone_block_the_recording(clean: EcgRecord, size: float) -> None:
    signal = clean.signal.copy()
    signal[6:] = RNG.normal(0, size, signal[6:].shape)
    quality = graded(replace(clean, signal=signal))
    assert quality.value < BLOCK_QUALITY
    assert quality.decided_by.startswith("a lead that shows no heartbeat (lead V")


def test_a_lead_that_lost_its_electrode_blocks_and_one_that_was_never_recorded_does_not(clean: EcgRecord) -> None:
    """A constant line was recorded from nothing; an empty column says that there was no such lead."""
    lost, absent = clean.signal.copy(), clean.signal.copy()
    lost[11], absent[11] = 0.0, np.nan
    assert graded(replace(clean, signal=lost)).value < BLOCK_QUALITY
    assert graded(replace(clean, signal=lost)).leads["V6"] == 0.0
    findings = assess_quality(replace(clean, signal=absent))
    assert not blocked(findings)
    assert "Not recorded or empty: V6" in next(one.message for one in findings if one.check == "leads")


def test_beats_that_differ_without_noise_may_be_the_hearts(clean: EcgRecord) -> None:
    """Every other beat reversed in all leads: no lead is called without a heart."""
    signal = clean.signal.copy()
    half = signal.shape[1] // 2
    signal[6:, half:] *= -1
    assert "no heartbeat" not in graded(replace(clean, signal=signal)).decided_by


@pytest.mark.parametrize("fs", [100.0, 250.0, 500.0])
def test_the_rate_of_the_recording_hardly_matters(clean: EcgRecord, fs: float) -> None:
    step = round(clean.fs / fs)
    assert graded(replace(clean, signal=clean.signal[:, ::step], fs=fs)).value == pytest.approx(
        graded(clean).value, abs=0.02
    )


@pytest.mark.parametrize(("kept", "level"), [(0.1, Level.BLOCK), (0.2, Level.BLOCK), (0.25, Level.WARN)])
@pytest.mark.parametrize("filled", [np.nan, 0.0])
def test_seconds_that_were_not_recorded_do_not_count(
    clean: EcgRecord, kept: float, level: Level, filled: float
) -> None:
    """Less than a column of a 3x4 print holds is a scrap; of a column every score says what the rest costs."""
    signal = clean.signal.copy()
    signal[:, round(kept * signal.shape[1]) :] = filled
    found = {one.check: one for one in assess_quality(replace(clean, signal=signal))}
    assert found["recorded"].level is level
    assert "recorded" in found["recorded"].message


def test_a_print_of_three_rows_and_four_columns_is_warned_of_with_what_it_costs(clean: EcgRecord) -> None:
    signal = np.full_like(clean.signal, np.nan)
    quarter = signal.shape[1] // 4
    for row in range(12):
        column = slice(quarter * (row // 3), quarter * (row // 3 + 1))
        signal[row, column] = clean.signal[row, column]
    signal[1] = clean.signal[1]
    findings = assess_quality(replace(clean, signal=signal))
    (recorded,) = [one for one in findings if one.check == "recorded"]
    assert recorded.level is Level.WARN
    assert "Of 10.0 s only 2.5 s of 11 lead(s) were recorded; every score says" in recorded.message


def test_recordings_that_people_judged_are_told_apart(test_data: Path) -> None:
    figures = judge(test_data / "quality2011")
    assert figures.auroc >= 0.97
    assert figures.blocked_acceptable <= 0.021
    assert figures.blocked_unacceptable >= 0.80
    assert figures.warned_acceptable <= 0.10
    assert figures.exchange_acceptable <= 0.02
