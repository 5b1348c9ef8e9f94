"""Synthetic ECGs have a known truth; LUDB has a cardiologist's marks. Doubtful values are missing, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suprem.ecg.measurement.ludb_marks import global_intervals, read_ludb, read_marks, typical_intervals
from suprem.ecg.measurement.measure import Measured, Measurements, measure
from suprem.ecg.measurement.measure import _pr as pr_interval
from suprem.ecg.measurement.median_beat import locate_beats
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, EcgRecord
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize
from suprem.errors import EcgError

P_MS = 100
"""Duration of every synthetic P wave from end to end; its outermost parts are lower than a tenth of it."""


def true_qt(spec: SyntheticSpec) -> float:
    """Return the QT interval that `synthesize` gives a specification, in ms."""
    qrs, rr = spec.qrs_seconds, 60.0 / spec.heart_rate
    return 1000 * max(0.39 * rr**0.5 + qrs - 0.09, qrs + 0.22)


def number(measured: Measured) -> float:
    assert measured.value is not None, measured.reason
    return measured.value


@pytest.mark.parametrize("fs", [250, 500, 1000])
@pytest.mark.parametrize(
    "spec",
    [
        SyntheticSpec(),
        SyntheticSpec(heart_rate=50, pr_interval=0.28),
        SyntheticSpec(heart_rate=50, pr_interval=0.34),
        SyntheticSpec(heart_rate=110),
        SyntheticSpec(conduction=Conduction.RBBB, axis=100),
        SyntheticSpec(conduction=Conduction.LBBB, axis=-30),
        SyntheticSpec(axis=170),
        SyntheticSpec(axis=-80),
        SyntheticSpec(voltage=0.4),
        SyntheticSpec(voltage=2),
        SyntheticSpec(wander=0.4),
        SyntheticSpec(noise=0.03),
        SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE),
        SyntheticSpec(rhythm=Rhythm.ATRIAL_PREMATURE),
    ],
    ids=str,
)
def test_what_was_put_in_is_measured(spec: SyntheticSpec, fs: float) -> None:
    found = measure(synthesize(spec, fs=fs))
    # P of a synthetic beat begins with a slope of nothing, so that its first 10 ms lie below a tenth of its height.
    assert number(found.pr) == pytest.approx(1000 * spec.pr_interval - 10, abs=10)
    assert number(found.p) == pytest.approx(P_MS - 18, abs=12)
    assert number(found.qrs) == pytest.approx(1000 * spec.qrs_seconds, abs=8)
    assert number(found.qt) == pytest.approx(true_qt(spec), abs=12)
    turned = (number(found.axis) - spec.axis + 180) % 360 - 180
    assert abs(turned) < 4
    if spec.rhythm is Rhythm.SINUS:
        assert number(found.heart_rate) == pytest.approx(spec.heart_rate, rel=0.02)
        assert found.rhythm == "regular"
        assert (found.early, found.other_shape) == (0, 0)


@pytest.mark.parametrize("lead", ["aVF", "V2", "I"])
@pytest.mark.parametrize("level", [-0.2, 0.15, 0.4])
def test_st_is_at_its_level_under_a_wandering_baseline(lead: str, level: float) -> None:
    levels = {name: level if name == lead else 0.0 for name in ("aVF", "V2", "I")}
    spec = SyntheticSpec(
        wander=0.2, heart_rate=65, st_inferior=levels["aVF"], st_anterior=levels["V2"], st_lateral=levels["I"]
    )
    found = measure(synthesize(spec))
    assert number(found.st[lead]) == pytest.approx(level, abs=0.03)
    other = "V2" if lead == "aVF" else "aVF"
    if lead != "I":
        assert number(found.st[other]) == pytest.approx(0.0, abs=0.03)


def test_corrections_follow_from_qt_and_the_mean_interval() -> None:
    found = measure(synthesize(SyntheticSpec(heart_rate=90)))
    rr = 60 / number(found.heart_rate)
    assert number(found.qtc_bazett) == pytest.approx(number(found.qt) / rr**0.5)
    assert number(found.qtc_fridericia) == pytest.approx(number(found.qt) / rr ** (1 / 3))


def test_voltages_grow_with_the_heart() -> None:
    one, two = (measure(synthesize(SyntheticSpec(voltage=voltage))) for voltage in (1, 2))
    assert number(two.r["V5"]) == pytest.approx(2 * number(one.r["V5"]), rel=0.05)
    assert number(one.s["V1"]) < -0.2
    assert list(one.r) == list(LEADS)


@pytest.mark.parametrize("seed", range(6))
def test_fibrillation_has_no_pr_and_is_called_irregular(seed: int) -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.FIBRILLATION, heart_rate=85, seed=seed)))
    assert found.rhythm == "irregular"
    assert "No P wave" in found.pr.reason
    assert "irregular" in found.pr.reason
    assert found.p.reason == found.pr.reason
    assert number(found.qrs) == pytest.approx(90, abs=10)
    assert "mean RR" in found.qtc_bazett.caution


def test_flutter_has_no_pr() -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.FLUTTER, heart_rate=75)))
    assert "No P wave" in found.pr.reason


@pytest.mark.parametrize("rhythm", [Rhythm.VENTRICULAR_PREMATURE, Rhythm.ATRIAL_PREMATURE])
def test_ectopic_beats_are_left_out_and_counted(rhythm: Rhythm) -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=rhythm)))
    ectopic = found.early + found.other_shape
    assert ectopic in (2, 3)
    assert found.used == found.beats - ectopic
    assert found.rhythm == f"regular but for {ectopic} early or different beats"
    if rhythm is Rhythm.VENTRICULAR_PREMATURE:
        assert found.other_shape == ectopic


def test_behind_pacing_spikes_only_the_rate_is_measured() -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.PACED)))
    assert number(found.heart_rate) == pytest.approx(70, abs=2)
    for value in (found.pr, found.qrs, found.qt, found.qtc_bazett, found.axis, found.st["V1"]):
        assert "Pacing" in value.reason


@pytest.mark.parametrize("voltage", [1, 2.5])
def test_a_steep_r_wave_is_no_pacing_spike(voltage: float) -> None:
    for fs in (250, 500, 1000):
        assert not measure(synthesize(SyntheticSpec(voltage=voltage), fs=fs)).qrs.reason


def noisy(record: EcgRecord) -> EcgRecord:
    noise = np.random.default_rng(0).normal(0, 0.15, record.signal.shape)
    return replace(record, signal=(record.signal + noise).astype(np.float32))


def of_leads(*leads: str) -> Callable[[EcgRecord], EcgRecord]:
    return lambda record: replace(record, signal=np.stack([record.lead(lead) for lead in leads]), leads=leads)


def brief(record: EcgRecord) -> EcgRecord:
    return replace(record, signal=record.signal[:, : round(1.5 * record.fs)])


def empty(record: EcgRecord) -> EcgRecord:
    return replace(record, signal=np.zeros_like(record.signal))


def missing(record: EcgRecord) -> EcgRecord:
    return replace(record, signal=np.full_like(record.signal, np.nan))


@pytest.mark.parametrize(
    ("spoil", "name", "reason"),
    [
        (noisy, "QRS", "Noise"),
        (of_leads("II"), "QT", "Fewer than 3 measured leads"),
        (of_leads("V1", "V2", "V3", "V4"), "QRS axis", "two limb leads"),
        (brief, "PR", "Shorter than 2 s"),
        (empty, "Heart rate", "empty or zero"),
        (missing, "Heart rate", "empty or zero"),
    ],
)
def test_a_value_that_cannot_be_measured_says_why(
    clean: EcgRecord, spoil: Callable[[EcgRecord], EcgRecord], name: str, reason: str
) -> None:
    found = measure(spoil(clean)).intervals[name]
    assert found.value is None
    assert reason in found.reason


def with_a_pause(record: EcgRecord, seconds: float) -> EcgRecord:
    """Put a level line of so many seconds between two beats, so that no beat is cut."""
    at = int(locate_beats(record).beats[4]) + round(0.5 * record.fs)  # the rate of 70 leaves 0.35 s to the next one
    still = np.repeat(record.signal[:, at : at + 1], round(seconds * record.fs), axis=1)
    return replace(record, signal=np.concatenate([record.signal[:, :at], still, record.signal[:, at:]], axis=1))


def test_a_long_pause_gives_no_rate_and_a_shorter_one_a_caution(clean: EcgRecord) -> None:
    long, short = (measure(with_a_pause(clean, seconds)) for seconds in (4.0, 2.0))
    assert "No heartbeat was recognised for 4." in long.heart_rate.reason
    assert {value.value for value in long.intervals.values()} == {None}
    assert number(short.heart_rate) == pytest.approx(60 * 11 / 12, rel=0.1)
    assert "pause or a missed beat" in short.heart_rate.caution
    assert not measure(clean).heart_rate.caution


@pytest.mark.parametrize(("percent", "rhythm"), [(5, "regular"), (11, "regular"), (22, "irregular")])
def test_breathing_leaves_a_rhythm_regular_up_to_a_limit(percent: float, rhythm: str) -> None:
    """The rate of a synthetic ECG rises and falls as with breath, by stretching time."""
    record = synthesize(SyntheticSpec(heart_rate=65, seed=3, wander=0.0), seconds=12)
    time = np.arange(record.signal.shape[1]) / record.fs
    # A breath lasts six beats, so that an interval sees nearly all of the bend.
    bent = time + percent / 100 * 5.5 / (2 * np.pi) * np.sin(2 * np.pi * time / 5.5)
    signal = np.stack([np.interp(time[:5000], bent, row) for row in record.signal]).astype(np.float32)
    assert measure(replace(record, signal=signal)).rhythm == rhythm


@pytest.mark.parametrize(
    ("rhythm", "height", "alike", "given"),
    [
        ("regular", 0.15, 0.45, True),
        ("regular", 0.5, 0.45, True),
        ("slightly irregular", 0.15, 0.7, True),
        ("slightly irregular", 0.15, 0.5, False),
        ("irregular", 0.15, 0.85, True),
        ("irregular", 0.15, 0.75, False),
        ("irregular", 0.4, 0.95, False),
    ],
)
def test_the_less_regular_the_rhythm_the_more_p_must_be_like_one(
    clean: EcgRecord, rhythm: str, height: float, alike: float, given: bool
) -> None:
    found = measure(clean)
    assert found.beat is not None
    assert found.marks is not None
    pr = pr_interval(found.beat, replace(found.marks, p_millivolts=height, p_alike=alike), "", rhythm)
    assert (pr.value is not None) is given
    assert given or ("irregular" in pr.reason) is (rhythm != "regular")


def test_no_lead_moves_outside_of_qrs(clean: EcgRecord) -> None:
    for record in (clean, synthesize(SyntheticSpec(conduction=Conduction.RBBB, axis=100, noise=0.0, wander=0.0))):
        found = measure(record)
        assert found.beat is not None
        assert found.marks is not None
        before = found.beat.signal[:, found.marks.qrs_on - 15 : found.marks.qrs_on]
        assert np.ptp(before, axis=1).max() < 0.02 + found.beat.noise
        after = found.beat.signal[:, found.marks.qrs_off : found.marks.qrs_off + 15]
        assert np.abs(after[:, 3:] - after[:, :-3]).max() < 0.02 + found.beat.noise


def test_limb_and_chest_leads_that_disagree_give_no_rate(clean: EcgRecord) -> None:
    signal = clean.signal.copy()
    signal[6:] = synthesize(SyntheticSpec(heart_rate=130)).signal[6:]
    assert "disagree" in measure(replace(clean, signal=signal)).heart_rate.reason


def test_eight_leads_measure_as_twelve(clean: EcgRecord) -> None:
    twelve, eight = measure(clean), measure(of_leads(*INDEPENDENT_LEADS)(clean))
    for name, value in twelve.intervals.items():
        assert number(eight.intervals[name]) == pytest.approx(number(value), abs=2)


def test_a_gap_and_a_constant_offset_change_little(clean: EcgRecord) -> None:
    signal = clean.signal + 0.7
    signal[2, 1000:1012] = np.nan
    assert number(measure(replace(clean, signal=signal)).qt) == pytest.approx(number(measure(clean).qt), abs=4)


def test_wide_complexes_come_with_a_caution() -> None:
    found = measure(synthesize(SyntheticSpec(conduction=Conduction.LBBB)))
    assert "lengthens QT" in found.qt.caution
    assert "wide QRS" in found.st["V1"].caution


def test_a_value_is_a_number_or_a_reason_never_both() -> None:
    with pytest.raises(EcgError):
        Measured(None, "ms")
    with pytest.raises(EcgError):
        Measured(1.0, "ms", "noise")


@pytest.mark.parametrize(
    "signal", [np.eye(12, 4000), np.where(np.arange(48000).reshape(12, 4000) % 2, np.nan, 1.0), np.ones((12, 1))]
)
def test_nothing_valid_makes_it_fail(signal: np.ndarray) -> None:
    for fs in (1.0, 100.0, 333.3, 500.0):
        assert measure(EcgRecord(signal.astype(np.float32), LEADS, fs, "x", "test")).heart_rate.reason


def ludb(test_data: Path) -> list[tuple[Path, Measurements]]:
    return [(path, measure(read_ludb(path))) for path in sorted((test_data / "ludb").glob("*.hea"))]


def test_intervals_lie_near_a_cardiologists_marks(test_data: Path) -> None:
    """A guard against regressions, no proof of accuracy: the method was tuned on these records (docs/log)."""
    errors: dict[str, list[float]] = {"p": [], "pr": [], "qrs": [], "qt": []}
    for path, found in ludb(test_data):
        marked = typical_intervals(read_marks(path))
        for name, values in errors.items():
            value, truth = getattr(found, name).value, getattr(marked, name)
            if value is not None and truth is not None:
                values.append(value - truth)
    for name, mean, spread in (("p", 10, 15), ("pr", 10, 10), ("qrs", 10, 10), ("qt", 25, 30)):
        assert len(errors[name]) >= 17
        assert abs(np.mean(errors[name])) < mean
        assert np.std(errors[name]) < spread


def test_global_marks_enclose_those_of_a_typical_lead(test_data: Path) -> None:
    for path in (test_data / "ludb").glob("*.hea"):
        marks = read_marks(path)
        assert (global_intervals(marks).qrs or 0) >= (typical_intervals(marks).qrs or 0)
