"""An ECG given as a bare table of numbers: what it states, what a person adds, and what may be concluded from it.

What the table states is used, what it does not state is taken from `TableFormat`, and what is then still open is
concluded only where the values or convention allow one conclusion. Each conclusion is a note on the record.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import Channel, check_sample_count, to_record
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.record import LEADS, LIMB_FROM_I_AND_II, LIMB_LEADS, EcgRecord
from suprem.errors import EcgError, MissingFact, UnreadableEcg

TEN_SECONDS = {1000: 100.0, 5000: 500.0}
"""Sample counts taken as the usual ten seconds where no rate is stated, with the rate that follows."""

_MAX_CHANNELS = 64
_FEWEST_SAMPLES = 100
_SIGNALS = ("signal", "signals", "ecg", "p_signal", "val", "data", "waveform", "waveforms", "values", "x")
_RATES = (
    "fs",
    "sampling_rate",
    "sample_rate",
    "sampling_frequency",
    "samplerate",
    "frequency",
    "freq",
    "sfreq",
    "rate",
)
_NAMES = ("leads", "lead_names", "lead", "sig_name", "names", "channels", "channel_names", "ch_names", "columns")
_UNITS = ("units", "unit")


@dataclass(frozen=True)
class TableFormat:
    """What a person states about a table that does not state it itself.

    Args:
        fs: Sampling rate in Hz.
        unit: Unit of the values.
        leads: Lead names in the order of the columns (or rows).
    """

    fs: float | None = None
    unit: Literal["mV", "uV", "V"] | None = None
    leads: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """What a file of numbers holds and states.

    Args:
        values: Float array (time, channel) or (channel, time).
        source: The format, for example "CSV".
        names: One name per channel, or None.
        units: One unit per channel or one for all, or None.
        fs: Sampling rate in Hz, or None.
        per_millivolt: How many units of the values are one millivolt, where the file gives a gain instead of a unit.
    """

    values: NDArray[np.float64]
    source: str
    names: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    fs: float | None = None
    per_millivolt: float | None = None


def read_table(table: Table, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Return the record a table describes.

    Raises:
        UnreadableEcg: The array does not have the shape of an ECG.
        MissingFact: Rate, leads or unit are not stated and do not follow.
        EcgError: What is stated cannot be used.
    """
    given = given or TableFormat()
    notes: list[str] = []
    rows = _rows(table.values, table.names or given.leads)
    check_sample_count(*rows.shape)
    names = table.names or given.leads or _conventional_leads(rows, notes)
    fs = table.fs or given.fs or _conventional_rate(rows.shape[1], notes)
    if table.fs and given.fs and abs(table.fs - given.fs) > 0.01 * table.fs:
        notes.append(f"The file itself states {table.fs:g} Hz; that was used instead of the {given.fs:g} Hz given.")
    standard = np.array([canonical_lead(name) is not None for name in names])
    if table.per_millivolt:
        rows, unit = rows / table.per_millivolt, "mV"
    elif not table.units:
        unit = given.unit or _evident_unit(rows[standard], notes)
    units = table.units or (unit,)
    if len(units) == 1:
        units *= len(names)
    channels = [Channel(name, row, unit) for name, row, unit in zip(names, rows, units, strict=True)]
    return to_record(channels, fs=fs, record_id=record_id, source=table.source, notes=notes)


