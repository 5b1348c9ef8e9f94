"""What goes wrong with recordings, done to a good one on purpose: for asking how far scores depend on it.

Each disturbance takes a record and a random generator and returns a record; the given one is not changed. Amplitudes
are those of ordinary practice, not of the worst case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from suprem.ecg.preprocess import crop
from suprem.ecg.record import CHEST_LEADS, LEADS, LIMB_FROM_I_AND_II, LIMB_LEADS, EcgRecord, complete_leads
from suprem.errors import EcgError, MissingLead

SHORT = 5.0
"""Seconds of the shortened recordings: the least that `preprocess` takes."""

REVERSALS: dict[str, NDArray[np.float64]] = {
    "left and right arm": np.array([[-1.0, 0.0], [-1.0, 1.0]]),
    "left arm and left leg": np.array([[0.0, 1.0], [1.0, 0.0]]),
    "right arm and left leg": np.array([[1.0, -1.0], [0.0, -1.0]]),
}
"""Exchanged electrodes: what is then recorded as I and II, from the true I and II. Chest leads stay, since the central
terminal is the mean of the three."""


@dataclass(frozen=True)
class Disturbance:
    """One disturbance.

    Args:
        name: In words, with its amount.
        kind: What it is about: "leads", "electrodes", "noise", "gain", "rate" or "length".
        apply: Does it. Raises `EcgError` where the record cannot be disturbed so.
    """

    name: str
    kind: str
    apply: Callable[[EcgRecord, np.random.Generator], EcgRecord]


def lose_leads(record: EcgRecord, rng: np.random.Generator, *, among: tuple[str, ...], count: int) -> EcgRecord:
    """Lose `count` leads, drawn among those named."""
    record = complete_leads(record)
    candidates = [name for name in record.leads if name in among]
    lost = set(rng.choice(candidates, size=min(count, len(candidates)), replace=False)) if candidates else set()
    kept = [row for row, name in enumerate(record.leads) if name not in lost]
    if not kept:
        raise MissingLead("No lead would be left.")
    return replace(record, signal=record.signal[kept], leads=tuple(record.leads[row] for row in kept))


def exchange_rows(record: EcgRecord, _rng: np.random.Generator, *, first: str, second: str) -> EcgRecord:
    """Exchange two leads, as a reader does that takes them by a wrong order."""
    record = complete_leads(record)
    other = {first: second, second: first}
    record.lead(first), record.lead(second)  # both must be there
    return replace(record, leads=tuple(other.get(name, name) for name in record.leads))


def exchange_electrodes(record: EcgRecord, _rng: np.random.Generator, *, mixing: NDArray[np.float64]) -> EcgRecord:
    """Exchange two limb electrodes: every limb lead changes (see `REVERSALS`)."""
    record = complete_leads(record)
    i_and_ii = mixing @ np.stack([record.lead("I"), record.lead("II")]).astype(np.float64)
    rows = [
        np.array(LIMB_FROM_I_AND_II[name]) @ i_and_ii if name in LIMB_LEADS else row
        for name, row in zip(record.leads, record.signal, strict=True)
    ]
    return replace(record, signal=np.stack(rows).astype(np.float32))


def add_noise(record: EcgRecord, rng: np.random.Generator, *, millivolts: float) -> EcgRecord:
    """Add white noise of this root mean square to every lead, as muscles do."""
    return _added(record, millivolts * rng.standard_normal(record.signal.shape))


def add_wander(record: EcgRecord, rng: np.random.Generator, *, millivolts: float) -> EcgRecord:
    """Add a sine of 0.15 to 0.3 Hz and this amplitude to every lead, as breathing does."""
    phase = rng.uniform(0, 2 * np.pi, (len(record.leads), 1))
    return _added(record, millivolts * np.sin(2 * np.pi * rng.uniform(0.15, 0.3) * _time(record) + phase))


def add_mains(record: EcgRecord, rng: np.random.Generator, *, millivolts: float, hertz: float = 50.0) -> EcgRecord:
    """Add the hum of the mains.

    Raises:
        EcgError: The recording is sampled too slowly to hold it.
    """
    if record.fs <= 2 * hertz:
        raise EcgError(f"A recording of {record.fs:g} Hz cannot hold the {hertz:g} Hz of the mains.")
    phase = rng.uniform(0, 2 * np.pi, (len(record.leads), 1))
    return _added(record, millivolts * np.sin(2 * np.pi * hertz * _time(record) + phase))


def lose_seconds(record: EcgRecord, rng: np.random.Generator, *, seconds: float) -> EcgRecord:
    """Lose a stretch of all leads, somewhere."""
    samples = round(seconds * record.fs)
    first = int(rng.integers(0, max(1, record.signal.shape[1] - samples)))
    signal = record.signal.copy()
    signal[:, first : first + samples] = np.nan
    return replace(record, signal=signal)


def keep_seconds(record: EcgRecord, rng: np.random.Generator, *, seconds: float) -> EcgRecord:
    """Keep only a stretch of all leads, somewhere; the rest is missing."""
    samples = round(seconds * record.fs)
    first = int(rng.integers(0, max(1, record.signal.shape[1] - samples)))
    signal = np.full_like(record.signal, np.nan)
    signal[:, first : first + samples] = record.signal[:, first : first + samples]
    return replace(record, signal=signal)


def record_in_turn(record: EcgRecord, *, columns: int = 4, rhythm: str = "") -> EcgRecord:
    """Keep of each lead what a print shows of it that has so many columns, three leads in each of four.

    Args:
        record: The recording.
        columns: How many parts of its time follow each other.
        rhythm: A lead that is printed below for the whole time.
    """
    record = complete_leads(record)
    signal = np.full_like(record.signal, np.nan)
    edges = np.linspace(0, record.signal.shape[1], columns + 1).round().astype(int)
    for row, lead in enumerate(record.leads):
        column = LEADS.index(lead) * columns // len(LEADS)
        part = slice(None) if lead == rhythm else slice(edges[column], edges[column + 1])
        signal[row, part] = record.signal[row, part]
    return replace(record, signal=signal)


def scale(record: EcgRecord, _rng: np.random.Generator, *, factor: float) -> EcgRecord:
    """Multiply every lead, as a wrong gain does."""
    return replace(record, signal=record.signal * np.float32(factor))


def resample(record: EcgRecord, _rng: np.random.Generator, *, hertz: int) -> EcgRecord:
    """Sample anew at another rate; missing samples spread by the length of the filter."""
    rate = Fraction(hertz / record.fs).limit_denominator(1000)
    if rate == 1:
        return record
    signal = resample_poly(record.signal, rate.numerator, rate.denominator, axis=-1, padtype="line")
    return replace(record, signal=signal.astype(np.float32), fs=float(hertz))


def shorten(record: EcgRecord, _rng: np.random.Generator, *, end: bool) -> EcgRecord:
    """Keep the first or the last `SHORT` seconds."""
    return crop(record, max(0.0, record.seconds - SHORT) if end else 0.0, SHORT)


def _lost(count: int) -> Disturbance:
    return Disturbance(f"{count} of 12 leads lost", "leads", partial(lose_leads, among=LEADS, count=count))


DISTURBANCES: tuple[Disturbance, ...] = (
    *map(_lost, (1, 3, 6, 9, 11)),
    Disturbance("chest leads lost", "leads", partial(lose_leads, among=CHEST_LEADS, count=len(CHEST_LEADS))),
    Disturbance("limb leads lost", "leads", partial(lose_leads, among=LIMB_LEADS, count=len(LIMB_LEADS))),
    Disturbance("aVL and aVF exchanged", "leads", partial(exchange_rows, first="aVL", second="aVF")),
    *(
        Disturbance(f"electrodes of {name} exchanged", "electrodes", partial(exchange_electrodes, mixing=mixing))
        for name, mixing in REVERSALS.items()
    ),
    Disturbance("noise, 0.05 mV", "noise", partial(add_noise, millivolts=0.05)),
    Disturbance("noise, 0.1 mV", "noise", partial(add_noise, millivolts=0.1)),
    Disturbance("baseline wander, 0.5 mV", "noise", partial(add_wander, millivolts=0.5)),
    Disturbance("mains 50 Hz, 0.1 mV", "noise", partial(add_mains, millivolts=0.1)),
    Disturbance("half gain", "gain", partial(scale, factor=0.5)),
    Disturbance("double gain", "gain", partial(scale, factor=2.0)),
    Disturbance("sampled at 100 Hz", "rate", partial(resample, hertz=100)),
    Disturbance("sampled at 500 Hz", "rate", partial(resample, hertz=500)),
    Disturbance("first 5 s", "length", partial(shorten, end=False)),
    Disturbance("last 5 s", "length", partial(shorten, end=True)),
    Disturbance("1 s missing", "length", partial(lose_seconds, seconds=1.0)),
)


def _added(record: EcgRecord, extra: NDArray[np.float64]) -> EcgRecord:
    return replace(record, signal=(record.signal + extra).astype(np.float32))


def _time(record: EcgRecord) -> NDArray[np.float64]:
    return np.arange(record.signal.shape[1]) / record.fs
