"""What is known to be true of a composed ECG, as labels of concepts: exact where it was composed, unknown elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PRESENT, ABSENT, UNKNOWN, INHERITED = 1, 0, -1, 2
"""Labels. An inherited one is that of the real recording whose ventricular complexes the ECG is made of."""

AV_BLOCKS = ("1AVB", "2AVB", "3AVB", "AVB2:1", "MOBITZ1", "MOBITZ2")
PACING = ("PACE", "APACE", "VPACE", "DPACE")
RHYTHMS = (
    *("SR", "SBRAD", "STACH", "SARRH", "AFIB", "AFLT", "SVTAC", "PSVT", "JR", "AJR", "AT", "MAT", "WAP", "VT", "IVR"),
    *("BIGU", "TRIGU", "PAC", "PVC", "PRC(S)", "ESC", "WPW", "PAUSE", "NOP", "SVARR"),
    *AV_BLOCKS,
    *PACING,
)
"""Codes that a composed rhythm decides, present or absent, unless it leaves them unknown."""

CHANGES = (
    *("STEMI", "STEMI:LAD", "STEMI:RCA", "STEMI:LCX", "LMCA", "ACUTEMI", "NSTEMI", "POSTMI", "WELLENS", "DEWINTER"),
    *("PERI", "HYPERK", "HYPOK", "HYPERCA", "DIG", "BRUGADA", "RVSTRAIN", "ALTERNANS", "OSBORN", "ARMREV"),
)
"""Codes that a composed change of the beat decides."""

OF_QRS = (
    *("IRBBB", "CRBBB", "ILBBB", "CLBBB", "BBB", "ANYLBBB", "ANYRBBB", "LAFB", "LPFB", "FASC", "BIFB", "IVCD"),
    *(
        "LVH",
        "RVH",
        "VH",
        "LVOLT",
        "HVOLT",
        "VCLVH",
        "HIGHV",
        "AXN",
        "LAD",
        "LADM",
        "LADX",
        "RAD",
        "RADM",
        "AXV",
        "AXD",
    ),
    *("AXD", "PRWP", "TRL", "TRR", "AXIS<-30", "AXIS0-90", "AXIS>90", "LOWLIMB", "LOWCHEST", "SOKOLOW", "LOWR:V3"),
    *("QRS<100", "QRS>120", "HVOLT:limb leads", "HVOLT:chest leads", "LVOLT:limb leads"),
)
"""Codes that stay true of a real recording's ventricular complexes in any rhythm."""

_RATES = {
    "RATE<50": (-np.inf, 50.0, 2.0),
    "RATE<60": (-np.inf, 60.0, 2.0),
    "RATE60-100": (60.0, 100.0, 2.0),
    "RATE>100": (100.0, np.inf, 3.0),
    "RATE>120": (120.0, np.inf, 3.0),
    "BRADY": (-np.inf, 60.0, 3.0),
    "TACHY": (100.0, np.inf, 3.0),
}


@dataclass(frozen=True, eq=False)
class Composed:
    """One composed ECG.

    Args:
        signal: Float32 (lead, time) at 100 Hz in mV, the eight independent leads.
        kind: What was composed, a name of the recipe.
        labels: Code -> label.
        record_id: The real recording whose labels are inherited.
        others: The label of all other codes, `UNKNOWN` or `INHERITED`.
        beat_changed: Whether, of these, what follows from the shape of the beat is unknown.
    """

    signal: NDArray[np.float32]
    kind: str
    labels: Mapping[str, int] = field(repr=False)
    record_id: str
    others: int = UNKNOWN
    beat_changed: bool = False

    def label_of(self, code: str) -> int:
        """Return the label of any code."""
        if code in self.labels:
            return self.labels[code]
        return UNKNOWN if self.beat_changed and follows_the_beat(code) else self.others


def rhythm_labels(
    present: Sequence[str], ventricular: Sequence[float] | NDArray[np.float64], *, unknown: Sequence[str] = ()
) -> dict[str, int]:
    """Return the labels that a rhythm decides.

    Args:
        present: Codes of `RHYTHMS` that are there; those that follow from them are added.
        ventricular: Seconds of all QRS complexes.
        unknown: Codes of `RHYTHMS` that may be there as well or be called so by some.
    """
    labels = dict.fromkeys(RHYTHMS, ABSENT)
    labels |= dict.fromkeys(present, PRESENT)
    for code in set(unknown) - set(present):
        labels.pop(code, None)
    return _with_broader(labels) | rate_labels(ventricular) | {"NORM": ABSENT}


