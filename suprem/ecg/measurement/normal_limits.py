"""Whether the measurements of an ECG lie within the limits of a normal adult ECG, and which do not.

A score for "normal ECG" is held against these limits: one that is crossed is a reason to doubt the score, and a limit
that could not be judged says nothing. The measurements are automatic as well, so that neither is the arbiter.

Sources of the limits: ST elevation by age and sex, and pathological Q waves, from the Fourth Universal Definition of
Myocardial Infarction (2018, Tables 1 and 2); QRS duration, axis, QT and low voltage from the AHA/ACCF/HRS
recommendations for the standardization and interpretation of the ECG (2009, parts III, IV and V); rate and PR from
the usual adult limits named there. Limits for children differ with every year of age and are not applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from suprem.ecg.measurement.measure import Measured, Measurements
from suprem.ecg.measurement.median_beat import FS
from suprem.ecg.record import CHEST_LEADS, LIMB_LEADS

ADULT_YEARS = 16
"""The limits are those of adults; below this age none is applied."""

LOWEST_RATE, HIGHEST_RATE = 50.0, 100.0
SHORTEST_PR, LONGEST_PR = 120.0, 200.0
SLURRED_QRS = 110.0
"""A short PR alone is a variant of the normal; with a QRS of this duration it may be pre-excitation."""
WIDE_QRS = 120.0
LONG_QTC = {"male": 450.0, "female": 460.0}
SHORT_QTC = 340.0
LONGEST_P = 120.0
AXIS = (-30.0, 100.0)
P_AXIS = (0.0, 75.0)
"""Of a P wave of the sinus node."""
LOW_LIMB_VOLTAGE, LOW_CHEST_VOLTAGE = 0.5, 1.0
ST_ELEVATION, ST_DEPRESSION = 0.1, -0.1
Q_MILLIVOLTS, Q_SECONDS = -0.1, 0.03

CONTIGUOUS: tuple[tuple[str, str], ...] = (
    ("aVL", "I"),
    ("I", "II"),
    ("II", "aVF"),
    ("aVF", "III"),
    ("II", "III"),
    *pairwise(CHEST_LEADS),
)
"""Pairs of leads that look at neighbouring walls: the limb leads in Cabrera's order without aVR, and V1 to V6."""

_ROUNDING = {"mV": 0.005, "ms": 0.5, "/min": 0.5, "°": 0.5}
"""Half of the last digit shown: a value that reads as its limit does not cross it."""


class Departure(StrEnum):
    """Limit of a normal adult ECG that a measurement crosses."""

    RATE = "rate"
    RHYTHM = "rhythm"
    ECTOPY = "ectopy"
    PR = "PR"
    QRS = "QRS"
    QTC = "QTc"
    AXIS = "axis"
    LOW_VOLTAGE = "low voltage"
    ST_ELEVATION = "ST elevation"
    ST_DEPRESSION = "ST depression"
    Q_WAVES = "Q waves"


@dataclass(frozen=True)
class OutsideLimits:
    """One measurement outside the limits of a normal adult ECG.

    Args:
        departure: Which limit.
        words: The measurement and its limit, as a part of a sentence: "QRS is 134 ms (normal below 120 ms)".
        leads: The leads concerned; empty where the value is one for all leads.
    """

    departure: Departure
    words: str
    leads: tuple[str, ...] = ()


def outside_normal_limits(
    found: Measurements, *, age: float | None = None, sex: str | None = None
) -> tuple[OutsideLimits, ...]:
    """Return what lies outside the limits of a normal adult ECG, ST and Q waves first.

    Args:
        found: The measurements of the recording.
        age: Years; None where unknown, which is taken as an adult of 40 or more.
        sex: "male", "female" or None where unknown, for which the wider of the two limits holds.

    Returns:
        Nothing for a child, and nothing about values that could not be measured.
    """
    if age is not None and age < ADULT_YEARS:
        return ()
    narrow = found.qrs.value is None or found.qrs.value < WIDE_QRS
    departures: list[OutsideLimits] = []
    if narrow:  # ST, T and Q that follow from a wide QRS are told by its width
        departures += _st_elevation(found, age, sex)
        departures += _q_waves(found)
        departures += _st_depression(found.st)
    departures += [*_rhythm(found), *_intervals(found, sex), *_low_voltage(found)]
    return tuple(departures)


@dataclass(frozen=True)
class ReferenceRange:
    """What a value of an adult lies in as a rule.

    Args:
        low, high: The ends, which belong to it; infinite where there is none.
    """

    low: float = -np.inf
    high: float = np.inf

    def __str__(self) -> str:
        if np.isfinite(self.low) and np.isfinite(self.high):
            return f"{self.low:.0f} to {self.high:.0f}"
        return f"up to {self.high:.0f}" if np.isfinite(self.high) else f"from {self.low:.0f}"

    def side(self, value: float) -> str:
        """Return "low", "high" or "", as the value reads in whole numbers."""
        rounded = round(value)
        return "low" if rounded < self.low else "high" if rounded > self.high else ""


