"""Each edit does what it says to a copy, and the copy can never be taken for the recording."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suprem.ecg.edit import EDITED, Edit, EditKind, apply_edits
from suprem.ecg.preprocess import SPECS, preprocess
from suprem.errors import EcgError, MissingLead
from tests.tiny import ecg


def test_each_edit_changes_only_what_it_names() -> None:
    record = ecg()
    before = record.signal.copy()

    def changed(**edit: Any) -> np.ndarray:
        return apply_edits(record, [Edit(**edit)]).signal

    v1, v2 = record.leads.index("V1"), record.leads.index("V2")
    dropped = changed(kind=EditKind.DROP, lead="V1")
    assert np.isnan(dropped[v1]).all()
    assert np.array_equal(np.delete(dropped, v1, 0), np.delete(before, v1, 0))
    swapped = changed(kind=EditKind.SWAP, lead="V1", other="V2")
    assert np.array_equal(swapped[[v2, v1]], before[[v1, v2]])
    assert changed(kind=EditKind.SCALE, lead="V1", amount=-2.0)[v1] == pytest.approx(-2 * before[v1])
    noise = changed(kind=EditKind.NOISE, lead="V1", amount=0.1) - before
    assert noise[v1].std() == pytest.approx(0.1, rel=0.1)
    assert not np.delete(noise, v1, 0).any()
    assert changed(kind=EditKind.NOISE, amount=0.1)[v2].std() != before[v2].std()
    masked = changed(kind=EditKind.MASK, first=2.0, last=3.0)
    assert np.isnan(masked[:, 1000:1500]).all()
    assert np.isfinite(masked[:, :1000]).all()
    assert np.array_equal(record.signal, before), "the recording itself is never touched"


def test_edits_follow_each_other_and_undoing_the_last_gives_what_was_before() -> None:
    record = ecg()
    edits = [Edit(EditKind.NOISE, amount=0.05), Edit(EditKind.SWAP, "V1", "V2"), Edit(EditKind.DROP, "V1")]
    two = apply_edits(record, edits[:2])
    assert np.array_equal(apply_edits(two, [edits[2]]).signal, apply_edits(record, edits).signal, equal_nan=True)
    assert np.array_equal(apply_edits(record, edits[:-1]).signal, two.signal)
    assert two.source == EDITED


def test_a_dropped_limb_lead_is_derived_again_and_a_dropped_chest_lead_is_not() -> None:
    record, spec = ecg(), SPECS["compact"]
    whole = preprocess(record, spec).signal
    limb = preprocess(apply_edits(record, [Edit(EditKind.DROP, "II")]), spec).signal
    assert limb == pytest.approx(whole, abs=1e-4)
    chest = preprocess(apply_edits(record, [Edit(EditKind.DROP, "V3")]), spec).signal
    assert not chest[spec.leads.index("V3")].any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": EditKind.DROP},
        {"kind": EditKind.SWAP, "lead": "V1", "other": "V1"},
        {"kind": EditKind.SCALE, "lead": "V1", "amount": 50.0},
        {"kind": EditKind.SCALE, "lead": "V1", "amount": float("nan")},
        {"kind": EditKind.NOISE, "amount": 0.0},
        {"kind": EditKind.MASK, "first": 3.0, "last": 2.0},
    ],
)
def test_an_edit_that_makes_no_sense_cannot_be_built(wrong: dict[str, Any]) -> None:
    with pytest.raises(EcgError):
        Edit(**wrong)


def test_a_lead_that_was_not_recorded_cannot_be_edited() -> None:
    with pytest.raises(MissingLead):
        apply_edits(ecg(), [Edit(EditKind.DROP, "V9")])


def test_an_edit_says_what_it_does() -> None:
    assert str(Edit(EditKind.SCALE, "V1", amount=0.5)) == "V1 × 0.5"
    assert str(Edit(EditKind.MASK, first=1, last=2)) == "1 to 2 s masked in all leads"
