"""What of a window was recorded: missing leads, missing seconds, padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.checks.quality import Level, assess_quality, blocked, signal_quality
from suprem.ecg.coverage import coverage_of, padding
from suprem.ecg.disturb import keep_seconds, record_in_turn
from suprem.ecg.measurement.measure import measure
from suprem.ecg.preprocess import SPECS, preprocess
from suprem.ecg.record import LEADS, EcgRecord
from tests.tiny import ecg


@pytest.fixture(scope="module")
def whole() -> EcgRecord:
    return ecg(seed=3, noise=0.01)


def test_a_whole_recording_lacks_nothing(whole: EcgRecord) -> None:
    held = coverage_of(whole, 10.0)
    assert held.whole
    assert not held.sparse
    assert held.words == "10 s of 12 leads"
    assert coverage_of(replace(whole, signal=whole.signal[:, : round(9.7 * whole.fs)]), 10.0).whole


def test_leads_that_follow_from_others_are_no_loss_and_others_are(whole: EcgRecord) -> None:
    rows = [LEADS.index(lead) for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")]
    eight = replace(whole, signal=whole.signal[rows], leads=tuple(LEADS[row] for row in rows))
    assert coverage_of(eight, 10.0).whole
    without_v6 = replace(eight, signal=eight.signal[:-1], leads=eight.leads[:-1])
    assert coverage_of(without_v6, 10.0).words == "10 s of 11 leads"
    assert not coverage_of(without_v6, 10.0).sparse


@pytest.mark.parametrize(
    ("columns", "rhythm", "words", "sparse"),
    [
        (4, "II", "2.5 s of 11 leads and 10 s of II", True),
        (4, "", "2.5 s of 12 leads", True),
        (2, "V1", "5 s of 11 leads and 10 s of V1", False),
    ],
)
def test_a_print_holds_each_lead_for_a_part_of_the_time(
    whole: EcgRecord, columns: int, rhythm: str, words: str, sparse: bool
) -> None:
    held = preprocess(record_in_turn(whole, columns=columns, rhythm=rhythm), SPECS["compact"]).coverage
    assert (held.words, held.sparse, held.whole, held.scrap) == (words, sparse, False, False)


@pytest.mark.parametrize("fill", [0.0, 0.125, float("nan")])
def test_what_fills_up_a_lead_was_not_recorded(whole: EcgRecord, fill: float) -> None:
    signal = whole.signal.copy()
    signal[:, round(4 * whole.fs) :] = fill
    assert coverage_of(replace(whole, signal=signal), 10.0).words == "4 s of 12 leads"
    assert padding(np.zeros(100, np.float32)).all()
    assert not padding(np.arange(100, dtype=np.float32)).any()


@pytest.mark.parametrize("rhythm", ["II", ""])
def test_a_print_is_warned_of_and_judged_by_what_it_holds(whole: EcgRecord, rhythm: str) -> None:
    findings = assess_quality(record_in_turn(whole, rhythm=rhythm))
    assert not blocked(findings)
    quality = signal_quality(findings)
    assert quality is not None
    assert quality.value > 0.67
    said = {finding.check: finding.message for finding in findings if finding.level is Level.WARN}
    assert set(said) == {"gaps", "recorded"}, said
    assert "every score says what that costs" in said["recorded"]


def test_a_scrap_is_blocked(whole: EcgRecord) -> None:
    scrap = keep_seconds(whole, np.random.default_rng(1), seconds=1.0)
    assert blocked(assess_quality(scrap))
    assert preprocess(scrap, SPECS["compact"]).coverage.scrap


@pytest.mark.parametrize("of_all", [True, False])
def test_beats_on_both_sides_of_a_gap_make_no_interval(of_all: bool) -> None:
    steady = ecg(seed=5, heart_rate=60, noise=0.005)
    signal = steady.signal.copy()
    rows = slice(None) if of_all else slice(0, 6)
    signal[rows, round(4.2 * steady.fs) : round(5.6 * steady.fs)] = np.nan
    found, whole = measure(replace(steady, signal=signal)), measure(steady)
    assert found.heart_rate.value == pytest.approx(whole.heart_rate.value, abs=1.0)
    assert found.rr_spread.value is not None
    assert found.rr_spread.value < 5
    assert not found.heart_rate.caution
    assert found.rhythm == whole.rhythm == "regular"


def test_a_recording_torn_into_single_beats_has_no_rate() -> None:
    steady = ecg(seed=5, heart_rate=60, noise=0.005)
    signal = steady.signal.copy()
    beats = np.arange(round(steady.seconds)) * steady.fs
    for at in beats:
        signal[:, round(at) : round(at + 0.3 * steady.fs)] = np.nan
    found = measure(replace(steady, signal=signal))
    assert found.heart_rate.value is None or found.rr_spread.value is not None
