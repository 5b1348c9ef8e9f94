"""One 12-lead ECG in memory: leads by name, millivolts, sampling rate carried along."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from suprem.errors import BadSamplingRate, EcgError, MissingLead

LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The standard order of the twelve leads; nothing else in the project states it."""

LIMB_LEADS: tuple[str, ...] = LEADS[:6]
CHEST_LEADS: tuple[str, ...] = LEADS[6:]

INDEPENDENT_LEADS: tuple[str, ...] = ("I", "II", *CHEST_LEADS)
"""The eight leads that are measured; the other four follow from I and II."""

SYNTHETIC = "synthetic"
"""The source of a record that was computed (see `EcgRecord.source`)."""

# Each limb lead as a combination of I and II (Einthoven 1913, Goldberger 1942).
LIMB_FROM_I_AND_II: dict[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}


@dataclass(frozen=True, eq=False)
class EcgRecord:
    """One ECG. An invalid combination cannot be built.

    Args:
        signal: Float32 array (lead, time) in millivolts. NaN marks samples the file does not have.
        leads: Name of each row, from `LEADS`, each at most once.
        fs: Sampling rate in Hz.
        record_id: A name free of patient identifiers.
        source: The format it was read from, for example "WFDB", or `SYNTHETIC`.
        derived: Leads computed from others instead of measured.
        notes: Sentences about what the reader had to do (chosen group, filled gap); shown to the person.
        age: Years, capped at 89 by the readers; None where the file does not say.
        sex: "female", "male" or None.
        corrected: Electrodes that were exchanged back, in words; empty for a recording as it was made.

    Raises:
        EcgError: The array, the names or the rate do not fit together.
    """

    signal: NDArray[np.float32]
    leads: tuple[str, ...]
    fs: float
    record_id: str
    source: str
    derived: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    age: float | None = None
    sex: str | None = None
    device: dict[str, str] = field(default_factory=dict)
    """What the recording device itself measured, as text with units; never who the patient is."""
    device_statements: tuple[str, ...] = ()
    """What the device itself said, unconfirmed: shown, never exported, and held to `device_words.keep_statements`."""
    corrected: str = ""

    def __post_init__(self) -> None:
        if self.signal.ndim != 2 or self.signal.dtype != np.float32:
            raise EcgError(
                "An ECG needs a float32 array (lead, time); "
                f"found {self.signal.dtype} with {self.signal.ndim} dimension(s)."
            )
        if len(self.leads) != self.signal.shape[0]:
            raise EcgError(f"{self.signal.shape[0]} signal rows but {len(self.leads)} lead names.")
        unknown = [name for name in self.leads if name not in LEADS]
        if unknown:
            raise EcgError(
                f"Unknown lead name(s) {', '.join(map(repr, unknown))}; expected names from {', '.join(LEADS)}."
            )
        if len(set(self.leads)) != len(self.leads):
            raise EcgError(f"A lead name appears twice in {', '.join(self.leads)}.")
        if not np.isfinite(self.fs) or self.fs <= 0:
            raise BadSamplingRate(f"The sampling rate is {self.fs} Hz; expected a positive number.")
        if self.signal.shape[1] == 0:
            raise EcgError("The recording holds no samples.")

    @property
    def seconds(self) -> float:
        """Length of the recording in seconds."""
        return self.signal.shape[1] / self.fs

    @property
    def facts(self) -> str:
        """The recording in a few words, none of which says whose it is."""
        age = f"{self.age:g} years" if self.age is not None else None
        view = f"CORRECTED VIEW: {self.corrected} exchanged back" if self.corrected else None
        leads = f"{len(self.leads)} leads" + (f", {len(self.derived)} of them computed" if self.derived else "")
        parts = (age, self.sex, f"{self.seconds:.1f} s", f"{self.fs:g} Hz", leads, view)
        return ", ".join(filter(None, parts))

    def lead(self, name: str) -> NDArray[np.float32]:
        """Return one lead (time,) in millivolts.

        Raises:
            MissingLead: The record does not have it.
        """
        if name not in self.leads:
            raise MissingLead(f"Lead {name} is not in this recording, which has {', '.join(self.leads)}.")
        return self.signal[self.leads.index(name)]


def complete_leads(record: EcgRecord) -> EcgRecord:
    """Return the record in standard order with absent limb leads derived; chest leads are never invented.

    Any two limb leads determine the other four. Leads that hold no finite or no non-zero sample count as absent.
    """
    present = {
        name: row
        for name, row in zip(record.leads, record.signal, strict=True)
        if np.any(np.isfinite(row) & (row != 0.0))
    }
    limbs = [name for name in LIMB_LEADS if name in present]
    missing = [name for name in LIMB_LEADS if name not in present]
    derived: list[str] = []
    if missing and len(limbs) >= 2:
        basis = sorted(limbs, key=lambda name: name not in ("I", "II"))[:2]  # the measured two where there are both
        mixing = np.array([LIMB_FROM_I_AND_II[name] for name in basis])
        i_and_ii = np.linalg.solve(mixing, np.stack([present[name] for name in basis]).astype(np.float64))
        for name in missing:
            present[name] = (np.array(LIMB_FROM_I_AND_II[name]) @ i_and_ii).astype(np.float32)
            derived.append(name)
    leads = tuple(name for name in LEADS if name in present)
    if not leads:
        raise MissingLead("Every lead of this recording is empty or zero; there is nothing to read.")
    if leads == record.leads and not derived:
        return record
    notes = record.notes
    if derived:
        notes += (f"{', '.join(derived)} computed from {' and '.join(basis)}.",)
    return replace(
        record,
        signal=np.stack([present[name] for name in leads]),
        leads=leads,
        derived=tuple(dict.fromkeys((*record.derived, *derived))),
        notes=notes,
    )
