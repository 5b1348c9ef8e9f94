"""The median beat: every lead's typical heartbeat, from beats of one shape laid over each other.

Beats are aligned by correlation of all leads together, those of another shape or that come early are left out and
counted, and the level just before each QRS complex is taken as zero, so that a wandering baseline leaves ST as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import resample_poly

from suprem.ecg.measurement.beats import beat_intervals, find_beats
from suprem.ecg.record import INDEPENDENT_LEADS, EcgRecord, complete_leads
from suprem.errors import EcgError

FS = 500
"""Hz. Every recording is measured at this rate, 2 ms a sample."""

BEFORE_SECONDS, AFTER_SECONDS = 0.45, 0.75
"""Length of the median beat before and after its QRS complex."""

MIN_BEATS = 3
"""A median of fewer beats is no protection against noise."""

_ALIKE = 0.85  # correlation of QRS complexes, all leads together, of one shape
_EARLY = 0.82  # of the usual interval before a beat; shorter and it is premature
_CANDIDATES = 6  # beats tried as the first template
_AROUND_QRS = round(0.1 * FS)
_LARGEST_SHIFT = round(0.06 * FS)


@dataclass(frozen=True, eq=False)
class MedianBeat:
    """A typical heartbeat.

    Args:
        signal: Array (lead, time) in millivolts at `FS`; zero is the level just before the QRS complex.
        leads: Name of each row.
        center: Sample at which the QRS complexes were laid over each other.
        beats: Array (beat, lead, time): what the median was taken of, NaN beyond the recording.
        noise: RMS in millivolts of what differs from beat to beat, for a typical lead of the median.
        early: Array (heartbeat,): left out because it came early.
        other_shape: Array (heartbeat,): left out because its QRS complex looks different.
    """

    signal: NDArray[np.float64]
    leads: tuple[str, ...]
    center: int
    beats: NDArray[np.float64]
    noise: float
    early: NDArray[np.bool_]
    other_shape: NDArray[np.bool_]

    @property
    def used(self) -> int:
        """Number of beats the median was taken of."""
        return len(self.beats)

    def independent(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return of `rows` (lead, ...) the measured leads, without the limb leads that follow from I and II."""
        kept = [index for index, lead in enumerate(self.leads) if lead in INDEPENDENT_LEADS]
        return rows[kept] if kept else rows

    def lead(self, name: str) -> NDArray[np.float64]:
        """Return one lead (time,) in millivolts."""
        row: NDArray[np.float64] = self.signal[self.leads.index(name)]
        return row


@dataclass(frozen=True, eq=False)
class Heartbeats:
    """A recording at `FS` and the beats in it.

    Args:
        signal: Array (lead, time) in millivolts, gaps bridged.
        leads: Name of each row; leads without a signal are left out, limb leads completed.
        beats: Sample of each QRS complex.
        missing: Where no lead was recorded (time,).
        partly: The leads of which not all was recorded.
    """

    signal: NDArray[np.float64]
    leads: tuple[str, ...]
    beats: NDArray[np.intp]
    missing: NDArray[np.bool_]
    partly: tuple[str, ...] = ()

    @property
    def intervals(self) -> NDArray[np.float64]:
        """Seconds from each beat to the next, NaN across a gap."""
        return beat_intervals(self.beats, self.missing, FS)

    def whole(self, group: Sequence[str]) -> bool:
        """Whether some of the leads are there, and those for the whole time."""
        return bool(set(group) & set(self.leads)) and not set(group) & set(self.partly)

    def beats_in(self, group: Sequence[str]) -> NDArray[np.intp]:
        """Return the beats that some of the leads show by themselves."""
        return find_beats(self.signal[[lead in group for lead in self.leads]], FS)