def signal_among(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return which of a file's named arrays is the signal: by its name, or as the only one with the shape of an ECG."""
    fitting = [name for name, shape in shapes.items() if _is_signal(shape)]
    by_name = [name for known in _SIGNALS for name in fitting if name.casefold() == known]
    return next(iter(by_name), fitting[0] if len(fitting) == 1 else None)


def leads_among(shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """Return which of a file's named arrays are leads, one array each, where at least two of one length are."""
    lengths = {name: max(shape, default=0) for name, shape in shapes.items() if canonical_lead(name)}
    rows = tuple(name for name, shape in shapes.items() if name in lengths and math.prod(shape) == lengths[name] > 1)
    return rows if len(rows) >= 2 and len({lengths[name] for name in rows}) == 1 else ()


def facts_among(values: Mapping[str, object]) -> tuple[float | None, tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return rate, lead names and units among what stands beside a signal: numbers, texts, rows of texts."""
    known = {name.casefold(): value for name, value in values.items()}
    rates = [known[name] for name in _RATES if name in known]
    number = np.asarray(rates[0]).ravel() if rates else np.empty(0)
    fs = float(number[0]) if number.size == 1 and number.dtype.kind in "iuf" and number[0] > 0 else None
    names, units = (
        next((texts for name in wanted if (texts := _texts(known.get(name)))), None) for wanted in (_NAMES, _UNITS)
    )
    return fs, names, units


def _is_signal(shape: tuple[int, ...]) -> bool:
    sides = tuple(side for side in shape if side != 1)
    return len(sides) == 2 and min(sides) <= _MAX_CHANNELS and max(sides) >= _FEWEST_SAMPLES


def _texts(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return tuple(part for part in re.split(r"[,;\s]+", value.strip()) if part) or None
    if isinstance(value, tuple) and all(isinstance(text, str) for text in value):
        return value or None
    return None


def _rows(values: NDArray[np.float64], names: tuple[str, ...] | None) -> NDArray[np.float64]:
    """Return the array as (channel, time): the axis as long as the names, else the shorter one, holds the channels."""
    if values.ndim > 2:
        values = values.squeeze()  # an axis of one recording
    if values.ndim != 2 or min(values.shape) < 2 or min(values.shape) > _MAX_CHANNELS:
        shape = " x ".join(map(str, values.shape))
        raise UnreadableEcg(f"Found an array of {shape}; expected one row or column per lead and one value per sample.")
    if names is None:
        return values if values.shape[0] < values.shape[1] else values.T
    if len(names) not in values.shape:
        shape = f"{values.shape[0]} x {values.shape[1]}"
        raise EcgError(f"{len(names)} lead names are given for an array of {shape}; name every lead once.")
    return values.T if values.shape[1] == len(names) else values


def _conventional_leads(rows: NDArray[np.float64], notes: list[str]) -> tuple[str, ...]:
    """Return the standard order for twelve unnamed leads whose limb leads prove to be in that order."""
    if rows.shape[0] == len(LEADS):
        order = dict(zip(LIMB_LEADS, rows, strict=False))
        size = max(float(np.nanstd(row)) for row in order.values())
        residuals = [
            float(np.nanstd(order[lead] - (a * order["I"] + b * order["II"])))
            for lead, (a, b) in LIMB_FROM_I_AND_II.items()
        ]
        if size > 0 and max(residuals) < 0.05 * size:
            notes.append(
                "No lead is named; the limb leads prove to be in standard order, V1 to V6 were taken to follow."
            )
            return LEADS
    raise MissingFact(
        f"The table names no leads for its {rows.shape[0]} channels, and their order does not follow from the values; "
        "give the lead names in order (leads)."
    )


def _conventional_rate(samples: int, notes: list[str]) -> float:
    fs = TEN_SECONDS.get(samples)
    if fs is None:
        raise MissingFact(
            f"The table states no sampling rate ({samples} samples); give it in Hz (fs) or add a time column."
        )
    notes.append(f"No sampling rate is stated; {samples} samples were taken as the usual 10 s at {fs:g} Hz.")
    return fs


def _evident_unit(rows: NDArray[np.float64], notes: list[str]) -> str:
    """Return the unit that the size of the values allows, where it allows only one.

    An ECG measures about 0.1 to 10 mV peak to peak, so millivolts, microvolts and volts do not overlap. Integers are
    refused, because they may count converter steps of any size, and so are normalised values.
    """
    finite = rows[np.isfinite(rows)]
    if finite.size and not np.all(finite == np.round(finite)):
        spans = np.nanpercentile(rows, 99.9, axis=1) - np.nanpercentile(rows, 0.1, axis=1)
        span = float(np.nanmedian(spans))
        scaled = {float(finite.min()), float(finite.max())} <= {-1.0, 0.0, 1.0}
        normalised = scaled or np.allclose(np.nanstd(rows, axis=1), 1.0, atol=0.01)
        for unit, millivolt in (("mV", 1.0), ("uV", 1000.0), ("V", 0.001)):
            if 0.1 * millivolt <= span <= 10 * millivolt and not normalised:
                notes.append(f"No unit is stated; values of this size can only be {unit}.")
                return unit
    raise MissingFact(
        "The table states no unit, and it does not follow from the values (whole numbers may be converter counts, and "
        "normalised values have lost theirs); give the unit: mV, uV or V."
    )
