"""From a record to model input: one shape, no NaN, no invented signal, whatever the file was like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.preprocess import SPECS, Prepared, SignalSpec, choose_window, crop, preprocess, repair_gaps
from suprem.ecg.record import CHEST_LEADS, INDEPENDENT_LEADS, LEADS, EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import BadSamplingRate, ConfigError, MissingLead
from tests.tiny import ecg

COMPACT = SPECS["compact"]
TWELVE = SignalSpec(fs=500, leads=LEADS)


def long_ecg(seconds: float, *, fs: float = 500.0) -> EcgRecord:
    return synthesize(SyntheticSpec(wander=0.0, noise=0.0), fs=fs, seconds=seconds)


def changed(record: EcgRecord, where: object, value: float) -> EcgRecord:
    signal = record.signal.copy()
    signal[where] = value  # type: ignore[index]
    return replace(record, signal=signal)


def with_leads(record: EcgRecord, leads: tuple[str, ...]) -> EcgRecord:
    return replace(record, signal=np.stack([record.lead(name) for name in leads]), leads=leads)


def correlation(a: Prepared, b: Prepared) -> float:
    return float(np.corrcoef(a.signal.ravel(), b.signal.ravel())[0, 1])


@pytest.mark.parametrize("spec", [*SPECS.values(), replace(COMPACT, leads=("V6", "aVF")), replace(TWELVE, fs=250)])
@pytest.mark.parametrize("fs", [100.0, 257.0, 500.0, 1000.0])
def test_every_specification_gives_its_shape(spec: SignalSpec, fs: float) -> None:
    signal = preprocess(long_ecg(10.0, fs=fs), spec).signal
    assert signal.shape == (len(spec.leads), spec.samples)
    assert signal.dtype == np.float32
    assert np.isfinite(signal).all()
    assert signal.std(axis=1).min() > 0.001


@pytest.mark.parametrize("scaling", ["millivolt", "minmax"])
def test_the_order_of_leads_in_the_file_does_not_matter(scaling: str) -> None:
    record = ecg()
    spec = replace(TWELVE, scaling=scaling)
    expected = preprocess(record, spec).signal
    mimic = with_leads(record, ("I", "II", "III", "aVR", "aVF", "aVL", *CHEST_LEADS))
    assert np.array_equal(preprocess(mimic, spec).signal, expected)
    assert np.array_equal(preprocess(with_leads(record, LEADS[::-1]), spec).signal, expected)
    assert not np.array_equal(expected[LEADS.index("aVL")], expected[LEADS.index("aVF")])


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, 1, 2500, 3000, 4998, 4999])
def test_one_missing_sample_anywhere_is_repaired(spec: SignalSpec, value: float, position: int) -> None:
    record = ecg(noise=0.0)
    expected = preprocess(record, spec).signal
    found = preprocess(changed(record, (slice(None), position), value), spec).signal
    assert np.isfinite(found).all()
    difference = np.abs(found - expected).max(axis=0)
    near = np.abs(np.arange(spec.samples) / spec.fs - position / record.fs) < 0.1
    assert difference[near].max() < 0.2
    assert difference[~near].max() < 0.005


@pytest.mark.parametrize("position", [0, 1500, 4000])
def test_a_long_gap_stays_empty_and_touches_nothing_else(position: int) -> None:
    record = ecg(noise=0.0)
    gap = slice(position, position + 1000)
    prepared = preprocess(changed(record, (LEADS.index("V3"), gap), np.nan), TWELVE)
    expected = preprocess(record, TWELVE).signal
    row = LEADS.index("V3")
    assert not prepared.signal[row, gap].any()
    outside = np.delete(prepared.signal[row] - expected[row], np.arange(5000)[gap])
    assert np.ptp(outside) < 1e-6, "a shift of the median is all that may differ"
    others = np.arange(12) != row
    assert np.array_equal(prepared.signal[others], expected[others])
    assert "Stretches without signal in V3 are left out." in prepared.notes


def test_a_long_gap_stays_empty_when_resampled() -> None:
    record = changed(ecg(), (slice(None), slice(1500, 2500)), np.nan)
    for spec in SPECS.values():
        gap = slice(3 * spec.fs, 5 * spec.fs)
        signal = preprocess(record, spec).signal
        assert not signal[:, gap].any()
        assert signal[:, : 3 * spec.fs].any(axis=1).all()


def test_gaps_up_to_20_ms_are_filled_with_the_mean_of_six_neighbours() -> None:
    signal = np.arange(40, dtype=np.float32).reshape(1, -1) ** 2
    signal[0, 20:30] = np.nan  # 20 ms at 500 Hz
    filled = repair_gaps(signal, 500.0)
    expected = np.mean([17**2, 18**2, 19**2, 30**2, 31**2, 32**2])
    assert np.allclose(filled[0, 20:30], expected)
    assert np.array_equal(np.delete(filled, np.s_[20:30]), np.delete(signal, np.s_[20:30]))
    assert np.isnan(signal[0, 20:30]).all(), "the input is not changed"


@pytest.mark.parametrize(
    ("gap", "neighbours"),
    [
        (slice(0, 2), [2, 3, 4]),  # nothing stands before it
        (slice(1, 3), [0, 3, 4, 5]),
        (slice(37, 39), [34, 35, 36, 39]),
        (slice(38, 40), [35, 36, 37]),  # nothing stands after it
    ],
)
def test_a_gap_at_an_end_is_filled_from_the_neighbours_there_are(gap: slice, neighbours: list[int]) -> None:
    values = np.arange(40, dtype=np.float32) ** 2
    signal = values.copy().reshape(1, -1)
    signal[0, gap] = np.nan
    assert np.allclose(repair_gaps(signal, 500.0)[0, gap], values[neighbours].mean())


def test_gaps_side_by_side_are_filled_from_measured_samples_and_never_from_each_other() -> None:
    """Filled one after the other, the second mean would contain the first; the published notebook never gets there.

    It loops over leads and indexes time, so a NaN beyond sample 11 stays and the whole record becomes zero.
    """
    values = np.arange(40, dtype=np.float32) ** 2
    signal = np.stack([values, -values])
    signal[0, [19, 20, 22]] = [np.nan, np.inf, -np.inf]
    filled = repair_gaps(signal, 500.0)
    assert np.allclose(filled[0, 19:21], values[[16, 17, 18, 21, 23, 24]].mean())
    assert np.isclose(filled[0, 22], values[[17, 18, 21, 23, 24, 25]].mean())
    assert np.array_equal(filled[1], -values), "the other lead is left alone"


@pytest.mark.parametrize(("fs", "longest"), [(100.0, 2), (257.0, 5), (500.0, 10), (1000.0, 20)])
def test_the_longest_repaired_gap_is_20_ms_at_any_rate(fs: float, longest: int) -> None:
    signal = np.ones((1, 200), np.float32)
    signal[0, 50 : 50 + longest] = np.nan
    signal[0, 100 : 101 + longest] = np.nan
    filled = repair_gaps(signal, fs)
    assert np.isfinite(filled[0, 50 : 50 + longest]).all()
    assert np.isnan(filled[0, 100 : 101 + longest]).all()


def test_a_short_gap_beside_a_long_one_is_filled_from_measured_samples_only() -> None:
    signal = np.ones((1, 60), np.float32)
    signal[0, :40] = np.nan
    signal[0, 41:43] = np.nan
    filled = repair_gaps(signal, 500.0)
    assert np.isnan(filled[0, :40]).all()
    assert np.array_equal(filled[0, 40:], np.ones(20))


def test_an_eight_lead_file_gives_the_input_of_the_twelve_lead_file() -> None:
    record = ecg()
    eight = preprocess(with_leads(record, INDEPENDENT_LEADS), TWELVE)
    assert np.allclose(eight.signal, preprocess(record, TWELVE).signal, atol=1e-5)
    assert any("computed from I and II" in note for note in eight.notes)


def test_a_missing_chest_lead_is_an_empty_row_and_never_invented() -> None:
    record = with_leads(ecg(), tuple(name for name in LEADS if name != "V4"))
    signal = preprocess(record, COMPACT).signal
    row = COMPACT.leads.index("V4")
    assert not signal[row].any()
    assert np.delete(signal, row, axis=0).any(axis=1).all()
    assert np.array_equal(preprocess(changed(ecg(), LEADS.index("V4"), 0.0), COMPACT).signal, signal)


def test_a_lead_that_is_empty_in_the_window_alone_is_derived_there() -> None:
    record = long_ecg(30.0)
    loud = changed(record, (slice(None), slice(0, 1000)), 8.0)  # pushes the window away from the first two seconds
    lost = changed(loud, (LEADS.index("I"), slice(1000, None)), np.nan)
    prepared = preprocess(lost, COMPACT)
    assert prepared.start >= 2
    assert np.allclose(prepared.signal, preprocess(loud, COMPACT).signal, atol=1e-3)
    assert any(note.startswith("I computed from II and III") for note in prepared.notes)


def test_a_chest_lead_that_is_empty_in_the_window_alone_is_an_empty_row() -> None:
    loud = changed(long_ecg(30.0), (slice(None), slice(0, 1000)), 8.0)
    for value in (np.nan, np.inf):
        signal = preprocess(changed(loud, (LEADS.index("V2"), slice(1000, None)), value), COMPACT).signal
        assert not signal[COMPACT.leads.index("V2")].any()
        assert np.isfinite(signal).all()


@pytest.mark.parametrize("seconds", [0.002, 3.0, 4.99])
def test_less_than_5_s_is_refused(seconds: float) -> None:
    with pytest.raises(BadSamplingRate, match="at least 5 s are needed"):
        preprocess(long_ecg(seconds), COMPACT)


@pytest.mark.parametrize(("fs", "samples"), [(99.0, 1000), (60_000.0, 300_000)])
def test_a_rate_no_electrocardiograph_has_is_refused(fs: float, samples: int) -> None:
    record = EcgRecord(signal=np.ones((1, samples), np.float32), leads=("I",), fs=fs, record_id="x", source="test")
    with pytest.raises(BadSamplingRate, match="Hz"):
        preprocess(record, COMPACT)


def test_6_s_are_padded_with_zeros_at_the_end_and_told() -> None:
    prepared = preprocess(long_ecg(6.0), TWELVE)
    assert not prepared.signal[:, 3000:].any()
    assert prepared.signal[:, 2500:3000].any(axis=1).all()
    assert prepared.start == 0
    assert "The recording is 6.0 s long; the model was trained on 10 s." in prepared.notes


def test_60_s_are_cut_to_the_cleanest_10_s_each_time_the_same() -> None:
    noise = np.random.default_rng(0).normal(0, 2, (12, 30_000)).astype(np.float32)
    noise[:, 23 * 500 : 34 * 500] = 0
    record = long_ecg(60.0)
    record = replace(record, signal=record.signal + noise)
    prepared = preprocess(record, TWELVE)
    assert prepared.start in (23.0, 24.0)
    assert f"The cleanest 10 s of 60.0 s are used, from {prepared.start:g} s on." in prepared.notes
    first = round(prepared.start * 500)
    window = record.signal[:, first : first + 5000]
    assert np.allclose(prepared.signal, window - np.median(window, axis=1, keepdims=True), atol=1e-5)
    again = preprocess(record, TWELVE)
    assert (again.start, again.notes) == (prepared.start, prepared.notes)
    assert np.array_equal(again.signal, prepared.signal)


def test_a_window_without_gaps_is_preferred_and_the_earliest_of_equals_wins() -> None:
    steady = EcgRecord(signal=np.ones((1, 15_000), np.float32), leads=("I",), fs=500.0, record_id="x", source="test")
    assert choose_window(steady, 10.0) == 0.0
    assert choose_window(changed(steady, (0, slice(0, 2000)), np.nan), 10.0) == 4.0
    assert choose_window(changed(steady, (0, slice(14_000, None)), np.nan), 10.0) == 0.0
    assert choose_window(crop(steady, 0.0, 10.0), 10.0) == 0.0


def test_copies_of_one_signal_at_500_and_100_hz_give_nearly_the_same_input() -> None:
    slow, fast = long_ecg(10.0, fs=100.0), long_ecg(10.0, fs=500.0)
    for spec in SPECS.values():
        assert correlation(preprocess(slow, spec), preprocess(fast, spec)) > 0.99
    other = preprocess(ecg(heart_rate=55.0, noise=0.0), COMPACT)
    assert correlation(other, preprocess(fast, COMPACT)) < 0.9, "else the figure above would say nothing"


@pytest.mark.parametrize("fs", [128.0, 257.0, 360.0, 1000.0])
def test_resampling_keeps_time_and_amplitude(fs: float) -> None:
    seconds = np.arange(round(10 * fs)) / fs
    wave = np.sin(2 * np.pi * 1.3 * seconds).astype(np.float32)[None]
    record = EcgRecord(signal=wave, leads=("I",), fs=fs, record_id="x", source="test")
    prepared = preprocess(record, replace(COMPACT, leads=("I",)))
    expected = np.sin(2 * np.pi * 1.3 * np.arange(1000) / 100)
    assert np.abs(prepared.signal[0, 20:-20] - expected[20:-20]).max() < 0.03
    assert f"Resampled from {fs:g} to 100 Hz." in prepared.notes


def test_millivolt_keeps_amplitude_and_takes_the_offset_off() -> None:
    record = ecg(noise=0.0)
    one = preprocess(record, COMPACT).signal
    double = preprocess(replace(record, signal=2 * record.signal), COMPACT).signal
    shifted = preprocess(replace(record, signal=record.signal + np.float32(1.5)), COMPACT).signal
    assert np.allclose(double, 2 * one, atol=1e-5)
    assert np.allclose(shifted, one, atol=1e-5)
    assert np.allclose(np.median(one, axis=1), 0, atol=1e-6)


def test_minmax_removes_amplitude_and_fills_zero_to_one_over_the_whole_record() -> None:
    record = ecg(noise=0.0)
    spec = SPECS["paper"]
    one = preprocess(record, spec).signal
    assert np.allclose(preprocess(replace(record, signal=2 * record.signal), spec).signal, one, atol=1e-5)
    assert (one.min(), one.max()) == (0.0, pytest.approx(1.0))
    assert one[0].max() < 1.0, "scaled together, not lead by lead"


def test_minmax_is_not_stretched_by_what_was_not_recorded() -> None:
    record = ecg(noise=0.0)
    gap = changed(record, (LEADS.index("V1"), slice(0, 1000)), np.nan)
    signal = preprocess(gap, SPECS["paper"]).signal
    assert signal.max() == pytest.approx(1.0)
    assert not signal[LEADS.index("V1"), :1000].any()


def test_a_record_without_a_lead_the_model_reads_is_refused() -> None:
    with pytest.raises(MissingLead, match="The model reads V1; the recording has only I"):
        preprocess(with_leads(ecg(), ("I",)), replace(COMPACT, leads=("V1",)))
    with pytest.raises(MissingLead, match="nothing to read"):
        preprocess(changed(ecg(), slice(None), np.nan), COMPACT)


def test_the_notes_of_the_reader_are_kept() -> None:
    record = replace(ecg(), notes=("Group 1 of 2 was taken.",))
    assert preprocess(record, TWELVE).notes == ("Group 1 of 2 was taken.",)


def test_the_record_is_not_changed() -> None:
    record = changed(ecg(), (0, 10), np.nan)
    before = record.signal.copy()
    for spec in SPECS.values():
        preprocess(record, spec)
    assert np.array_equal(record.signal, before, equal_nan=True)


def test_crop_returns_the_asked_stretch_or_what_there_is_of_it() -> None:
    record = ecg()
    assert np.array_equal(crop(record, 2.0, 3.0).signal, record.signal[:, 1000:2500])
    assert crop(record, 8.0, 5.0).seconds == 2.0
    assert crop(record, 60.0, 5.0).signal.shape == (12, 1)
    assert np.array_equal(crop(record, -1.0, 1.0).signal, record.signal[:, :500])


@pytest.mark.parametrize("change", [{"fs": 50}, {"seconds": 3.0}, {"leads": ()}])
def test_an_impossible_specification_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="at least 100 Hz, 5 s and one lead"):
        replace(COMPACT, **change)  # type: ignore[arg-type]
