"""Every check fires on the fault it is for, and stays silent on a clean recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.checks.quality import Level, assess_quality, blocked, lead_levels
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, EcgRecord, complete_leads
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize

Signal = NDArray[np.float32]


def row(lead: str) -> int:
    return LEADS.index(lead)


def levels(record: EcgRecord) -> dict[str, Level]:
    """Checks that are not ok, with their level."""
    return {f.check: f.level for f in assess_quality(record) if f.level is not Level.OK}


def spoil(record: EcgRecord, change: Callable[[Signal], None]) -> EcgRecord:
    signal = record.signal.copy()
    change(signal)
    return replace(record, signal=signal)


def zero(signal: Signal) -> None:
    signal[row("V2") :] = 0.0


def two_zero(signal: Signal) -> None:
    signal[[row("V2"), row("V3")]] = 0.0


def flat(signal: Signal) -> None:
    signal[row("V4"), 1000:1800] = 0.1


def clipped(signal: Signal) -> None:
    lead = signal[row("V3")]
    np.minimum(lead, 0.65 * lead.max(), out=lead)


def microvolts(signal: Signal) -> None:
    signal *= 1000.0


def volts(signal: Signal) -> None:
    signal *= 0.001


def spike(signal: Signal) -> None:
    signal[row("V1"), 2345] += 4.0


def step(signal: Signal) -> None:
    signal[row("V1"), 2345:] += 4.0


def drifting(signal: Signal) -> None:
    signal[row("V5")] += 1.2 * np.sin(2 * np.pi * 0.2 * np.arange(signal.shape[1]) / 500)


def trembling(signal: Signal) -> None:
    signal[row("V6")] += np.random.default_rng(0).normal(0, 0.08, signal.shape[1]).astype(np.float32)


def gap(signal: Signal) -> None:
    signal[row("II"), 100:140] = np.nan


def arms_exchanged(signal: Signal) -> None:
    signal[row("I")] *= -1
    signal[[row("II"), row("III")]] = signal[[row("III"), row("II")]]
    signal[[row("aVR"), row("aVL")]] = signal[[row("aVL"), row("aVR")]]


def chest_exchanged(signal: Signal) -> None:
    signal[[row("V1"), row("V3")]] = signal[[row("V3"), row("V1")]]


def right_leg_on_an_arm(signal: Signal) -> None:
    signal[row("II")] *= 0.02
    signal[row("III")] = signal[row("II")] - signal[row("I")]


def tenfold(signal: Signal) -> None:
    signal *= 10.0


def columns_exchanged(signal: Signal) -> None:
    signal[[row("aVL"), row("aVF")]] = signal[[row("aVF"), row("aVL")]]


def silence(signal: Signal) -> None:
    signal[:, 400:] = np.random.default_rng(0).normal(0, 0.005, signal[:, 400:].shape)


@pytest.mark.parametrize(
    ("fault", "check", "level", "leads"),
    [
        (zero, "leads", Level.BLOCK, ("V2", "V3", "V4", "V5", "V6")),
        (two_zero, "leads", Level.WARN, ("V2", "V3")),
        (flat, "flat", Level.NOTE, ("V4",)),
        (clipped, "saturation", Level.NOTE, ("V3",)),
        (microvolts, "amplitude", Level.BLOCK, LEADS),
        (volts, "amplitude", Level.BLOCK, LEADS),
        (spike, "spikes", Level.NOTE, ("V1",)),
        (step, "spikes", Level.NOTE, ("V1",)),
        (drifting, "baseline wander", Level.NOTE, ("V5",)),
        (trembling, "noise", Level.NOTE, ("V6",)),
        (gap, "gaps", Level.WARN, ("II",)),
        (arms_exchanged, "electrodes", Level.WARN, ("I", "II", "III", "aVR", "aVL")),
        (chest_exchanged, "electrodes", Level.WARN, ("V1", "V3")),
        (right_leg_on_an_arm, "electrodes", Level.WARN, ("II",)),
        (tenfold, "amplitude", Level.WARN, LEADS),
        (columns_exchanged, "limb leads", Level.WARN, ("aVL", "aVF")),
    ],
)
def test_a_fault_is_found_in_the_lead_that_has_it(
    clean: EcgRecord, fault: Callable[[Signal], None], check: str, level: Level, leads: tuple[str, ...]
) -> None:
    (finding,) = [f for f in assess_quality(spoil(clean, fault)) if f.check == check]
    assert (finding.level, finding.leads) == (level, leads)
    assert finding.message.endswith(".")


@pytest.mark.parametrize("fs", [100, 250, 500, 1000])
@pytest.mark.parametrize(
    "spec",
    [
        SyntheticSpec(),
        SyntheticSpec(heart_rate=45, voltage=0.5),
        SyntheticSpec(heart_rate=140, voltage=2),
        SyntheticSpec(rhythm=Rhythm.FIBRILLATION, heart_rate=100),
        SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE),
        SyntheticSpec(conduction=Conduction.LBBB, axis=-30),
        SyntheticSpec(conduction=Conduction.RBBB, axis=110),
        SyntheticSpec(st_anterior=0.4, st_inferior=-0.2),
        SyntheticSpec(axis=170),
        SyntheticSpec(axis=-70),
    ],
    ids=str,
)
def test_a_clean_recording_of_a_sick_heart_raises_nothing(spec: SyntheticSpec, fs: float) -> None:
    assert levels(synthesize(spec, fs=fs)) == {}


def test_every_check_reports_that_it_was_made(clean: EcgRecord) -> None:
    assert [f.check for f in assess_quality(clean)] == [
        "sampling rate",
        "length",
        "gaps",
        "leads",
        "signal",
        "amplitude",
        "flat",
        "saturation",
        "spikes",
        "baseline wander",
        "noise",
        "limb leads",
        "electrodes",
        "heart rate",
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(4.9, Level.BLOCK), (5.0, Level.WARN), (7.9, Level.WARN), (8.0, None), (60.0, None)]
)
def test_a_short_recording_is_named_and_a_very_short_one_blocked(seconds: float, expected: Level | None) -> None:
    assert levels(synthesize(SyntheticSpec(), seconds=seconds)).get("length") == expected


@pytest.mark.parametrize(("fs", "expected"), [(80, Level.BLOCK), (100, None)])
def test_a_coarse_recording_is_blocked(fs: float, expected: Level | None) -> None:
    assert levels(synthesize(SyntheticSpec(), fs=fs)).get("sampling rate") == expected


@pytest.mark.parametrize(("age", "expected"), [(17.0, Level.WARN), (18.0, None), (None, None)])
def test_a_child_is_pointed_out(clean: EcgRecord, age: float | None, expected: Level | None) -> None:
    assert levels(replace(clean, age=age)).get("age") == expected


def test_computed_limb_leads_are_noted_and_are_no_fault(clean: EcgRecord) -> None:
    eight = replace(clean, signal=np.stack([clean.lead(x) for x in INDEPENDENT_LEADS]), leads=INDEPENDENT_LEADS)
    for record in (eight, complete_leads(eight)):
        assert levels(record) == {"leads": Level.NOTE}


@pytest.mark.parametrize("leads", [("II",), ("I", "II", "III", "aVR", "aVL", "aVF"), LEADS[5:], LEADS[:7]])
def test_too_few_leads_block(clean: EcgRecord, leads: tuple[str, ...]) -> None:
    record = replace(clean, signal=np.stack([clean.lead(lead) for lead in leads]), leads=leads)
    assert levels(record)["leads"] is Level.BLOCK


def test_mains_hum_is_named_with_its_frequency() -> None:
    record = synthesize(SyntheticSpec(mains=0.1))
    (finding,) = [f for f in assess_quality(record) if f.check == "noise"]
    assert "50 Hz" in finding.message


def test_exchanged_columns_are_named_as_such(clean: EcgRecord) -> None:
    (finding,) = [f for f in assess_quality(spoil(clean, columns_exchanged)) if f.check == "limb leads"]
    assert "aVL and aVF hold each other's signal" in finding.message


def test_a_recording_without_heartbeats_is_pointed_out(clean: EcgRecord) -> None:
    assert levels(spoil(clean, silence))["heart rate"] is Level.WARN


def test_limb_and_chest_leads_that_disagree_are_pointed_out(clean: EcgRecord) -> None:
    other = synthesize(SyntheticSpec(heart_rate=130))

    def mix(signal: Signal) -> None:
        signal[6:] = other.signal[6:]

    assert levels(spoil(clean, mix))["heart rate"] is Level.WARN


def test_pacing_spikes_are_pointed_out() -> None:
    assert levels(synthesize(SyntheticSpec(rhythm=Rhythm.PACED)))["spikes"] is Level.NOTE


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros((12, 5000)),
        np.full((12, 5000), np.nan),
        np.full((12, 5000), 3.3),
        np.ones((12, 1)),
        np.eye(12, 400),
        np.where(np.arange(60000).reshape(12, 5000) % 2, np.nan, 1.0),
    ],
    ids=["zeros", "all missing", "constant", "one sample", "impulses", "every other sample missing"],
)
def test_nothing_valid_makes_the_gate_fail(signal: NDArray[np.float64]) -> None:
    for fs in (1.0, 100.0, 500.0):
        record = EcgRecord(signal.astype(np.float32), LEADS, fs, "x", "test")
        assert blocked(assess_quality(record))


def test_the_strip_shows_the_worst_level_of_each_lead(clean: EcgRecord) -> None:
    def faults(signal: Signal) -> None:
        zero(signal)
        spike(signal)

    strip = lead_levels(assess_quality(spoil(clean, faults)))
    assert tuple(strip) == LEADS
    assert {lead for lead, level in strip.items() if level is Level.BLOCK} == {"V2", "V3", "V4", "V5", "V6"}
    assert strip["V1"] is Level.WARN
    assert strip["I"] is Level.OK


def test_a_clean_recording_is_not_blocked_and_one_of_seven_leads_is(clean: EcgRecord) -> None:
    assert not blocked(assess_quality(clean))
    assert blocked(assess_quality(spoil(clean, zero)))