def _with_broader(labels: dict[str, int]) -> dict[str, int]:
    """Add concepts that are present if one of theirs is, and absent if all of theirs are."""
    broader = {
        "HAVB": ("2AVB", "3AVB"),
        "AVB": ("1AVB", "2AVB", "3AVB"),
        "AFIB/AFLT": ("AFIB", "AFLT"),
        "2AVB": ("AVB2:1", "MOBITZ1", "MOBITZ2"),
    }
    for code, narrower in broader.items():
        known = [labels.get(one, UNKNOWN) for one in narrower]
        if PRESENT in known:
            labels[code] = PRESENT
        elif UNKNOWN not in known and labels.get(code) != PRESENT:
            labels[code] = ABSENT
        elif labels.get(code) == ABSENT:
            labels.pop(code, None)
    return labels


def rate_labels(ventricular: Sequence[float] | NDArray[np.float64]) -> dict[str, int]:
    """Return the labels of the ventricular rate and its regularity from the seconds of all QRS complexes."""
    times = np.sort(np.asarray(ventricular, float))
    intervals = np.diff(times[(times >= 0) & (times <= 10)])
    if len(intervals) < 2:
        return {}
    rate, spread = 60 / intervals.mean(), 100 * intervals.std() / intervals.mean()
    labels = {}
    for code, (above, below, margin) in _RATES.items():
        if above + margin < rate < below - margin:
            labels[code] = PRESENT
        elif rate < above - margin or rate > below + margin:
            labels[code] = ABSENT
    if abs(spread - 12) > 4:
        labels["RR-IRREGULAR"] = PRESENT if spread > 12 else ABSENT
    return labels


def change_labels(present: Sequence[str], *, unknown: Sequence[str] = ()) -> dict[str, int]:
    """Return the labels of `CHANGES`: those that are there, those that may be, and none of the others."""
    return dict.fromkeys(CHANGES, ABSENT) | dict.fromkeys(unknown, UNKNOWN) | dict.fromkeys(present, PRESENT)


def inherited(codes: Sequence[str]) -> dict[str, int]:
    """Return the label of codes that the real recording decides."""
    return dict.fromkeys(codes, INHERITED)


_OF_REPOLARISATION = ("STE_", "STD_", "INVT", "LOWT", "BIPHT", "TALLT", "TAB_", "ISC", "INJ", "QWAVE", "QS", "SMALLR")
_OF_CHANGED_BEATS = (
    *("NDT", "NST_", "NT_", "STTC", "MI", "IMI", "ASMI", "AMI", "ALMI", "LMI", "ILMI", "IPMI", "IPLMI", "PMI", "ANEUR"),
    *("EL", "LNGQT", "UW", "REPOL", "ABNORM", "NORM", "QTC>460", "QTC<360", "PABN", "ABQRS", "AVDELAY", "PR>200"),
)


def follows_the_beat(code: str) -> bool:
    """Return whether a changed beat may change what is true of a concept."""
    return code in _OF_CHANGED_BEATS or code in CHANGES or code.split(":")[0].startswith(_OF_REPOLARISATION)


def wave_labels(st: Mapping[str, float], t: Mapping[str, float]) -> dict[str, int]:
    """Return the labels of ST and T lead by lead, from their levels in mV; near a limit they are unknown."""
    labels: dict[str, int] = {}
    for lead, level in st.items():
        high = 0.2 if lead in ("V2", "V3") else 0.1
        labels |= _banded(f"STE_:lead {lead}", level, high - 0.05, high + 0.03)
        labels |= _banded(f"STD_:lead {lead}", -level, 0.03, 0.08)
    for lead, peak in t.items():
        if lead != "aVR":
            labels |= _banded(f"INVT:lead {lead}", -peak, 0.0, 0.1)
    for code, walls in (("STE_", st), ("STD_", st), ("INVT", t)):
        own = [labels.get(f"{code}:lead {lead}", UNKNOWN) for lead in walls if lead not in ("aVR", "V1", "III")]
        if own.count(PRESENT) >= 2:
            labels[code] = PRESENT
        elif set(own) == {ABSENT}:
            labels[code] = ABSENT
    return labels


def _banded(code: str, value: float, absent_below: float, present_above: float) -> dict[str, int]:
    if value > present_above:
        return {code: PRESENT}
    return {code: ABSENT} if value < absent_below else {}
