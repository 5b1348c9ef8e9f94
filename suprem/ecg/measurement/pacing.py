"""Pacing spikes: jumps there and back within a few milliseconds in many leads at once, in step with the beats.

A pacemaker's pulse lasts about half a millisecond; what electrocardiographs leave of it is a spike of 2 to 8 ms, often
lower than 0.1 mV where bipolar leads pace (2007 AHA/ACC/HRS recommendations on the electrocardiograph, part I).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from suprem.ecg.measurement.beats import find_beats
from suprem.ecg.record import EcgRecord

MIN_FS = 250.0
"""Hz. A coarser recording shows a spike and a narrow R wave alike."""

_WIDTH_SECONDS = 0.004
_FLOOR_MILLIVOLTS = 0.012
"""Taken for noise where a recording has less, as one stored in coarse steps."""

_LEADS = 4
"""A spike is judged by its mean over so many leads, those in which it is highest."""

_TIMES_NOISE = 3.5
_TIMES_AROUND = 2.0
"""How much a spike stands out of the noise of its leads, and of what lies around it."""

_NARROW = 0.55
"""Bend over 4 ms, as a part of that over 12 ms: near 1 in a spike, at most a third in a sharp R wave."""

_HIGH_MILLIVOLTS = 0.2
"""A spike of this height needs no company: a demand pacemaker fires now and then."""

_FEWEST = 3
_QUIET_SECONDS = (0.03, 0.008)
"""How long it is quiet before and behind a spike, and how far from it that begins."""

_BEFORE_SECONDS, _AFTER_SECONDS = 0.45, 0.02
"""How far from a beat a spike may stand: an atrial one with a long AV delay, and one on the way up of R."""

_TOGETHER_SECONDS = 0.02
_MOST_BEATS = 0.5


def is_paced(record: EcgRecord, beats: NDArray[np.float64] | None = None) -> bool:
    """Tell whether spikes pace the heart; always False below 250 Hz, where spikes cannot be told.

    Args:
        record: The recording at its own rate; resampling would blunt the spikes.
        beats: Time of each beat in seconds, where they are known already.
    """
    return len(pacing_spikes(record, beats)) > 0


def pacing_spikes(record: EcgRecord, beats: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the seconds of the pacing spikes, none below 250 Hz.

    Counted are spikes that stand at one distance before most beats, which those of muscle and of the R wave itself do
    not, and high ones before any beat.

    Args:
        record: The recording at its own rate; missing samples are taken for zero.
        beats: Time of each beat in seconds, where they are known already.

    Returns:
        Seconds from the start of the recording, in rising order.
    """
    none = np.empty(0)
    if record.fs < MIN_FS or record.seconds < 1:
        return none
    signal = record.signal
    if not np.isfinite(signal).all():
        signal = np.nan_to_num(signal, nan=0.0, posinf=0.0, neginf=0.0)
    spikes, high = _spikes(signal, record.fs)
    if len(spikes) < _FEWEST:
        return none
    if beats is None:
        beats = find_beats(signal, record.fs) / record.fs
    if not len(beats):
        return none
    # Pairs of a spike and a beat that it may pace; a recording of an hour has no room for all of them.
    first = np.searchsorted(beats, spikes - _AFTER_SECONDS, side="right")
    count = np.searchsorted(beats, spikes + _BEFORE_SECONDS) - first
    spike = np.repeat(np.arange(len(spikes)), count)
    beat = np.arange(len(spike)) - np.repeat(np.cumsum(count) - count, count) + first[spike]
    delay = spikes[spike] - beats[beat]
    paces = np.zeros(len(spikes), bool)
    for shortest in np.unique(np.round(delay, 3)):
        together = (delay > shortest - 0.001) & (delay < shortest + _TOGETHER_SECONDS)
        if len(np.unique(beat[together])) >= _MOST_BEATS * len(beats):
            paces[spike[together]] = True
    demand = high & (count > 0)
    if demand.sum() >= _FEWEST:
        paces |= demand
    return np.asarray(spikes[paces])


def _spikes(signal: NDArray[np.float32], fs: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the times at which many leads (lead, time) jump there and back out of quiet, and which jump high."""
    reach = max(1, round(_WIDTH_SECONDS * fs))
    if signal.shape[1] < 8 * reach:
        return np.empty(0), np.empty(0, bool)
    near = _bend(signal, reach)
    noise = np.maximum(1.48 * np.median(near, axis=1, keepdims=True), _FLOOR_MILLIVOLTS)
    # Only where one lead stands out can the mean of some; all that follows is looked at there alone.
    at = np.flatnonzero((near >= _TIMES_NOISE * noise).any(axis=0))
    if len(at) < _FEWEST:  # fewer pace nothing
        return np.empty(0), np.empty(0, bool)
    # A wave of 20 ms bends over 12 ms far more than over 4 ms.
    narrow = np.where(near[:, at] > _NARROW * _bend_at(signal, 3 * reach, at), near[:, at], 0.0)
    level = np.zeros(near.shape[1], np.float32)
    level[at] = _highest(narrow / noise)
    highest = (level[at] >= _TIMES_NOISE) & (level[at] == maximum_filter1d(level, 2 * reach + 1)[at])
    at, narrow = at[highest], narrow[:, highest]
    quiet, gap = (round(seconds * fs) for seconds in _QUIET_SECONDS)
    stands_out = level[at] > _TIMES_AROUND * _loudest_near(near, noise, at, quiet, gap)
    return at[stands_out] / fs, _highest(narrow[:, stands_out]) >= _HIGH_MILLIVOLTS


def _loudest_near(
    near: NDArray[np.float32], noise: NDArray[np.float32], at: NDArray[np.intp], quiet: int, gap: int
) -> NDArray[np.floating]:
    """Return the highest that bends (lead, time) rise above noise within `quiet` samples before or behind each of some
    moments, from `gap` samples off on; behind a spike QRS begins slowly."""
    count = near.shape[1]
    centre = np.concatenate([at - quiet // 2 - gap, at + quiet // 2 + gap])[:, None]
    window = centre - quiet // 2 + np.arange(quiet)
    there = (centre >= 0) & (centre < count) & (window >= 0) & (window < count)
    needed, place = np.unique(np.where(there, window, 0), return_inverse=True)
    height = _highest(near[:, needed] / noise)[place.reshape(window.shape)]
    return np.asarray(np.where(there, height, 0.0).max(axis=1).reshape(2, -1).max(axis=0))


def _bend(signal: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return how far each sample (lead, time) lies from the middle of those `by` samples before and behind it."""
    bend = np.zeros_like(signal)
    inside = bend[:, by:-by]
    np.add(signal[:, : -2 * by], signal[:, 2 * by :], out=inside)
    inside *= 0.5
    np.abs(np.subtract(signal[:, by:-by], inside, out=inside), out=inside)
    return bend


def _bend_at(signal: NDArray[np.float32], by: int, at: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return `_bend` of some samples (lead, sample) only."""
    inside = (at >= by) & (at < signal.shape[1] - by)
    here = np.where(inside, at, by)
    middle = (signal[:, here - by] + signal[:, here + by]) / 2
    return np.where(inside, np.abs(signal[:, here] - middle), np.float32(0.0))


def _highest(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the mean (time,) over the leads that are highest at each moment."""
    few = min(_LEADS, len(values))
    return np.asarray(np.partition(np.minimum(values, 20), -few, axis=0)[-few:].mean(axis=0))