def reference_range(name: str, age: float | None, sex: str | None) -> ReferenceRange | None:
    """Return the range of a measurement; None where there is none, and for a child.

    Args:
        name: As in `Measurements.intervals`.
        age: Years; None is taken as an adult.
        sex: "male", "female" or None, for which the wider range holds.
    """
    if age is not None and age < ADULT_YEARS:
        return None
    corrected = ReferenceRange(SHORT_QTC, LONG_QTC.get(sex or "", max(LONG_QTC.values())))
    return {
        "Heart rate": ReferenceRange(LOWEST_RATE, HIGHEST_RATE),
        "P": ReferenceRange(high=LONGEST_P),
        "PR": ReferenceRange(SHORTEST_PR, LONGEST_PR),
        "QRS": ReferenceRange(high=WIDE_QRS - 1),
        "QTc Fridericia": corrected,
        "QTc Bazett": corrected,
        "P axis": ReferenceRange(*P_AXIS),
        "QRS axis": ReferenceRange(*AXIS),
    }.get(name)


def st_elevation_limit(lead: str, age: float | None, sex: str | None) -> float:
    """Return from how many mV on ST counts as elevated in a lead (Fourth Universal Definition, Table 1)."""
    if lead not in ("V2", "V3"):
        return ST_ELEVATION
    if sex == "female":
        return 0.15
    return 0.25 if age is not None and age < 40 else 0.2


def _st_elevation(found: Measurements, age: float | None, sex: str | None) -> Iterator[OutsideLimits]:
    st, j_point = found.st, _j_point(found)
    raised = {
        lead
        for lead, level in st.items()
        if min(level.value or 0.0, j_point.get(lead, 0.0)) >= st_elevation_limit(lead, age, sex) - _ROUNDING["mV"]
    }
    leads = _with_neighbour(raised)
    if leads:
        most = max(leads, key=lambda lead: st[lead].value or 0.0)
        words = f"ST is {st[most].value:+.2f} mV in {most} and raised in {_listed(leads)} (normal below 0.1 mV"
        yield OutsideLimits(Departure.ST_ELEVATION, words + (", more in V2 and V3)" if _v2_v3(leads) else ")"), leads)


def _j_point(found: Measurements) -> dict[str, float]:
    """Return for each lead the level in mV where QRS ends, over that before it.

    The definition is of the J point. ST 60 ms later is raised in many healthy people whose ST climbs into T, and the
    J point alone hangs on where QRS is thought to end; so ST counts as raised where both are.
    """
    if found.beat is None or found.marks is None:
        return {}
    begin, at, half = found.marks.qrs_on, found.marks.qrs_off, round(0.008 * FS)
    level = found.beat.signal[:, begin - round(0.016 * FS) : begin].mean(axis=1)
    return dict(zip(found.beat.leads, found.beat.signal[:, at : at + 2 * half + 1].mean(axis=1) - level, strict=True))


def _st_depression(st: Mapping[str, Measured]) -> Iterator[OutsideLimits]:
    lowered = {lead for lead, level in st.items() if lead != "aVR" and _below(level, ST_DEPRESSION)}
    leads = _with_neighbour(lowered)
    if leads:
        most = min(leads, key=lambda lead: st[lead].value or 0.0)
        words = f"ST is {st[most].value:+.2f} mV in {most} and lowered in {_listed(leads)} (normal above -0.1 mV)"
        yield OutsideLimits(Departure.ST_DEPRESSION, words, leads)


def _q_waves(found: Measurements) -> Iterator[OutsideLimits]:
    """Q of 0.03 s and 0.1 mV in two contiguous leads of I, II, aVL, aVF and V4 to V6 (Table 2; III and V1 apart)."""
    if found.beat is None or found.marks is None or found.qrs.value is None:
        return
    begin, end = found.marks.qrs_on, found.marks.qrs_off + 1
    level = found.beat.signal[:, begin - round(0.016 * FS) : begin].mean(axis=1)
    deep = set()
    for lead, curve in zip(found.beat.leads, found.beat.signal[:, begin:end] - level[:, None], strict=True):
        first_up = int(np.argmax(curve > 0.05)) if (curve > 0.05).any() else len(curve)
        down = curve[:first_up] < -0.02
        if lead not in ("III", "aVR", "V1") and down.sum() >= Q_SECONDS * FS and curve[:first_up].min() <= Q_MILLIVOLTS:
            deep.add(lead)
    leads = _with_neighbour(deep)
    if leads:
        words = f"Q waves of 30 ms or more and 0.1 mV or deeper in {_listed(leads)}"
        yield OutsideLimits(Departure.Q_WAVES, words, leads)


