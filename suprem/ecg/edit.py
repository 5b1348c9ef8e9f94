"""What-if edits: a recording changed on purpose, to see what a score does. The result is no recording.

An edit acts on the signal before `preprocess`, as a real fault would: a limb lead that is dropped is derived again from
the other limb leads where two are left, and then changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np

from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError

EDITED = "edited"
"""The source of an edited record (see `EcgRecord.source`)."""

MAX_FACTOR = 5.0
MAX_NOISE = 2.0  # millivolts


class EditKind(StrEnum):
    """Kind of an edit; the value is its name on the page."""

    DROP = "Drop a lead"
    SWAP = "Swap two leads"
    SCALE = "Scale a lead"
    NOISE = "Add noise"
    MASK = "Mask a stretch"


@dataclass(frozen=True)
class Edit:
    """One change of a recording.

    Args:
        kind: What is done.
        lead: The lead; None for every lead, which only noise and mask allow.
        other: The lead to swap with.
        amount: Factor of a scaling (negative turns the lead upside down), or standard deviation of noise in millivolts.
        first, last: The stretch to mask, in seconds from the start of the record.

    Raises:
        EcgError: The arguments do not fit the kind.
    """

    kind: EditKind
    lead: str | None = None
    other: str | None = None
    amount: float = 0.0
    first: float = 0.0
    last: float = 0.0

    def __post_init__(self) -> None:
        if self.lead is None and self.kind not in (EditKind.NOISE, EditKind.MASK):
            raise EcgError(f"“{self.kind}” needs a lead; choose one.")
        if self.kind is EditKind.SWAP and self.other in (None, self.lead):
            raise EcgError("A swap needs two different leads; choose another second one.")
        if self.kind is EditKind.SCALE and not abs(self.amount) <= MAX_FACTOR:
            raise EcgError(f"The factor is {self.amount:g}; expected -{MAX_FACTOR:g} to {MAX_FACTOR:g}.")
        if self.kind is EditKind.NOISE and not 0 < self.amount <= MAX_NOISE:
            raise EcgError(f"The noise is {self.amount:g} mV; expected more than 0 and up to {MAX_NOISE:g} mV.")
        if self.kind is EditKind.MASK and not 0 <= self.first < self.last:
            raise EcgError(f"The stretch is {self.first:g} s to {self.last:g} s; the end must come after the start.")

    def __str__(self) -> str:
        where = self.lead or "all leads"
        return {
            EditKind.DROP: f"{where} dropped",
            EditKind.SWAP: f"{where} and {self.other} swapped",
            EditKind.SCALE: f"{where} × {self.amount:g}",
            EditKind.NOISE: f"noise of {self.amount:g} mV on {where}",
            EditKind.MASK: f"{self.first:g} to {self.last:g} s masked in {where}",
        }[self.kind]

    def applied_to(self, record: EcgRecord, number: int) -> EcgRecord:
        """Return a changed copy of the record, as `RecordEdit` says.

        Raises:
            EcgError: The record does not have the lead.
        """
        signal = record.signal.copy()
        rows = [_row(record, self.lead)] if self.lead else list(range(len(record.leads)))
        if self.kind is EditKind.DROP:
            signal[rows] = np.nan
        elif self.kind is EditKind.SWAP:
            pair = [*rows, _row(record, self.other or "")]
            signal[pair] = signal[pair[::-1]]
        elif self.kind is EditKind.SCALE:
            signal[rows] *= np.float32(self.amount)
        elif self.kind is EditKind.NOISE:
            # The same edits give the same signal, so that undoing one leaves the others as they were.
            noise = np.random.default_rng(number).normal(scale=self.amount, size=(len(rows), signal.shape[1]))
            signal[rows] += noise.astype(np.float32)
        else:
            signal[rows, round(self.first * record.fs) : round(self.last * record.fs)] = np.nan
        return replace(record, signal=signal)


class RecordEdit(Protocol):
    """What changes a recording on purpose; as text it says how."""

    def applied_to(self, record: EcgRecord, number: int) -> EcgRecord:
        """Return a changed copy; the number is the edit's place among those made, which seeds what is random."""
        ...


def apply_edits(record: EcgRecord, edits: Sequence[RecordEdit]) -> EcgRecord:
    """Return a copy of the record with the edits made one after the other; its source is `EDITED`.

    Raises:
        EcgError: An edit names a lead the record does not have, or cannot be made in this recording.
    """
    edited = replace(record, source=EDITED, device={}, device_statements=())
    for number, edit in enumerate(edits):
        edited = edit.applied_to(edited, number)
    return edited


def _row(record: EcgRecord, lead: str) -> int:
    record.lead(lead)  # raises where it is not there
    return record.leads.index(lead)
