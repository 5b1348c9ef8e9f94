"""Checks before an evaluation: each of them fails where it should and says so when it cannot be made."""

from __future__ import annotations

import numpy as np
import pandas as pd

from suprem.evaluation.leakage import RecordingHashes, as_integers, audit_labels, audit_patients, signal_hash


def table(patients: str, folds: list[int]) -> pd.DataFrame:
    records = [f"r{row}" for row in range(len(folds))]
    return pd.DataFrame({"record_id": records, "patient_id": list(patients), "fold": folds})


def test_a_patient_in_two_folds_is_counted() -> None:
    apart = audit_patients(table("aabbc", [8, 8, 9, 9, 9]), [9], range(1, 11))
    assert (apart.passed, apart.message) == (True, "0 of 2 patients are also in folds outside")
    shared = audit_patients(table("aabba", [8, 8, 9, 9, 9]), [9], range(1, 11))
    assert (shared.passed, shared.message) == (False, "1 of 2 patients are also in folds outside")


def test_patients_cannot_be_compared_without_other_folds_or_without_ids() -> None:
    assert audit_patients(table("ab", [9, 9]), [9], range(1, 11)).passed is None
    unknown = table("ab", [8, 9]).assign(patient_id=["r0", "r1"])
    assert "no patient id" in audit_patients(unknown, [9], range(1, 11)).message


def test_sums_of_labels_are_compared_with_published_ones() -> None:
    published = {"A": 3, "B": 5}
    assert audit_labels("AB", [3, 5], published, complete=True).passed is True
    wrong = audit_labels("AB", [3, 6], published, complete=True)
    assert (wrong.passed, wrong.message) == (False, "1 classes differ: B 6 instead of 5")
    assert audit_labels("AB", [1, 2], published, complete=False).passed is None
    assert audit_labels("AB", [1, 2], None, complete=True).passed is None


def test_recordings_that_are_the_same_are_found_within_and_elsewhere() -> None:
    rng = np.random.default_rng(0)
    first, second = (as_integers(rng.normal(size=(2, 50)).astype(np.float32), 1e-3) for _ in range(2))
    hashes = RecordingHashes([signal_hash(second)])
    for name, signal in (("a", first), ("b", second), ("c", first.copy())):
        hashes.add(name, signal)
    within, elsewhere = hashes.findings()
    assert (within.passed, within.message) == (False, "1 of 3 recordings repeat another one: c = a")
    assert elsewhere.message == "1 of 3 recordings are also among the 1 of --against: b"
    clean = RecordingHashes()
    clean.add("a", first)
    assert [finding.passed for finding in clean.findings()] == [True]


def test_noise_below_a_step_does_not_hide_a_copy_and_large_values_do_not_wrap() -> None:
    signal = np.array([[0.1, -0.2, 40.0]], np.float32)
    assert signal_hash(as_integers(signal, 1e-3)) == signal_hash(as_integers(signal + np.float32(2e-4), 1e-3))
    assert as_integers(signal, 1e-3).tolist() == [[100, -200, 32767]]