def _rhythm(found: Measurements) -> Iterator[OutsideLimits]:
    if _above(found.heart_rate, HIGHEST_RATE, strictly=True) or _below(found.heart_rate, LOWEST_RATE, strictly=True):
        rate = f"heart rate is {found.heart_rate.value:.0f} /min (normal 50 to 100)"
        yield OutsideLimits(Departure.RATE, rate)
    if found.rhythm.startswith("irregular") and found.pr.value is None and found.used:
        yield OutsideLimits(Departure.RHYTHM, "the rhythm is irregular and no P wave was found")
    if found.other_shape:
        beats = f"{found.other_shape} beat{'s' if found.other_shape > 1 else ''} of another shape"
        yield OutsideLimits(Departure.ECTOPY, f"{beats}, as of ventricular origin")


def _intervals(found: Measurements, sex: str | None) -> Iterator[OutsideLimits]:
    if _above(found.pr, LONGEST_PR, strictly=True):
        yield OutsideLimits(Departure.PR, f"PR is {found.pr.value:.0f} ms (normal up to 200 ms)")
    elif _below(found.pr, SHORTEST_PR, strictly=True) and _above(found.qrs, SLURRED_QRS):
        words = f"PR is {found.pr.value:.0f} ms with a QRS of {found.qrs.value:.0f} ms, as with pre-excitation"
        yield OutsideLimits(Departure.PR, words)
    if _above(found.qrs, WIDE_QRS):
        yield OutsideLimits(Departure.QRS, f"QRS is {found.qrs.value:.0f} ms (normal below 120 ms)")
    longest = LONG_QTC.get(sex or "", max(LONG_QTC.values()))
    wide = found.qrs.value is not None and found.qrs.value >= WIDE_QRS
    if not wide and _above(found.qtc_fridericia, longest, strictly=True):
        words = f"QTc by Fridericia is {found.qtc_fridericia.value:.0f} ms (normal up to {longest:.0f} ms)"
        yield OutsideLimits(Departure.QTC, words)
    elif _below(found.qtc_fridericia, SHORT_QTC, strictly=True):
        words = f"QTc by Fridericia is {found.qtc_fridericia.value:.0f} ms (normal above {SHORT_QTC:.0f} ms)"
        yield OutsideLimits(Departure.QTC, words)
    if _above(found.axis, AXIS[1], strictly=True) or _below(found.axis, AXIS[0], strictly=True):
        yield OutsideLimits(Departure.AXIS, f"QRS axis is {found.axis.value:.0f}° (normal {AXIS[0]:.0f} to 100°)")


def _low_voltage(found: Measurements) -> Iterator[OutsideLimits]:
    for leads, limit, where in (
        (LIMB_LEADS, LOW_LIMB_VOLTAGE, "limb"),
        (CHEST_LEADS, LOW_CHEST_VOLTAGE, "chest"),
    ):
        heights = [_height(found.r.get(lead), found.s.get(lead)) for lead in leads]
        measured = [height for height in heights if height is not None]
        if len(measured) == len(leads) and max(measured) < limit:
            words = f"no {where} lead has a QRS above {max(measured):.1f} mV (low below {limit:.1f} mV)"
            yield OutsideLimits(Departure.LOW_VOLTAGE, words, leads)


def _height(r: Measured | None, s: Measured | None) -> float | None:
    return r.value - s.value if r and s and r.value is not None and s.value is not None else None


def _with_neighbour(leads: set[str]) -> tuple[str, ...]:
    """Return those leads of which a contiguous one is among them too, in the standard order."""
    paired = {lead for pair in CONTIGUOUS if leads.issuperset(pair) for lead in pair}
    return tuple(lead for lead in (*LIMB_LEADS, *CHEST_LEADS) if lead in paired)


def _listed(leads: Sequence[str]) -> str:
    return leads[0] if len(leads) == 1 else f"{', '.join(leads[:-1])} and {leads[-1]}"


def _v2_v3(leads: Sequence[str]) -> bool:
    return bool({"V2", "V3"} & set(leads))


def _above(value: Measured, limit: float, *, strictly: bool = False) -> bool:
    slack = _ROUNDING[value.unit] if strictly else -_ROUNDING[value.unit]
    return value.value is not None and value.value >= limit + slack


def _below(value: Measured, limit: float, *, strictly: bool = False) -> bool:
    slack = _ROUNDING[value.unit] if strictly else -_ROUNDING[value.unit]
    return value.value is not None and value.value <= limit - slack
