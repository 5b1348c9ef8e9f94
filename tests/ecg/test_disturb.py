"""Disturbances do what they say: to the leads, by the amount, and to nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.ecg.disturb import DISTURBANCES, exchange_electrodes
from suprem.ecg.preprocess import SPECS, preprocess
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import EcgError, MissingLead
from tests.tiny import ecg

BY_NAME = {disturbance.name: disturbance for disturbance in DISTURBANCES}


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return ecg(seed=1)


def disturbed(record: EcgRecord, name: str, *, seed: int = 0) -> EcgRecord:
    return BY_NAME[name].apply(record, np.random.default_rng(seed))


def test_names_tell_disturbances_apart_and_each_is_repeatable(record: EcgRecord) -> None:
    assert len(BY_NAME) == len(DISTURBANCES)
    before = record.signal.copy()
    for name in BY_NAME:
        first, second = (disturbed(record, name, seed=3) for _ in range(2))
        assert np.array_equal(first.signal, second.signal, equal_nan=True), name
        assert first.leads == second.leads
    assert np.array_equal(record.signal, before)


@pytest.mark.parametrize("count", [1, 3, 6, 9, 11])
def test_leads_are_lost_and_the_others_are_as_they_were(record: EcgRecord, count: int) -> None:
    found = disturbed(record, f"{count} of 12 leads lost")
    assert len(found.leads) == 12 - count
    assert all(np.array_equal(found.lead(name), record.lead(name)) for name in found.leads)
    assert found.leads != disturbed(record, f"{count} of 12 leads lost", seed=1).leads


def test_groups_of_leads_are_lost_whole(record: EcgRecord) -> None:
    assert disturbed(record, "chest leads lost").leads == LEADS[:6]
    assert disturbed(record, "limb leads lost").leads == LEADS[6:]
    with pytest.raises(MissingLead, match="No lead would be left"):
        disturbed(disturbed(record, "limb leads lost"), "chest leads lost")


def test_avl_and_avf_change_places(record: EcgRecord) -> None:
    found = disturbed(record, "aVL and aVF exchanged")
    assert np.array_equal(found.lead("aVL"), record.lead("aVF"))
    assert np.array_equal(found.lead("aVF"), record.lead("aVL"))
    assert np.array_equal(found.lead("V3"), record.lead("V3"))


@pytest.mark.parametrize(
    ("electrodes", "expected"),
    [
        ("left and right arm", {"I": "-I", "II": "III", "III": "II", "aVR": "aVL", "aVL": "aVR", "aVF": "aVF"}),
        ("left arm and left leg", {"I": "II", "II": "I", "III": "-III", "aVR": "aVR", "aVL": "aVF", "aVF": "aVL"}),
        ("right arm and left leg", {"I": "-III", "II": "-II", "III": "-I", "aVR": "aVF", "aVL": "aVL", "aVF": "aVR"}),
    ],
)
def test_reversed_electrodes_give_the_leads_of_the_textbook(
    record: EcgRecord, electrodes: str, expected: dict[str, str]
) -> None:
    found = disturbed(record, f"electrodes of {electrodes} exchanged")
    for lead, source in expected.items():
        sign = -1 if source.startswith("-") else 1
        np.testing.assert_allclose(found.lead(lead), sign * record.lead(source.lstrip("-")), atol=2e-5, err_msg=lead)
    assert np.array_equal(found.lead("V1"), record.lead("V1"))
    twice = disturbed(found, f"electrodes of {electrodes} exchanged")
    np.testing.assert_allclose(twice.signal, record.signal, atol=5e-5)


def test_electrodes_cannot_be_exchanged_without_limb_leads(record: EcgRecord) -> None:
    with pytest.raises(MissingLead, match="Lead I is not in this recording"):
        exchange_electrodes(disturbed(record, "limb leads lost"), np.random.default_rng(0), mixing=np.eye(2))


def test_noise_has_the_size_that_is_named(record: EcgRecord) -> None:
    added = disturbed(record, "noise, 0.05 mV").signal - record.signal
    assert added.std() == pytest.approx(0.05, rel=0.02)
    assert np.abs(np.corrcoef(added)[0, 1:]).max() < 0.1  # every lead has its own
    wander = disturbed(record, "baseline wander, 0.5 mV").signal - record.signal
    assert np.abs(wander).max() == pytest.approx(0.5, rel=0.01)
    spectrum = np.abs(np.fft.rfft(disturbed(record, "mains 50 Hz, 0.1 mV").signal[0] - record.signal[0]))
    assert np.fft.rfftfreq(record.signal.shape[1], 1 / record.fs)[spectrum.argmax()] == pytest.approx(50)


def test_a_slow_recording_cannot_hold_the_mains(record: EcgRecord) -> None:
    with pytest.raises(EcgError, match="100 Hz cannot hold the 50 Hz"):
        disturbed(disturbed(record, "sampled at 100 Hz"), "mains 50 Hz, 0.1 mV")


def test_gain_rate_and_length(record: EcgRecord) -> None:
    assert np.array_equal(disturbed(record, "double gain").signal, 2 * record.signal)
    slow = disturbed(record, "sampled at 100 Hz")
    assert (slow.fs, slow.signal.shape) == (100, (12, 1000))
    assert disturbed(record, "sampled at 500 Hz") is record
    assert np.array_equal(disturbed(record, "first 5 s").signal, record.signal[:, :2500])
    assert np.array_equal(disturbed(record, "last 5 s").signal, record.signal[:, 2500:])
    gap = np.isnan(disturbed(record, "1 s missing").signal)
    assert gap.sum(axis=1).tolist() == [500] * 12


def test_every_disturbed_record_goes_the_one_way_to_the_model(record: EcgRecord) -> None:
    clean = preprocess(record, SPECS["compact"]).signal
    for name in BY_NAME:
        if name == "11 of 12 leads lost":
            continue  # the one lead left may be one that the model does not read
        signal = preprocess(disturbed(record, name), SPECS["compact"]).signal
        assert np.isfinite(signal).all(), name
        unseen = name in ("aVL and aVF exchanged", "sampled at 500 Hz", "sampled at 100 Hz")
        assert np.allclose(signal, clean, atol=1e-6) == unseen, name
