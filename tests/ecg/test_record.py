"""`EcgRecord` cannot hold nonsense, and `complete_leads` derives what follows and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, LIMB_LEADS, EcgRecord, complete_leads
from suprem.errors import BadSamplingRate, EcgError, MissingLead


def pick(record: EcgRecord, *leads: str) -> EcgRecord:
    return replace(record, signal=np.stack([record.lead(lead) for lead in leads]), leads=leads)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"signal": np.zeros((12, 10))}, EcgError, "float64"),
        ({"signal": np.zeros((12, 10, 1), np.float32)}, EcgError, "3 dimension"),
        ({"signal": np.zeros((11, 10), np.float32)}, EcgError, "11 signal rows but 12"),
        ({"leads": ("X", *LEADS[1:])}, EcgError, "'X'"),
        ({"leads": ("II", *LEADS[1:])}, EcgError, "twice"),
        ({"fs": 0.0}, BadSamplingRate, "0.0 Hz"),
        ({"fs": float("nan")}, BadSamplingRate, "nan"),
        ({"signal": np.zeros((12, 0), np.float32)}, EcgError, "no samples"),
    ],
)
def test_an_impossible_record_cannot_be_built(
    clean: EcgRecord, change: dict[str, object], error: type[EcgError], says: str
) -> None:
    with pytest.raises(error, match=says):
        replace(clean, **change)


def test_a_lead_is_found_by_its_name(clean: EcgRecord) -> None:
    turned = pick(clean, *reversed(LEADS))
    assert np.array_equal(turned.lead("aVF"), clean.lead("aVF"))


def test_an_absent_lead_is_named(clean: EcgRecord) -> None:
    with pytest.raises(MissingLead, match="Lead III is not"):
        pick(clean, "I", "II").lead("III")


def test_eight_leads_become_twelve(clean: EcgRecord) -> None:
    completed = complete_leads(pick(clean, *INDEPENDENT_LEADS))
    assert completed.leads == LEADS
    assert completed.derived == ("III", "aVR", "aVL", "aVF")
    assert np.allclose(completed.signal, clean.signal, atol=1e-6)
    assert any("computed from I and II" in note for note in completed.notes)


@pytest.mark.parametrize("pair", [(a, b) for i, a in enumerate(LIMB_LEADS) for b in LIMB_LEADS[i + 1 :]])
def test_any_two_limb_leads_give_the_other_four(clean: EcgRecord, pair: tuple[str, str]) -> None:
    completed = complete_leads(pick(clean, *pair, *LEADS[6:]))
    assert np.allclose(completed.signal, clean.signal, atol=1e-5)


def test_a_zero_limb_lead_is_derived_anew(clean: EcgRecord) -> None:
    signal = clean.signal.copy()
    signal[LEADS.index("aVL")] = 0.0
    completed = complete_leads(replace(clean, signal=signal))
    assert completed.derived == ("aVL",)
    assert np.allclose(completed.signal, clean.signal, atol=1e-6)


def test_a_chest_lead_is_never_invented(clean: EcgRecord) -> None:
    assert complete_leads(pick(clean, "I", "II", "V1")).leads == (*LIMB_LEADS, "V1")


def test_a_record_of_nothing_but_zeros_is_refused(clean: EcgRecord) -> None:
    with pytest.raises(MissingLead, match="empty or zero"):
        complete_leads(replace(clean, signal=np.zeros_like(clean.signal)))


def test_a_complete_record_stays_itself(clean: EcgRecord) -> None:
    assert complete_leads(clean) is clean
