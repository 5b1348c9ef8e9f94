"""What is checked before an evaluation: patients and recordings in two parts of a split, and the sums of the labels.

A figure is worth what its split is worth. Each check gives a finding that stands in the result, passed or not; a check
that cannot be made says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NAMED = 5
"""Records or classes named in a finding at most."""


@dataclass(frozen=True)
class LeakageCheck:
    """The outcome of one check.

    Args:
        check: "patients", "recordings" or "labels".
        passed: None where the check could not be made.
        message: What was found.
    """

    check: str
    passed: bool | None
    message: str


def audit_patients(
    table: pd.DataFrame, evaluated: Iterable[int], others: Iterable[int], made_of: str = ""
) -> LeakageCheck:
    """Check that no patient of the evaluated folds is in other folds too.

    Args:
        table: The table of a `RecordIndex` with all folds of the corpus.
        evaluated: The folds evaluated.
        others: The folds that a model may have been trained, chosen or calibrated on.
        made_of: What the records are, of a corpus of several parts.
    """
    found = _patients(table, evaluated, others)
    return replace(found, message=f"{found.message} ({made_of})") if made_of else found


def _patients(table: pd.DataFrame, evaluated: Iterable[int], others: Iterable[int]) -> LeakageCheck:
    known = table["patient_id"].astype(str) != table["record_id"].astype(str)
    apart = set(others) - set(evaluated)
    first = set(table.loc[table["fold"].isin(list(evaluated)), "patient_id"])
    second = set(table.loc[table["fold"].isin(apart), "patient_id"])
    if not first or not second:
        return LeakageCheck("patients", None, "there are no other folds to compare with")
    if not known.any():
        return LeakageCheck("patients", None, "the corpus publishes no patient id, so each record counts as a patient")
    shared = len(first & second)
    return LeakageCheck("patients", shared == 0, f"{shared} of {len(first)} patients are also in folds outside")


def audit_labels(
    codes: Sequence[str], positives: Sequence[int], published: Mapping[str, int] | None, *, complete: bool
) -> LeakageCheck:
    """Compare the positives of each class with the published counts.

    Args:
        codes: Code of each class.
        positives: Records that have it.
        published: The published counts, None where there are none for these records.
        complete: Whether all records of the release are there; else counts cannot agree.
    """
    if published is None:
        return LeakageCheck("labels", None, "no counts are published for these records")
    if not complete:
        return LeakageCheck("labels", None, "this copy of the corpus is incomplete, so its counts cannot be compared")
    differ = [
        f"{code} {count} instead of {published[code]}"
        for code, count in zip(codes, positives, strict=True)
        if count != published[code]
    ]
    if not differ:
        return LeakageCheck("labels", True, f"the positives of all {len(codes)} classes are the published ones")
    return LeakageCheck("labels", False, f"{len(differ)} classes differ: {'; '.join(differ[:NAMED])}")


class RecordingHashes:
    """Finds recordings that are the same sample for sample, within the evaluated ones and in others.

    Signals are compared as prepared and rounded to integers, as a signal store keeps them, so that a copy in another
    file format or of another gain is found too. A shifted or filtered copy is not.

    Args:
        others: Hashes of recordings that must not be evaluated on, from `signal_hash`.
    """

    def __init__(self, others: Iterable[bytes] = ()) -> None:
        self._others = frozenset(others)
        self._first: dict[bytes, str] = {}
        self._twice: list[str] = []
        self._elsewhere: list[str] = []

    def add(self, record_id: str, integers: NDArray[np.int16]) -> None:
        """Note a recording (lead, time) or its windows."""
        key = signal_hash(integers)
        if key in self._others:
            self._elsewhere.append(record_id)
        if key in self._first:
            self._twice.append(f"{record_id} = {self._first[key]}")
        self._first.setdefault(key, record_id)

    def findings(self) -> tuple[LeakageCheck, ...]:
        """Return what was found among all that was added."""
        count = len(self._first) + len(self._twice)
        within = LeakageCheck(
            "recordings",
            not self._twice,
            f"{len(self._twice)} of {count} recordings repeat another one{_named(self._twice)}",
        )
        if not self._others:
            return (within,)
        message = f"{len(self._elsewhere)} of {count} recordings are also among the {len(self._others)} of --against"
        return within, LeakageCheck("recordings", not self._elsewhere, message + _named(self._elsewhere))


def as_integers(signal: NDArray[np.float32], step: float) -> NDArray[np.int16]:
    """Round a prepared signal to the steps in which a signal store keeps it."""
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(signal / step), limits.min, limits.max).astype(np.int16)


def signal_hash(integers: NDArray[np.int16]) -> bytes:
    """Return a hash of a recording as integers (lead, time)."""
    return hashlib.blake2b(np.ascontiguousarray(integers).tobytes(), digest_size=16).digest()


def _named(names: Sequence[str]) -> str:
    return f": {', '.join(names[:NAMED])}" if names else ""