def locate_beats(record: EcgRecord) -> Heartbeats:
    """Return the recording at 500 Hz with its beats.

    Raises:
        EcgError: Too short or too coarse to hold a rhythm, or without a signal.
    """
    if record.seconds < 2.0 or record.fs < 60.0:
        raise EcgError("Shorter than 2 s or sampled at less than 60 Hz: nothing can be measured.")
    record = complete_leads(record)
    low, high = np.fmin.reduce(record.signal, axis=1), np.fmax.reduce(record.signal, axis=1)
    alive = [lead for lead, span in zip(record.leads, high - low, strict=True) if span > 0]
    if not alive:
        raise EcgError("No lead holds a signal: nothing can be measured.")
    signal = np.stack([record.lead(lead) for lead in alive]).astype(np.float64)
    absent = np.isnan(signal)
    gaps = np.asarray(absent.all(axis=0))
    partly = tuple(lead for lead, row in zip(alive, absent, strict=True) if row.any())
    for row in signal:
        missing = np.isnan(row)
        if missing.any():
            row[missing] = np.interp(np.flatnonzero(missing), np.flatnonzero(~missing), row[~missing])
    rate = Fraction(FS / record.fs).limit_denominator(1000)
    if rate != 1:
        signal = resample_poly(signal, rate.numerator, rate.denominator, axis=-1, padtype="line")
    missing = gaps[np.minimum((np.arange(signal.shape[1]) * len(gaps)) // signal.shape[1], len(gaps) - 1)]
    return Heartbeats(signal, tuple(alive), find_beats(signal, FS), missing, partly)


def median_beat(heart: Heartbeats) -> MedianBeat | None:
    """Return the median of the beats of the most common shape, or None where fewer than three share one."""
    if len(heart.beats) < MIN_BEATS:
        return None
    steady = heart.signal - _slow(heart.signal)
    centers, alike = _align(steady, heart.beats)
    intervals = np.concatenate([[np.nan], heart.intervals])
    early = np.nan_to_num(intervals / np.nanmedian(intervals), nan=1.0) < _EARLY
    # Where every rhythm is irregular, as in fibrillation, no beat is premature.
    if early.mean() > 0.34 or (alike & ~early).sum() < MIN_BEATS:
        early[:] = False
    # A complex cut off by the end of the recording is neither alike nor of another shape.
    whole = (heart.beats >= _AROUND_QRS) & (heart.beats < heart.signal.shape[1] - _AROUND_QRS)
    kept = centers[alike & ~early]
    if len(kept) < MIN_BEATS:
        return None
    level = _level_before_qrs(steady, kept)
    beats = _cut(_without_baseline(heart.signal, centers, level), kept)
    beats = beats[np.isfinite(beats).any(axis=(1, 2))]
    signal = np.nanmedian(beats, axis=0)
    rest = np.nanstd(beats - signal, axis=0)
    noise = 1.25 * float(np.nanmedian(rest) / np.sqrt(len(beats)))  # a median varies 1.25 times as much as a mean
    return MedianBeat(
        signal=signal,
        leads=heart.leads,
        center=round(BEFORE_SECONDS * FS),
        beats=beats,
        noise=noise,
        early=alike & early,
        other_shape=~alike & whole,
    )


def _slow(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what varies slower than about 0.5 Hz (lead, time)."""
    width = round(0.6 * FS)
    return np.asarray(uniform_filter1d(uniform_filter1d(signal, width, axis=-1), width, axis=-1))


def _align(steady: NDArray[np.float64], beats: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the beats shifted onto each other, and which have the most common shape.

    The template starts as the beat that resembles most of the others, and becomes the mean of those alike.
    """
    reach = _AROUND_QRS + _LARGEST_SHIFT
    padded = np.pad(steady, ((0, 0), (reach, reach)), mode="edge")
    pieces = np.stack([padded[:, beat : beat + 2 * reach] for beat in beats])  # (beat, lead, 2 * reach)
    pieces = uniform_filter1d(pieces, 3, axis=-1)
    narrow = pieces[:, :, _LARGEST_SHIFT:-_LARGEST_SHIFT]
    candidates = narrow[:: max(1, len(narrow) // _CANDIDATES)]
    templates = [_match(pieces, piece) for piece in candidates]
    shifts, score = max(templates, key=lambda found: (int((found[1] > _ALIKE).sum()), float(found[1].sum())))
    for _ in range(2):
        alike = score > _ALIKE
        shifted = np.stack(
            [
                piece[:, _LARGEST_SHIFT + shift : pieces.shape[-1] - _LARGEST_SHIFT + shift]
                for piece, shift in zip(pieces[alike], shifts[alike], strict=True)
            ]
        )
        shifts, score = _match(pieces, np.asarray(shifted.mean(axis=0)))
    return beats + shifts, score > _ALIKE


def _match(pieces: NDArray[np.float64], template: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return for each piece (beat, lead, time) the shift at which it resembles the template most, and how much."""
    best = np.full(len(pieces), -2.0)
    shifts = np.zeros(len(pieces), dtype=np.intp)
    flat = (template - template.mean(axis=-1, keepdims=True)).ravel()
    flat = flat / max(float(np.linalg.norm(flat)), 1e-12)
    width = template.shape[-1]
    for shift in range(-_LARGEST_SHIFT, _LARGEST_SHIFT + 1):
        part = pieces[:, :, _LARGEST_SHIFT + shift : _LARGEST_SHIFT + shift + width]
        part = (part - part.mean(axis=-1, keepdims=True)).reshape(len(pieces), -1)
        score = part @ flat / np.maximum(np.linalg.norm(part, axis=1), 1e-12)
        better = score > best
        best[better], shifts[better] = score[better], shift
    return shifts, best


def _level_before_qrs(steady: NDArray[np.float64], centers: NDArray[np.intp]) -> int:
    """Return how many samples before the center the line is most level, within 40 to 140 ms: there zero is taken."""
    beat = np.nanmedian(_cut(steady, centers), axis=0)
    speed = uniform_filter1d(np.linalg.norm(np.gradient(beat, axis=-1), axis=0), round(0.02 * FS))
    center = round(BEFORE_SECONDS * FS)
    steepest = center - round(0.06 * FS) + int(np.argmax(speed[center - round(0.06 * FS) : center + round(0.06 * FS)]))
    nearest, farthest = round(0.03 * FS), round(0.12 * FS)
    before = speed[steepest - farthest : steepest - nearest]
    # The level stretch nearest to the complex: the first from the right that is nearly as still as the stillest.
    still = np.flatnonzero(before <= before.min() + 0.02 * speed.max())
    return center - (steepest - farthest + int(still[-1]))


def _without_baseline(signal: NDArray[np.float64], centers: NDArray[np.intp], before: int) -> NDArray[np.float64]:
    """Subtract a smooth line through the levels just before the beats (after Meyer and Keiser 1977)."""
    half = round(0.008 * FS)
    knots = np.unique(centers - before)
    knots = knots[(knots >= half) & (knots < signal.shape[1] - half)]
    if len(knots) < 2:
        return signal
    levels = median_filter(uniform_filter1d(signal, 2 * half + 1, axis=-1), size=(1, 3))[:, knots]
    # Beyond the outer knots the line goes on level; a cubic would run away there.
    x = np.concatenate([[min(0, knots[0]) - 1], knots, [signal.shape[1]]])
    y = np.concatenate([levels[:, :1], levels, levels[:, -1:]], axis=1)
    return np.asarray(signal - PchipInterpolator(x, y, axis=1)(np.arange(signal.shape[1])))


def _cut(signal: NDArray[np.float64], centers: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (beat, lead, time) around each center, NaN beyond the recording."""
    before, after = round(BEFORE_SECONDS * FS), round(AFTER_SECONDS * FS)
    padded = np.pad(signal, ((0, 0), (before, after)), constant_values=np.nan)
    return np.stack([padded[:, center : center + before + after] for center in centers])
