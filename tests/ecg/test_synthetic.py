"""The synthetic ECG is what its specification says, measured on the signal and not on the generator's own numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.measurement.beats import find_beats
from suprem.ecg.record import LEADS, LIMB_FROM_I_AND_II, EcgRecord
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, Territory, synthesize
from suprem.errors import EcgError

ORIGIN = 0.45  # where in `one_beat` the QRS complex stands, in seconds
QUIET = SyntheticSpec(noise=0.0, wander=0.0)


def beats(record: EcgRecord) -> NDArray[np.intp]:
    return find_beats(record.signal, record.fs)


def one_beat(record: EcgRecord, before: float = ORIGIN, after: float = 0.5) -> NDArray[np.float32]:
    """A beat from the middle (lead, time), its baseline taken before P; a mean would be blurred by the detector."""
    found = beats(record)
    middle = found[len(found) // 2]
    beat = record.signal[:, middle - round(before * record.fs) : middle + round(after * record.fs)]
    return beat - beat[:, :5].mean(axis=1, keepdims=True)


def wave_edges(record: EcgRecord, start: float, end: float, threshold: float) -> tuple[float, float]:
    """First and last time, in seconds from the QRS, at which any lead leaves the line between `start` and `end`."""
    beat, origin = one_beat(record), round(ORIGIN * record.fs)
    window = beat[:, origin + round(start * record.fs) : origin + round(end * record.fs)]
    active = np.flatnonzero(np.abs(window - window[:, :1]).max(axis=0) > threshold)
    return start + active[0] / record.fs, start + active[-1] / record.fs


@pytest.mark.parametrize("rate", [40, 70, 120, 180])
def test_the_heart_beats_at_the_rate_asked_for(rate: float) -> None:
    record = synthesize(replace(QUIET, heart_rate=rate), seconds=20)
    assert 60 * record.fs / np.diff(beats(record)).mean() == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("axis", [-60, -20, 0, 30, 60, 90, 120, 170])
@pytest.mark.parametrize("conduction", list(Conduction))
def test_the_axis_follows_from_the_net_qrs_in_i_and_avf(axis: float, conduction: Conduction) -> None:
    spec = replace(QUIET, axis=axis, conduction=conduction, heart_rate=60)
    beat, origin = one_beat(synthesize(spec, fs=1000)), round(ORIGIN * 1000)
    start, _ = wave_edges(synthesize(spec, fs=1000), -0.1, 0.0, 0.005)
    onset = origin + round(start * 1000)
    complexes = beat[:, onset : onset + round(1000 * spec.qrs_seconds)] - beat[:, onset : onset + 1]
    net = complexes.sum(axis=1)
    measured = np.degrees(np.arctan2(net[LEADS.index("aVF")] * 2 / np.sqrt(3), net[LEADS.index("I")]))
    assert (measured - axis + 180) % 360 - 180 == pytest.approx(0, abs=4)


def test_the_limb_leads_obey_einthoven_and_goldberger_with_all_noise_on() -> None:
    record = synthesize(SyntheticSpec(noise=0.05, wander=0.5, mains=0.1, rhythm=Rhythm.FIBRILLATION))
    for lead, (of_i, of_ii) in LIMB_FROM_I_AND_II.items():
        assert np.allclose(record.lead(lead), of_i * record.lead("I") + of_ii * record.lead("II"), atol=1e-5)


@pytest.mark.parametrize("pr", [0.12, 0.16, 0.24, 0.30])
def test_pr_is_the_time_from_p_onset_to_qrs_onset(pr: float) -> None:
    record = synthesize(replace(QUIET, pr_interval=pr, heart_rate=50), fs=1000)
    p_onset, _ = wave_edges(record, -pr - 0.08, -0.06, 0.002)
    qrs_onset, _ = wave_edges(record, -0.06, 0.0, 0.01)
    assert qrs_onset - p_onset == pytest.approx(pr, abs=0.012)


@pytest.mark.parametrize("conduction", list(Conduction))
def test_qrs_lasts_as_long_as_the_conduction_makes_it(conduction: Conduction) -> None:
    spec = replace(QUIET, conduction=conduction, heart_rate=55)
    onset, _ = wave_edges(synthesize(spec, fs=1000), -0.1, 0.0, 0.01)
    _, end = wave_edges(synthesize(spec, fs=1000), onset - 0.002, onset + spec.qrs_seconds + 0.04, 0.015)
    assert end - onset == pytest.approx(spec.qrs_seconds, abs=0.015)
    assert (spec.qrs_seconds > 0.12) == (conduction is not Conduction.NORMAL)


def test_bundle_branch_blocks_look_their_side_in_v1_and_v6() -> None:
    right = one_beat(synthesize(replace(QUIET, conduction=Conduction.RBBB)))
    left = one_beat(synthesize(replace(QUIET, conduction=Conduction.LBBB)))
    v1, v6 = LEADS.index("V1"), LEADS.index("V6")
    qrs = slice(round((ORIGIN - 0.1) * 500), round((ORIGIN + 0.12) * 500))
    assert right[v1, qrs].max() > 0.4  # R' in V1
    assert right[v1, qrs].argmax() > right[v1, qrs].argmin()
    assert right[v6, qrs].min() < -0.1  # slurred S in V6
    assert left[v1, qrs].max() < 0.1 < -left[v1, qrs].min()  # QS in V1
    assert left[v6, qrs].min() > -0.1  # R without q or S in V6


@pytest.mark.parametrize(
    ("field", "level", "lead", "up", "down"),
    [
        ("st_inferior", 0.3, "aVF", ("II", "III", "aVF"), ("aVL",)),
        ("st_inferior", -0.2, "aVF", ("aVL",), ("II", "III", "aVF")),
        ("st_anterior", 0.3, "V2", ("V1", "V2", "V3", "V4"), ()),
        ("st_lateral", 0.2, "I", ("I", "aVL", "V5", "V6"), ("III",)),
    ],
)
def test_st_is_shifted_in_the_leads_that_face_the_wall(
    field: str, level: float, lead: str, up: tuple[str, ...], down: tuple[str, ...]
) -> None:
    plain, shifted = (one_beat(synthesize(replace(QUIET, heart_rate=60, **st))) for st in ({}, {field: level}))
    j_plus_60 = round((ORIGIN + 0.045 + 0.06) * 500)
    difference = dict(zip(LEADS, (shifted - plain)[:, j_plus_60], strict=True))
    assert difference[lead] == pytest.approx(level, abs=0.01)
    assert all(difference[name] > 0.05 for name in up)
    assert all(difference[name] < -0.05 for name in down)


def test_voltage_scales_the_heart_and_nothing_else() -> None:
    normal, double = (synthesize(replace(QUIET, voltage=v, rhythm=Rhythm.SINUS)) for v in (1.0, 2.0))
    assert np.allclose(double.signal, 2 * normal.signal, atol=1e-5)


@pytest.mark.parametrize(
    ("wall", "leads"),
    [(Territory.INFERIOR, ("III", "aVF")), (Territory.ANTERIOR, ("V2", "V3")), (Territory.LATERAL, ("I", "aVL"))],
)
def test_an_inverted_t_is_negative_in_the_leads_that_face_the_wall(wall: Territory, leads: tuple[str, ...]) -> None:
    beat = one_beat(synthesize(replace(QUIET, heart_rate=60, t_inversion=(wall,))))
    t_wave = beat[:, round((ORIGIN + 0.14) * 500) : round((ORIGIN + 0.36) * 500)]
    for lead in leads:
        row = t_wave[LEADS.index(lead)]
        assert row.min() < -0.05
        assert -row.min() > row.max()


def test_fibrillation_is_irregular_without_p_and_flutter_regular_with_300_waves_a_minute() -> None:
    sinus, fibrillation, flutter = (
        synthesize(replace(QUIET, rhythm=rhythm, heart_rate=75), seconds=30)
        for rhythm in (Rhythm.SINUS, Rhythm.FIBRILLATION, Rhythm.FLUTTER)
    )
    variation = [np.diff(beats(r)).std() / np.diff(beats(r)).mean() for r in (sinus, fibrillation, flutter)]
    assert variation[1] > 0.12
    assert max(variation[0], variation[2]) < 0.03
    before_qrs = slice(round((ORIGIN - 0.25) * 500), round((ORIGIN - 0.07) * 500))
    lead_ii = LEADS.index("II")
    p_height = [np.ptp(one_beat(r)[lead_ii, before_qrs]) for r in (sinus, fibrillation)]
    assert p_height[0] > 0.1 > p_height[1]
    spectrum = np.abs(np.fft.rfft(flutter.lead("aVF")))
    hertz = np.fft.rfftfreq(flutter.signal.shape[1], 1 / 500)
    near = (hertz > 4.2) & (hertz < 5.8)
    assert hertz[near][spectrum[near].argmax()] == pytest.approx(5.0, abs=0.1)


def test_premature_beats_come_early_and_only_ventricular_ones_are_wide() -> None:
    for rhythm, widest in ((Rhythm.VENTRICULAR_PREMATURE, True), (Rhythm.ATRIAL_PREMATURE, False)):
        record = synthesize(replace(QUIET, rhythm=rhythm), seconds=20)
        found = beats(record)[1:-1]
        intervals = np.diff(found) / record.fs
        assert intervals.min() < 0.75 * np.median(intervals)
        early = found[1:][intervals < 0.8 * np.median(intervals)]
        usual = found[1:][np.abs(intervals / np.median(intervals) - 1) < 0.05]
        area = {name: np.median([_area(record, b) for b in group]) for name, group in (("e", early), ("u", usual))}
        assert (area["e"] > 1.8 * area["u"]) == widest


def _area(record: EcgRecord, beat: int) -> float:
    lead = record.lead("II")[max(0, beat - 50) : beat + 60]
    return float(np.abs(lead - np.median(record.lead("II"))).sum())


def test_pacing_shows_a_spike_before_each_wide_complex() -> None:
    record = synthesize(replace(QUIET, rhythm=Rhythm.PACED))
    spikes = np.flatnonzero(np.abs(np.diff(record.lead("II"), n=2)) > 1.0)
    assert len(np.unique(spikes // 50)) >= len(beats(record)) - 1


def test_the_same_seed_gives_the_same_signal_and_another_seed_another() -> None:
    first, again, other = (synthesize(SyntheticSpec(seed=seed)) for seed in (5, 5, 6))
    assert np.array_equal(first.signal, again.signal)
    assert not np.array_equal(first.signal, other.signal)


def test_rate_and_length_are_as_asked_and_the_source_says_synthetic() -> None:
    record = synthesize(SyntheticSpec(), fs=257, seconds=7)
    assert (record.fs, record.signal.shape, record.source) == (257.0, (12, 1799), "synthetic")


@pytest.mark.parametrize("change", [{"heart_rate": 5}, {"pr_interval": 1.0}])
def test_an_impossible_truth_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(EcgError, match="synthetic"):
        SyntheticSpec(**change)
