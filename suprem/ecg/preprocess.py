"""The only way from a record to what the model sees; training, evaluation, page and command line use it.

In this order: choose the window, complete the limb leads, repair gaps, resample, take the baseline off, scale, mark
pacing spikes, pad.
The `SignalSpec` that a model was trained with is stored in its checkpoint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from suprem.ecg.coverage import Coverage, coverage_of
from suprem.ecg.measurement.pacing import pacing_spikes
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, EcgRecord, complete_leads
from suprem.errors import BadSamplingRate, ConfigError, EcgError, MissingLead

MIN_FS = 100.0
"""Hz. Below this the QRS complex is no longer sampled well enough to be read."""

MAX_FS = 50_000.0
"""Hz. No electrocardiograph samples faster; a higher rate is a misread header."""

MIN_SECONDS = 5.0
"""Shorter recordings are refused; between this and the window length the rest is left empty."""

MAX_REPAIRED_GAP = 0.02
"""Seconds. A longer run of missing samples is left empty instead of being invented."""

GAP_NEIGHBOURS = 3
"""Valid samples on each side whose mean fills a gap: "the average of 6 neighboring points" (paper, A.1.1)."""


PACING_MARK = 1.0
"""Millivolts above the line, in every recorded lead: what no heart draws within one sample."""


@dataclass(frozen=True)
class SignalSpec:
    """How a signal is prepared for a model.

    Args:
        fs: Sampling rate of the model in Hz.
        seconds: Length of the window.
        leads: Rows of the model input, in this order.
        scaling: "millivolt" keeps amplitudes and takes each lead's median off; "minmax" maps the whole record to [0, 1]
            as the paper's predecessors do, which removes absolute voltage.
        pacing_marks: Whether a pacing spike that shows at the recording's own rate is drawn at the model's as one
            sample of `PACING_MARK` millivolts. Resampling to 100 Hz leaves next to nothing of a spike of 1 ms. It is
            not compared: recordings without spikes look alike either way.
    """

    fs: int = 100
    seconds: float = 10.0
    leads: tuple[str, ...] = INDEPENDENT_LEADS
    scaling: Literal["millivolt", "minmax"] = "millivolt"
    pacing_marks: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if self.fs < MIN_FS or self.seconds < MIN_SECONDS or not self.leads:
            raise ConfigError(
                f"A signal specification needs at least {MIN_FS:g} Hz, {MIN_SECONDS:g} s and one lead; "
                f"found {self.fs} Hz, {self.seconds} s and {len(self.leads)} lead(s)."
            )

    @property
    def samples(self) -> int:
        """Number of samples in the window."""
        return round(self.fs * self.seconds)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A record as the model sees it.

    Args:
        signal: Float32 array (lead, time) by `SignalSpec`. Zero over a stretch means that nothing was recorded there.
        start: Start of the window in the record, in seconds.
        notes: What had to be done, in sentences for the person.
        coverage: How much of the window was recorded.
    """

    signal: NDArray[np.float32]
    start: float
    notes: tuple[str, ...]
    coverage: Coverage


