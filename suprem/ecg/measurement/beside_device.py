"""The measurements of an ECG beside those that its recording device wrote into the file, and beside reference ranges.

Two algorithms rarely agree to the millisecond. A difference is marked from where it can change what a reader says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from suprem.ecg.measurement.measure import Measurements
from suprem.ecg.measurement.measured import Measured, in_digits
from suprem.ecg.measurement.normal_limits import ReferenceRange, reference_range

NAMES = {
    "heart rate": "Heart rate",
    "ventricular heart rate": "Heart rate",
    "p duration": "P",
    "pr interval": "PR",
    "qrs duration": "QRS",
    "qt interval": "QT",
    "qtc interval (fridericia)": "QTc Fridericia",
    "qtc interval (bazett)": "QTc Bazett",
    "p axis": "P axis",
    "qrs axis": "QRS axis",
    "t axis": "T axis",
}
"""How devices name what is measured here; anything else they measured has a row of its own."""

NOTABLE = {"/min": 5.0, "ms": 20.0, "°": 20.0}
NOTABLE_OF = {"QT": 40.0, "QTc Fridericia": 40.0, "QTc Bazett": 40.0}
"""Differences from which two values are marked: those between two readers of one ECG are smaller as a rule."""

_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(\D*)$")
_UNITS = {"bpm": "/min", "/min": "/min", "ms": "ms", "deg": "°", "°": "°"}


@dataclass(frozen=True)
class MeasurementRow:
    """One measurement as it stands in a table.

    Args:
        name: Of the measurement.
        own: What was measured here; None for what only the device gives.
        device: What the device says, with its unit; empty where it does not.
        difference: Own less device in the unit of both, the short way round for an axis; None where one is missing.
        notable: Whether the difference is one to look at.
        normal: The reference range; None where there is none.
        side: "low" or "high" where the own value, or else the device's, lies outside of it.
    """

    name: str
    own: Measured | None
    device: str = ""
    difference: float | None = None
    notable: bool = False
    normal: ReferenceRange | None = None
    side: str = ""


def beside_device(
    found: Measurements, device: Mapping[str, str], *, age: float | None = None, sex: str | None = None
) -> list[MeasurementRow]:
    """Return a row for each measurement, then one for what only the device measured.

    Args:
        found: What was measured here.
        device: What the device wrote, name -> value with its unit, as in `EcgRecord.device`.
        age, sex: For the reference ranges, as in `reference_range`.
    """
    theirs: dict[str, tuple[float, str]] = {}
    others: dict[str, str] = {}
    for label, text in device.items():
        name, value = NAMES.get(label.casefold()), _number(text)
        if label.casefold() == "rr interval" and value and value[0] > 0:
            name, value = "Heart rate", (60_000 / value[0], "/min")
        if name and value and name not in theirs:
            theirs[name] = value
        elif label.casefold() != "atrial heart rate" or text not in device.values():
            others[label] = f"{in_digits(value[0])} {value[1]}" if value else text
    rows = [_row(name, own, theirs.get(name), reference_range(name, age, sex)) for name, own in found.intervals.items()]
    return rows + [MeasurementRow(f"{label} (device)", None, text) for label, text in others.items()]


def _row(name: str, own: Measured, theirs: tuple[float, str] | None, normal: ReferenceRange | None) -> MeasurementRow:
    judged = own.value if own.value is not None else theirs[0] if theirs else None
    side = normal.side(judged) if normal and judged is not None else ""
    device = f"{in_digits(theirs[0])} {theirs[1]}" if theirs else ""
    if own.value is None or theirs is None or theirs[1] != own.unit:
        return MeasurementRow(name, own, device, normal=normal, side=side)
    difference = own.value - theirs[0]
    if own.unit == "°":
        difference = (difference + 180) % 360 - 180
    notable = abs(difference) >= NOTABLE_OF.get(name, NOTABLE[own.unit])
    return MeasurementRow(name, own, device, difference, notable, normal, side)


def _number(text: str) -> tuple[float, str] | None:
    match = _NUMBER.match(text)
    unit = _UNITS.get(match[2].strip()) if match else None
    return (float(match[1]), unit) if match and unit else None
