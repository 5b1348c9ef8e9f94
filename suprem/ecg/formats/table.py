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

from suprem.ecg.formats.amplitude_unit import evident_unit
from suprem.ecg.formats.channels import Channel, check_sample_count, is_counts, to_record
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.sampling_rate import USUAL_RATES, StatedRate, rate_among, times_among
from suprem.ecg.record import LEADS, LIMB_FROM_I_AND_II, LIMB_LEADS, EcgRecord
from suprem.errors import EcgError, MissingFact, UnreadableEcg

TEN_SECONDS = {1000: 100.0, 5000: 500.0}
"""Sample counts taken as the usual ten seconds where no rate is stated, with the rate that follows."""

_MAX_CHANNELS = 64
_FEWEST_SAMPLES = 100
_SIGNALS = ("signal", "signals", "ecg", "p_signal", "val", "data", "waveform", "waveforms", "values", "x", "feats")
_NAMES = ("leads", "lead_names", "lead", "sig_name", "names", "channels", "channel_names", "ch_names", "columns")
_UNITS = ("units", "unit")


@dataclass(frozen=True)
class TableFormat:
    """What a person states about a table that does not state it itself.

    Args:
        fs: Sampling rate in Hz.
        unit: Unit of the values.
        leads: Lead names in the order of the columns (or rows).
        counts_per_mv: How many of its steps are one millivolt, where the values count those of a converter.
    """

    fs: float | None = None
    unit: Literal["mV", "uV", "V"] | None = None
    leads: tuple[str, ...] | None = None
    counts_per_mv: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("sampling rate", self.fs), ("number of counts per millivolt", self.counts_per_mv)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise EcgError(f"The {name} given is {value:g}; expected a positive number.")


@dataclass(frozen=True, eq=False)
class Table:
    """What a file of numbers holds and states.

    Args:
        values: Float array (time, channel) or (channel, time).
        source: The format, for example "CSV".
        names: One name per channel, or None.
        units: One unit per channel or one for all, or None.
        fs: Sampling rate in Hz, or what was found of it, or None.
        per_millivolt: How many units of the values are one millivolt, where the file gives a gain instead of a unit.
        notes: What was left out of it.
    """

    values: NDArray[np.float64]
    source: str
    names: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    fs: float | StatedRate | None = None
    per_millivolt: float | None = None
    notes: tuple[str, ...] = ()


def read_table(table: Table, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Return the record a table describes.

    Raises:
        UnreadableEcg: The array does not have the shape of an ECG.
        MissingFact: Rate, leads or unit are not stated and do not follow.
        EcgError: What is stated cannot be used.
    """
    given = given or TableFormat()
    notes = list(table.notes)
    named = table.names if table.names and not _is_numbering(table.names) else given.leads
    rows = _rows(table.values, named)
    check_sample_count(*rows.shape)
    rows, in_first_row = _without_rate_row(rows, notes)
    names = named or _conventional_leads(rows, notes)
    stated = table.fs if isinstance(table.fs, StatedRate) else StatedRate(table.fs)
    own = stated.fs or in_first_row
    fs = own or given.fs or _conventional_rate(rows.shape[1], notes, unclear=stated.unclear)
    if own and given.fs and abs(own - given.fs) > 0.01 * own:
        notes.append(f"The file itself states {own:g} Hz; that was used instead of the {given.fs:g} Hz given.")
    standard = np.array([canonical_lead(name) is not None for name in names])
    units = table.units
    if units and given.counts_per_mv and all(is_counts(unit) for unit in units):
        units = None
    if table.per_millivolt:
        units, rows = ("mV",), rows / table.per_millivolt
    elif not units and given.counts_per_mv:
        units, rows = ("mV",), rows / given.counts_per_mv
    elif not units:
        units = (given.unit or evident_unit(rows[standard], notes),)
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


def facts_among(values: Mapping[str, object]) -> tuple[StatedRate, tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return rate, lead names and units among what stands beside a signal: numbers, texts, rows of texts, times.

    Raises:
        BadSamplingRate: The times do not rise evenly.
    """
    known = {name.casefold(): value for name, value in values.items()}
    rate = rate_among(values.items())
    if rate.fs is None and (by_times := times_among(values.items())).fs:
        rate = by_times
    names, units = (
        next((texts for name in wanted if (texts := _texts(known.get(name)))), None) for wanted in (_NAMES, _UNITS)
    )
    return rate, names, units


def _is_signal(shape: tuple[int, ...]) -> bool:
    sides = tuple(side for side in shape if side != 1)
    return len(sides) == 2 and min(sides) <= _MAX_CHANNELS and max(sides) >= _FEWEST_SAMPLES


def _texts(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return tuple(part for part in re.split(r"[,;\s]+", value.strip()) if part) or None
    if isinstance(value, tuple) and all(isinstance(text, str) for text in value):
        return value or None
    return None


def _is_numbering(names: tuple[str, ...]) -> bool:
    """Tell whether names only number the columns, as "0" to "11" or "lead1" to "lead12" do."""
    numbers = [re.fullmatch(r"\D{0,20}?(\d{1,3})", name.strip()[:30]) for name in names]
    return (
        len(names) > 3
        and all(numbers)
        and len({match[0].rstrip("0123456789") for match in numbers if match}) == 1
        and [int(match[1]) for match in numbers if match] in (list(range(len(names))), list(range(1, len(names) + 1)))
    )


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


def _without_rate_row(rows: NDArray[np.float64], notes: list[str]) -> tuple[NDArray[np.float64], float | None]:
    """Return the rows (channel, time) without a first value that is the sampling rate in every channel, and the rate.

    No ECG has one value in all leads that is not zero, since III is the difference of II and I.
    """
    for start in (0, 1):
        if len(rows) > 3 and np.array_equal(rows[:, 0], np.arange(start, len(rows) + start)):
            notes.append("The first row only numbers the columns and was left out.")
            rows = rows[:, 1:]
    first, second = rows[:, 0], rows[:, 1]
    here = np.isfinite(first)
    value = float(first[here][0]) if here.any() else 0.0
    alone = here.sum() == 1 and len(rows) > 2
    if value not in USUAL_RATES or not np.all(first[here] == value) or not (here.all() or alone):
        return rows, None
    if len(rows) < 3 or np.any(np.abs(second[here] - value) < 0.5 * value):
        return rows, None
    notes.append(f"The first row holds {value:g} in every column: it was read as the sampling rate in Hz.")
    return rows[:, 1:], value


def _conventional_rate(samples: int, notes: list[str], *, unclear: bool) -> float:
    fs = TEN_SECONDS.get(samples)
    if unclear:
        raise MissingFact(
            "The file says something about a rate or a time between samples that is not understood or contradicts "
            f"itself, so no sampling rate is taken for its {samples} samples; give it in Hz (fs)."
        )
    if fs is None:
        raise MissingFact(
            f"The table states no sampling rate ({samples} samples); give it in Hz (fs) or add a time column."
        )
    notes.append(f"No sampling rate is stated; {samples} samples were taken as the usual 10 s at {fs:g} Hz.")
    return fs
