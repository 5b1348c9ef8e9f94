"""Where P, QRS and T begin and end in the median beat, found in all leads together.

Each boundary is one for all leads. What is looked at is the speed of the heart vector: QRS is where it is fast, T ends
where the vector comes to rest after its last turn, P begins where it leaves the level before it. In QRS, leads count by
the root of their own steepness, so that those over the heart do not decide alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from suprem.ecg.measurement.median_beat import FS, MedianBeat

Signal = NDArray[np.float64]

_QRS_ON, _QRS_OFF = 0.04, 0.06  # of the greatest speed in QRS: what is slower lies outside
_OVER_QUIET = 2.0  # times the speed of noise, and of the stillest fifth of the neighbourhood
_STILL_SECONDS = 0.018  # so long the vector must rest before QRS counts as ended
_LONGEST_HALF = 0.16  # seconds from the fastest moment of QRS to its beginning or end
_TURN = 0.45  # of the greatest speed in T or P: slower turns are not theirs
_T_SLOPE = 0.15  # of the steepest descent of T: flatter is the end
_P_RISE = 0.1  # of the height of P above the level beside it: what is lower lies outside
_LONGEST_PR = 0.36
_LONGEST_P = 0.13  # seconds between its first and its steepest limb
_NO_P_CLOSER = 0.02
_FLUTTER = 0.8  # of the speed of P, anywhere else between T and QRS: then it is one wave among others
_RESTLESS = 0.3  # of the speed of P, most of the time: a saw of flutter waves, not P
_T_MILLIVOLTS = 0.05


@dataclass(frozen=True)
class WaveMarks:
    """Boundaries in samples of the median beat; None where a wave was not found.

    Args:
        qrs_on: First sample of QRS.
        qrs_off: Its last, the J point.
        t_off: End of T.
        p_on: Onset of P.
        p_off: Its end.
        p_millivolts: Height of P in the direction it points to.
        p_alike: How much single beats resemble their median before QRS, as a correlation: 1 is the same P each time.
        qrs_contrast: Speed of the heart vector at the J point as part of its greatest; low where QRS ends clearly.
    """

    qrs_on: int
    qrs_off: int
    t_off: int | None
    p_on: int | None
    p_off: int | None
    p_millivolts: float
    p_alike: float
    qrs_contrast: float


def mark_waves(beat: MedianBeat, interval: float) -> WaveMarks:
    """Find the boundaries.

    Args:
        beat: The median beat.
        interval: Usual seconds from beat to beat; T ends, and the next P begins, within it.
    """
    speed, noise = _speed(beat)
    first = beat.center - _samples(0.1)
    peak = first + int(np.argmax(speed[first : beat.center + _samples(0.1)]))
    on = peak - _rest(speed[peak::-1], _QRS_ON, noise)
    off = peak + _rest(speed[peak:], _QRS_OFF, noise)
    t_off = _t_end(beat, on, off, interval)
    repolarised = t_off + _samples(0.02) if t_off is not None else off + _samples(0.25)
    earliest = max(on - _samples(_LONGEST_PR), repolarised - _samples(interval))
    p_on, p_off, height, alike = _p_wave(beat, max(earliest, 0), on - _samples(_NO_P_CLOSER))
    return WaveMarks(on, off, t_off, p_on, p_off, height, alike, float(speed[off] / speed[peak]))


def _samples(seconds: float) -> int:
    return round(seconds * FS)


def _speed(beat: MedianBeat) -> tuple[Signal, float]:
    """Return the speed of the heart vector (time,), and what of it is noise: it differs between even and odd beats."""
    halves = np.nanmedian(beat.beats[::2], axis=0) - np.nanmedian(beat.beats[1::2], axis=0)
    moving = np.gradient(uniform_filter1d(beat.independent(beat.signal), 3, axis=-1), axis=-1)
    noise = np.gradient(uniform_filter1d(beat.independent(halves / 2), 3, axis=-1), axis=-1)
    around = slice(beat.center - _samples(0.1), beat.center + _samples(0.1))
    weight = np.sqrt(np.maximum(np.abs(moving[:, around]).max(axis=1, keepdims=True), 1e-9))
    speed = uniform_filter1d(np.linalg.norm(moving / weight, axis=0), 3)
    return np.nan_to_num(speed), float(np.nanmedian(np.linalg.norm(noise / weight, axis=0)))


def _rest(speed: Signal, part: float, noise: float) -> int:
    """Return after how many samples the vector first rests, or where it is slowest if it never does."""
    near, far = _samples(0.03), _samples(0.18)
    limit = max(part * speed[0], _OVER_QUIET * noise, _OVER_QUIET * float(np.percentile(speed[near:far], 20)))
    still = _samples(_STILL_SECONDS)
    resting = np.convolve(speed[: _samples(_LONGEST_HALF) + still] < limit, np.ones(still), "valid") == still
    return int(np.argmax(resting)) if resting.any() else near + int(np.argmin(speed[near : _samples(_LONGEST_HALF)]))


def _t_end(beat: MedianBeat, qrs_on: int, qrs_off: int, interval: float) -> int | None:
    """Return where T ends: its last steep descent has become flat. Biphasic waves have several; U waves are slower."""
    first = qrs_off + _samples(0.06)
    last = qrs_on + _samples(min(interval - 0.18, 0.2 + 0.45 * float(np.sqrt(interval))))
    stretch = _finite(uniform_filter1d(beat.independent(beat.signal), _samples(0.02), axis=-1)[:, first:last])
    if stretch.shape[1] < _samples(0.1) or np.ptp(stretch, axis=1).max() < _T_MILLIVOLTS:
        return None
    slope = np.gradient(stretch, axis=-1)
    steep = _turns(slope)[-1]
    descent = slope[:, steep] @ slope / np.linalg.norm(slope[:, steep])
    flat = np.flatnonzero(descent[steep:] < _T_SLOPE * descent[steep])
    return first + steep + int(flat[0]) if flat.size else None


def _p_wave(beat: MedianBeat, first: int, last: int) -> tuple[int | None, int | None, float, float]:
    """Return where P leaves the level before it and comes back to a level, its height in millivolts, and how alike it
    is in all beats."""
    width = _samples(0.02)  # twice: no mains hum is left, neither 50 nor 60 Hz
    smooth = uniform_filter1d(uniform_filter1d(beat.independent(beat.signal), width, axis=-1), width, axis=-1)
    stretch = _finite(smooth[:, first:last][:, ::-1])[:, ::-1]
    first = last - stretch.shape[1]
    if stretch.shape[1] < _samples(0.08):
        return None, None, 0.0, 0.0
    slope = np.gradient(stretch, axis=-1)
    speed = np.linalg.norm(slope, axis=0)
    turns = _turns(slope)
    fastest = max(turns, key=lambda turn: float(speed[turn]))
    steep = next(turn for turn in turns if fastest - turn <= _samples(_LONGEST_P))
    elsewhere = np.concatenate([speed[: max(0, steep - _samples(0.08))], speed[fastest + _samples(0.15) :]])
    restless = float(np.percentile(speed, 20)) > _RESTLESS * speed[fastest]
    if restless or elsewhere.max(initial=0.0) > _FLUTTER * speed[fastest]:
        return None, None, 0.0, 0.0
    onset, height = _p_limb(stretch, slope, steep)
    # The end is found as the onset is, looking back from QRS, where the level of the PR segment takes its place.
    final = [turn for turn in turns if 0 < turn - steep <= _samples(_LONGEST_P)]
    back = _p_limb(stretch[:, ::-1], -slope[:, ::-1], stretch.shape[1] - 1 - final[-1])[0] if final else None
    return (
        first + onset if onset is not None else None,
        last - 1 - back if back is not None else None,
        height,
        _likeness(beat, first, last),
    )


def _p_limb(stretch: Signal, slope: Signal, steep: int) -> tuple[int | None, float]:
    """Return where the limb of P with its steepest moment at `steep` leaves the level before it, and its height."""
    along = slope[:, steep] @ stretch / np.linalg.norm(slope[:, steep])
    before = float(np.median(along[max(0, steep - _samples(0.1)) : max(1, steep - _samples(0.024))]))
    height = float(along[steep : steep + _samples(0.08)].max()) - before
    low = np.flatnonzero(along[:steep] - before < _P_RISE * height)
    return (int(low[-1]) + 1 if low.size else None), height


def _turns(slope: Signal) -> list[int]:
    """Return where a wave (lead, time) moves fastest, once for each of its limbs."""
    speed = uniform_filter1d(np.linalg.norm(slope, axis=0), _samples(0.02))
    inner = speed[1:-1]
    peaks = (inner >= speed[:-2]) & (inner > speed[2:]) & (inner >= _TURN * speed.max())
    return [int(index) + 1 for index in np.flatnonzero(peaks)] or [int(np.argmax(speed))]


def _likeness(beat: MedianBeat, first: int, last: int) -> float:
    """Return the median correlation of single beats with the median of the others over a stretch, in all leads."""
    smooth = uniform_filter1d(beat.beats, _samples(0.02), axis=-1)[:, :, first:last]
    smooth = smooth[np.isfinite(smooth).all(axis=(1, 2))]
    if len(smooth) < 3:
        return 0.0
    centred = smooth - smooth.mean(axis=-1, keepdims=True)
    likeness = []
    for index, one in enumerate(centred):
        others = np.median(np.delete(centred, index, axis=0), axis=0)
        size = float(np.linalg.norm(one) * np.linalg.norm(others))
        likeness.append(float((one * others).sum()) / size if size > 0 else 0.0)
    return float(np.median(likeness))


def _finite(stretch: Signal) -> Signal:
    """Return the beginning of a stretch (lead, time) up to the first missing sample."""
    missing = np.flatnonzero(~np.isfinite(stretch).all(axis=0))
    return stretch[:, : missing[0]] if missing.size else stretch