def preprocess(record: EcgRecord, spec: SignalSpec) -> Prepared:
    """Turn a record into model input.

    Args:
        record: Any record with at least one usable lead.
        spec: What the model expects.

    Returns:
        Signal (lead, time) with `len(spec.leads)` rows and `spec.samples` columns, all finite.

    Raises:
        BadSamplingRate: Slower than 100 Hz, faster than 50 kHz or shorter than 5 s.
        MissingLead: No lead holds a signal.
    """
    if record.fs < MIN_FS:
        raise BadSamplingRate(
            f"The recording is sampled at {record.fs:g} Hz; at least {MIN_FS:g} Hz are needed. Export it at full rate."
        )
    if record.fs > MAX_FS:
        raise BadSamplingRate(
            f"The recording states {record.fs:g} Hz; at most {MAX_FS:g} Hz are expected. Check the rate in the file."
        )
    if record.seconds < MIN_SECONDS:
        raise BadSamplingRate(
            f"The recording is {record.seconds:.2f} s long; at least {MIN_SECONDS:g} s are needed, "
            f"{spec.seconds:g} s are best."
        )
    start, length_notes = choose_window(record, spec.seconds), []
    if record.seconds > spec.seconds + 1 / record.fs:
        length_notes.append(f"The cleanest {spec.seconds:g} s of {record.seconds:.1f} s are used, from {start:g} s on.")
        record = crop(record, start, spec.seconds)
    elif record.seconds < spec.seconds - 0.1:
        length_notes.append(
            f"The recording is {record.seconds:.1f} s long; the model was trained on {spec.seconds:g} s."
        )
    # Within the window, so that a lead which is empty there counts as absent and is derived where it can be.
    record = complete_leads(record)
    if not set(spec.leads) & set(record.leads):
        raise MissingLead(f"The model reads {', '.join(spec.leads)}; the recording has only {', '.join(record.leads)}.")
    notes = [*record.notes, *length_notes]

    measured = repair_gaps(record.signal, record.fs)
    filled = np.where(np.isfinite(measured), measured, np.nanmedian(measured, axis=1, keepdims=True))
    rate = Fraction(spec.fs / record.fs).limit_denominator(1000)
    if rate != 1:
        # padtype "line" keeps the ends of a wandering baseline from ringing.
        filled = resample_poly(filled, rate.numerator, rate.denominator, axis=-1, padtype="line")
        notes.append(f"Resampled from {record.fs:g} to {spec.fs} Hz.")
    recorded = _stretch(np.isfinite(measured), filled.shape[1])
    long_gap = [name for name, row in zip(record.leads, recorded, strict=True) if not row.all()]
    if long_gap:
        notes.append(f"Stretches without signal in {', '.join(long_gap)} are left out.")

    scaled = _scale(filled.astype(np.float32), recorded, spec.scaling)
    if spec.pacing_marks and (spikes := pacing_spikes(record)).size:
        mark_pacing(scaled, spikes, spec.fs, recorded)
        notes.append(f"{len(spikes)} pacing spikes were found at {record.fs:g} Hz and are marked in the model's input.")
    signal = np.zeros((len(spec.leads), spec.samples), np.float32)
    length = min(spec.samples, scaled.shape[1])
    for row, name in enumerate(spec.leads):
        if name in record.leads:
            signal[row, :length] = scaled[record.leads.index(name), :length]
    return Prepared(signal, start, tuple(notes), coverage_of(record, spec.seconds))


def mark_pacing(
    signal: NDArray[np.floating], spikes: NDArray[np.float64], fs: float, recorded: NDArray[np.bool_] | None = None
) -> None:
    """Draw pacing spikes in place, each as one sample of `PACING_MARK` in every lead that is recorded there.

    Args:
        signal: (lead, time) in millivolts.
        spikes: Seconds from the first sample.
        fs: Sampling rate of `signal` in Hz.
        recorded: Mask (lead, time); everything where it is not given.
    """
    at = np.unique(np.floor(spikes * fs).astype(int))
    at = at[(at >= 0) & (at < signal.shape[1])]
    signal[:, at] += PACING_MARK if recorded is None else PACING_MARK * recorded[:, at]


def preprocess_all(record: EcgRecord, spec: SignalSpec) -> list[Prepared]:
    """Prepare every stretch of a recording: windows side by side, the last one ending with it.

    A window in which no lead holds a signal is left out.

    Raises:
        EcgError: As `preprocess`, where no window can be prepared.
    """
    count = max(1, math.ceil(record.seconds / spec.seconds - 0.01))
    prepared: list[Prepared] = []
    refusal: EcgError | None = None
    for start in np.linspace(0.0, max(0.0, record.seconds - spec.seconds), count).tolist():
        try:
            found = preprocess(crop(record, start, spec.seconds), spec)
        except EcgError as error:
            refusal = error
        else:
            prepared.append(replace(found, start=start))
    if not prepared and refusal is not None:
        raise refusal
    return prepared


