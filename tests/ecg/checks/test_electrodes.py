"""An exchange of electrodes is undone exactly, and suspected where it was made and not where it was not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.checks.electrodes import ARMS, EXCHANGES, RIGHT_ARM_LEFT_LEG, Exchange, suspected_exchanges, undo
from suprem.ecg.measurement.beats import find_beats
from suprem.ecg.record import CHEST_LEADS, INDEPENDENT_LEADS, LEADS, LIMB_FROM_I_AND_II, EcgRecord
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize

BY_NAME = {one.electrodes: one for one in EXCHANGES}


def suspects(record: EcgRecord) -> list[str]:
    return [one.electrodes for one in suspected_exchanges(record, find_beats(record.signal, record.fs))]


def from_electrodes(arm_right: np.ndarray, arm_left: np.ndarray, leg: np.ndarray) -> np.ndarray:
    """Return the six limb leads from the potentials of the electrodes, by their definition."""
    one, two = arm_left - arm_right, leg - arm_right
    return np.stack([of_i * one + of_ii * two for of_i, of_ii in LIMB_FROM_I_AND_II.values()]).astype(np.float32)


@pytest.mark.parametrize(("exchange", "order"), [(ARMS, (1, 0, 2)), (RIGHT_ARM_LEFT_LEG, (2, 1, 0))])
def test_undoing_gives_what_the_right_electrodes_would_have(
    clean: EcgRecord, exchange: Exchange, order: tuple[int, int, int]
) -> None:
    potentials = np.random.default_rng(0).normal(size=(3, clean.signal.shape[1]))
    right, wrong = from_electrodes(*potentials), from_electrodes(*potentials[list(order)])
    chest = clean.signal[6:]
    recorded = replace(clean, signal=np.concatenate([wrong, chest]))
    undone = undo(recorded, exchange)
    assert np.allclose(undone.signal, np.concatenate([right, chest]), atol=1e-5)
    assert undone.corrected == exchange.electrodes
    assert "CORRECTED VIEW" in undone.facts
    assert "CORRECTED" not in recorded.facts


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda one: one.electrodes)
def test_undoing_twice_changes_nothing_and_only_the_named_leads_change(clean: EcgRecord, exchange: Exchange) -> None:
    once = undo(clean, exchange)
    assert np.allclose(undo(once, exchange).signal, clean.signal, atol=1e-6)
    changed = {lead for lead in LEADS if not np.array_equal(once.lead(lead), clean.lead(lead))}
    assert changed == set(exchange.leads)
    assert changed <= set(LEADS[:6] if exchange.of_limbs else CHEST_LEADS)


@pytest.mark.parametrize("fs", [100.0, 500.0, 1000.0])
@pytest.mark.parametrize("name", ["right arm and left arm", "right arm and left leg", "V1 and V4", "V3 and V6"])
def test_an_exchange_is_suspected_where_it_was_made(name: str, fs: float) -> None:
    record = synthesize(SyntheticSpec(), fs=fs)
    assert suspects(record) == []
    assert suspects(undo(record, BY_NAME[name])) == [name]


def test_exchanges_of_limb_and_chest_are_both_suspected(clean: EcgRecord) -> None:
    both = undo(undo(clean, ARMS), BY_NAME["V1 and V4"])
    assert set(suspects(both)) == {ARMS.electrodes, "V1 and V4"}
    assert undo(both, ARMS).corrected.count(ARMS.electrodes) == 2


@pytest.mark.parametrize(
    "spec",
    [
        SyntheticSpec(rhythm=Rhythm.FIBRILLATION),
        SyntheticSpec(conduction=Conduction.LBBB, axis=-30),
        SyntheticSpec(conduction=Conduction.RBBB, axis=110),
        SyntheticSpec(st_inferior=0.3),
        SyntheticSpec(axis=-60),
    ],
    ids=str,
)
def test_a_sick_heart_is_no_exchange(spec: SyntheticSpec) -> None:
    assert suspects(synthesize(spec)) == []


def test_without_all_measured_leads_or_beats_nothing_is_suspected(clean: EcgRecord) -> None:
    reversed_arms = undo(clean, ARMS)
    few = replace(reversed_arms, signal=reversed_arms.signal[:8], leads=LEADS[:8])
    assert suspects(few) == []
    assert suspected_exchanges(reversed_arms, np.array([100, 700])) == ()
    eight = np.stack([reversed_arms.lead(lead) for lead in INDEPENDENT_LEADS])
    assert suspects(replace(reversed_arms, signal=eight, leads=INDEPENDENT_LEADS)) == [ARMS.electrodes]
