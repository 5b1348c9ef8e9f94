"""A condition added to a recording shows in the leads of its criteria, and keeps the recording's rhythm and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.composed.what_if import CONDITIONS, ConditionEdit
from suprem.ecg.edit import EDITED, Edit, EditKind, apply_edits
from suprem.ecg.measurement.measure import measure
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import EcgError


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    """A clean sinus rhythm at 500 Hz."""
    return synthesize(SyntheticSpec(noise=0.004, wander=0.0), fs=500.0)


def st(record: EcgRecord, lead: str) -> float:
    value = measure(record).st[lead].value
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("condition", "raised", "other"),
    [
        ("Occlusion of the LAD", "V3", "III"),
        ("Occlusion of the right coronary artery", "aVF", "aVL"),
        ("Brugada pattern", "V2", "V6"),
    ],
)
def test_an_occlusion_raises_st_where_its_territory_is(
    record: EcgRecord, condition: str, raised: str, other: str
) -> None:
    edited = apply_edits(record, [ConditionEdit(condition, 2)])
    assert edited.source == EDITED
    assert st(edited, raised) - st(record, raised) > 0.05
    assert st(edited, other) - st(record, other) < 0.03


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_changes_the_beat_and_not_the_rhythm(record: EcgRecord, condition: str) -> None:
    edited = apply_edits(record, [ConditionEdit(condition)])
    difference = edited.signal - record.signal
    assert 0.02 < np.abs(difference).max() < 2
    rows = [record.leads.index(lead) for lead in ("I", "II", "III", "aVR")]
    one, two, three, right = difference[rows]
    np.testing.assert_allclose(three, two - one, atol=1e-5)
    np.testing.assert_allclose(right, -(one + two) / 2, atol=1e-5)
    before, after = measure(record).heart_rate.value, measure(edited).heart_rate.value
    assert before is not None
    assert after == pytest.approx(before, abs=2)


def test_variants_differ_and_the_same_one_is_the_same_whatever_stands_before_it(record: EcgRecord) -> None:
    edits = [ConditionEdit("Pericarditis", variant) for variant in (1, 1, 2)]
    first, again, other = (apply_edits(record, [edit]).signal for edit in edits)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    dropped = apply_edits(record, [ConditionEdit("Pericarditis"), Edit(EditKind.SCALE, "V1", amount=1.0)])
    np.testing.assert_array_equal(dropped.signal, first)


def test_what_cannot_be_added_is_said(record: EcgRecord) -> None:
    with pytest.raises(EcgError, match="no condition to add"):
        ConditionEdit("Plague")
    with pytest.raises(EcgError, match="expected 1 to 99"):
        ConditionEdit("Pericarditis", 0)
    few = replace(record, leads=record.leads[:6], signal=record.signal[:6])
    with pytest.raises(EcgError, match="V1, V2, V3, V4, V5, V6 is missing"):
        apply_edits(few, [ConditionEdit("Pericarditis")])
    noise = replace(record, signal=np.random.default_rng(0).normal(size=record.signal.shape).astype(np.float32))
    with pytest.raises(EcgError, match="No usual beat"):
        apply_edits(noise, [ConditionEdit("Pericarditis")])
