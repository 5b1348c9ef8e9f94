"""From the channels a file holds to an `EcgRecord`: units to millivolts, names to leads. Every reader ends here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.calibration_pulse import without_calibration
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import EcgError, MissingFact, UnreadableEcg

MAX_SAMPLES = 12 * 600 * 1000
"""Samples a recording may hold over all channels: twelve leads for ten minutes at 1000 Hz."""

OLDEST_STATED_AGE = 89.0
"""Ages above this identify a person and are reported as this (HIPAA Safe Harbor, 45 CFR 164.514)."""

_NEARLY_ALL = 0.99
"""Leads that begin together may end apart by so little: some writers drop the last samples of one."""

_MILLIVOLTS = {
    "mv": 1.0,
    "millivolt": 1.0,
    "millivolts": 1.0,
    "mvolt": 1.0,
    "mvolts": 1.0,
    "uv": 1e-3,
    "microvolt": 1e-3,
    "microvolts": 1e-3,
    "uvolt": 1e-3,
    "uvolts": 1e-3,
    "nv": 1e-6,
    "nanovolt": 1e-6,
    "nanovolts": 1e-6,
    "v": 1e3,
    "volt": 1e3,
    "volts": 1e3,
}

_COUNTS = (
    *("adu", "adus", "adc", "count", "counts", "digit", "digits", "lsb", "lsbs", "bit", "bits", "raw", "step", "steps"),
    *("adc units", "adc counts", "adc-units", "a.u", "au", "arb", "nu", "n/a", "unknown", "unitless", "1"),
)
_NO_VOLTAGES = frozenset({"mmhg", "bpm", "%", "hz", "s", "ms", "c", "degc", "kg", "cmh2o", "l/min", "pm", "g", "ohm"})
"""Units that an error names; anything else may be a person's name that somebody put there."""

_MAX_UNIT = 40
"""Characters of a unit that are looked at."""


@dataclass(frozen=True, eq=False)
class Channel:
    """One channel as its file gives it.

    Args:
        name: The name in the file, in any spelling.
        samples: Values (time,) in `unit`; NaN where the file has none.
        unit: The unit in the file, for example "uV".
        lead: Lead and sign where the format states them by a code; otherwise they are found from `name`.
    """

    name: str
    samples: NDArray[np.floating]
    unit: str
    lead: tuple[str, int] | None = None


def millivolts_per(unit: str) -> float | None:
    """Return how many millivolts one `unit` is, or None where it is not a voltage.

    A number may stand before it ("0.1 mV", "1e-4 V"). A micro sign may be either of Unicode's two, or have been written
    as UTF-8 and read as Latin-1.
    """
    micro = "\N{LATIN CAPITAL LETTER A WITH CIRCUMFLEX}?\N{MICRO SIGN}|\N{GREEK SMALL LETTER MU}"
    plain = re.sub(micro, "u", unit[:_MAX_UNIT].strip()).casefold()
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?(?:e[-+]?\d{1,2})?) ?([a-z]{1,12})", plain)
    if match is None:
        return _MILLIVOLTS.get(plain)
    one = _MILLIVOLTS.get(match[2])
    return float(match[1]) * one or None if one else None


def is_counts(unit: str) -> bool:
    """Tell whether a unit says that values count the steps of a converter."""
    return unit[:_MAX_UNIT].strip(" .[]()").casefold() in _COUNTS


def to_record(
    channels: Sequence[Channel],
    *,
    fs: float,
    record_id: str,
    source: str,
    notes: Sequence[str] = (),
    age: float | None = None,
    sex: str | None = None,
    device: Mapping[str, str] | None = None,
    device_statements: Sequence[str] = (),
) -> EcgRecord:
    """Keep the standard leads, in millivolts and standard order.

    Raises:
        UnreadableEcg: No channel is a standard lead, or the leads differ in length.
        EcgError: A lead's unit is not a voltage.
    """
    found: dict[str, NDArray[np.float32]] = {}
    said = list(notes)
    left_out = repeated = 0
    for channel in channels:
        named = channel.lead or canonical_lead(channel.name)
        if named is None:
            left_out += 1
            continue
        lead, sign = named
        if lead in found:
            repeated += 1
            continue
        scale = millivolts_per(channel.unit)
        if scale is None and is_counts(channel.unit):
            raise MissingFact(
                f"Lead {lead} is given in steps of a converter and not in a voltage; "
                "give how many of them are one millivolt (counts-per-mv)."
            )
        if scale is None:
            raise EcgError(
                f"Lead {lead} is given in {_shown(channel.unit)}, which is no voltage; state mV, uV, nV or V."
            )
        if sign < 0:
            said.append(f"The file holds -{lead}; its sign was turned.")
        with np.errstate(over="ignore", invalid="ignore"):  # what is beyond any number becomes NaN below
            found[lead] = (np.asarray(channel.samples, dtype=np.float64) * (sign * scale)).astype(np.float32)
    if not found:
        raise UnreadableEcg(
            f"None of the {len(channels)} channels is named as a standard lead; expected names such as I, aVR or V1."
        )
    shortest, longest = (pick(row.size for row in found.values()) for pick in (min, max))
    if shortest < longest:
        if shortest < _NEARLY_ALL * longest:
            raise UnreadableEcg("The leads differ in length; expected one length for all of them.")
        said.append(f"The leads differ by {longest - shortest} sample(s) in length; what all of them have was kept.")
        found = {lead: row[:shortest] for lead, row in found.items()}
    if left_out:
        said.append(f"{left_out} channel(s) that are not standard leads were left out.")
    if repeated:
        said.append(f"{repeated} repeated lead(s) were left out; the first of each was kept.")
    leads = tuple(name for name in LEADS if name in found)
    signal = np.stack([found[name] for name in leads])
    signal[~np.isfinite(signal)] = np.nan
    signal, cut = without_calibration(signal, float(fs)) if np.isfinite(fs) and fs > 0 else (signal, "")
    said += [cut] if cut else []
    return EcgRecord(
        signal=signal,
        leads=leads,
        fs=float(fs),
        record_id=record_id,
        source=source,
        notes=tuple(said),
        age=age,
        sex=sex,
        device=dict(device or {}),
        device_statements=tuple(device_statements),
    )


def check_sample_count(channels: int, samples: int) -> None:
    """Refuse a recording larger than `MAX_SAMPLES` before it is read.

    Raises:
        UnreadableEcg: It is.
    """
    if channels * samples > MAX_SAMPLES:
        raise UnreadableEcg(
            f"The file states {channels} channels of {samples} samples; at most {MAX_SAMPLES} samples in all are read "
            "(12 leads, 10 minutes, 1000 Hz). Cut out the stretch of interest and try again."
        )


def parse_age(text: str) -> float | None:
    """Return the age in years, capped, that "63", "63 years", "042Y", "011M", "008W" or "030D" states, else None."""
    match = re.fullmatch(
        r"(\d{1,4}(?:\.\d+)?)\s*(y(?:ea)?rs?|y|m(?:onths?)?|w(?:eeks?)?|d(?:ays?)?)?", text.strip().lower()
    )
    if match is None:
        return None
    per_year = {"m": 12.0, "w": 365.25 / 7, "d": 365.25}.get((match[2] or "y")[0], 1.0)
    return min(float(match[1]) / per_year, OLDEST_STATED_AGE)


def parse_sex(text: str) -> str | None:
    """Return "female", "male" or None."""
    return {"f": "female", "female": "female", "m": "male", "male": "male"}.get(text.strip().casefold())


def _shown(unit: str) -> str:
    return f"'{unit}'" if unit.casefold() in _NO_VOLTAGES else "an unknown unit"