def crop(record: EcgRecord, start: float, seconds: float) -> EcgRecord:
    """Return `seconds` of the record from `start` on (both in seconds), or what there is of them."""
    first = max(0, min(round(start * record.fs), record.signal.shape[1] - 1))
    last = first + max(1, round(seconds * record.fs))
    return replace(record, signal=record.signal[:, first:last])


def choose_window(record: EcgRecord, seconds: float) -> float:
    """Return where the cleanest window of a longer recording starts, in seconds.

    Clean means first few missing samples, then a small spread between the quietest and the loudest half second:
    artefacts and drift are loud, the beats of a steady rhythm are not. The earliest of equals wins.
    """
    if record.seconds <= seconds:
        return 0.0
    size = max(1, round(record.fs / 2))
    blocks = record.signal.shape[1] // size
    shaped = record.signal[:, : blocks * size].reshape(len(record.leads), blocks, size)
    missing = np.mean(~np.isfinite(shaped), axis=(0, 2))  # (block,)
    known = np.where(np.isfinite(shaped), shaped, 0.0)
    loudness = np.mean(known.max(axis=2) - known.min(axis=2) + np.abs(np.median(known, axis=2)), axis=0)  # (block,)

    width = min(blocks, round(seconds * record.fs / size))
    starts = np.arange(0, blocks - width + 1, 2)  # whole seconds
    windows = starts[:, None] + np.arange(width)
    cost = 100.0 * missing[windows].mean(axis=1) + loudness[windows].max(axis=1)
    return float(starts[int(np.argmin(np.round(cost, 2)))] * size / record.fs)


def repair_gaps(signal: NDArray[np.float32], fs: float) -> NDArray[np.float32]:
    """Fill short runs of NaN or infinity with the mean of up to three valid samples on each side.

    Runs longer than 20 ms stay NaN, and so does a lead without any valid sample.

    Args:
        signal: (lead, time).
        fs: Sampling rate in Hz.

    Returns:
        A new array of the same shape.
    """
    out = np.where(np.isfinite(signal), signal, np.float32(np.nan))
    longest = max(1, round(MAX_REPAIRED_GAP * fs))
    for row in out:
        bad = np.isnan(row)
        if not bad.any() or bad.all():
            continue
        valid = np.flatnonzero(~bad)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], bad.astype(np.int8), [0]))))
        for first, end in edges.reshape(-1, 2):
            if end - first <= longest:
                before = valid[valid < first][-GAP_NEIGHBOURS:]
                after = valid[valid >= end][:GAP_NEIGHBOURS]
                row[first:end] = row[np.concatenate((before, after))].mean()
    return out


def _stretch(mask: NDArray[np.bool_], samples: int) -> NDArray[np.bool_]:
    """Return the mask (lead, time) at another number of samples, by nearest neighbour."""
    if mask.shape[1] == samples:
        return mask
    index = np.minimum((np.arange(samples) * mask.shape[1]) // samples, mask.shape[1] - 1)
    return mask[:, index]


def _scale(
    signal: NDArray[np.float32], recorded: NDArray[np.bool_], scaling: Literal["millivolt", "minmax"]
) -> NDArray[np.float32]:
    """Scale the recorded samples (lead, time); the others become zero."""
    out = signal.copy()
    if scaling == "minmax":
        known = signal[recorded]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        out = (out - low) / np.float32(high - low + 1e-8)
    else:
        for row, mask in zip(out, recorded, strict=True):
            if mask.any():
                row -= np.median(row[mask])
    return np.where(recorded, out, np.float32(0.0)).astype(np.float32)


SPECS: dict[str, SignalSpec] = {
    "paper": SignalSpec(fs=500, leads=LEADS, scaling="minmax"),
    "compact": SignalSpec(pacing_marks=True),
}
"""`paper` as published; `compact` for the shipped checkpoint: the eight measured leads at 100 Hz, amplitude kept."""
