"""The calibration pulse that some devices record before or behind the patient: found in the signal and cut off.

A pulse is a step of one millivolt (or a half, at half gain) up and down again, at the same time and of the same height
in the leads, I, II and V1 to V6 alike. No heart makes one: where I and II are the same, III is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_HEIGHTS = ((0.85, 1.15), (0.42, 0.58))
"""Millivolts between which a pulse rises, at full and at half gain."""

_EDGE_SECONDS = 0.025
"""An edge takes at most so long, filtered or at 100 Hz."""

_SHORTEST, _LONGEST = 0.04, 1.2
"""Seconds that a pulse lasts; most last 0.1 or 0.2."""

_NEAR_END = 3.0
"""Seconds from an end of the recording within which a pulse is looked for."""

_SAME_LEADS = 0.6
"""Part of the leads that must show it; III, aVR, aVL and aVF may be computed from it."""

_QUIET_MILLIVOLTS = 0.015
"""Steps from sample to sample (of 4 ms) of the level beside a pulse, which is cut off along with it."""


@dataclass(frozen=True)
class _Pulse:
    rise: int
    fall: int


def without_calibration(signal: NDArray[np.float32], fs: float) -> tuple[NDArray[np.float32], str]:
    """Return the signal without a calibration pulse at its start or end, and what was cut off in words ("" if nothing).

    Args:
        signal: Array (lead, time) in millivolts, NaN where there is no sample.
        fs: Sampling rate in Hz.
    """
    begin, end = 0, signal.shape[1]
    if signal.shape[0] < 2 or end < 2 * fs:
        return signal, ""
    reach = min(round(_NEAR_END * fs), end // 2)
    if pulses := _pulses(signal[:, :reach], fs):
        last = max(pulse.fall for pulse in pulses)
        begin = last + _quiet(signal[:, last : last + reach], fs)
    if pulses := _pulses(signal[:, end - reach :], fs):
        first = end - reach + min(pulse.rise for pulse in pulses)
        end = first - _quiet(signal[:, max(begin, first - reach) : first][:, ::-1], fs)
    if (begin, end) == (0, signal.shape[1]) or end - begin < fs:
        return signal, ""
    cut = [f"the first {begin / fs:.2f} s"] if begin else []
    cut += [f"the last {(signal.shape[1] - end) / fs:.2f} s"] if end < signal.shape[1] else []
    return signal[:, begin:end], f"A calibration pulse was found in the signal; {' and '.join(cut)} were cut off."


def _pulses(signal: NDArray[np.float32], fs: float) -> list[_Pulse]:
    """Return the pulses in a stretch (lead, time)."""
    edge = max(1, round(_EDGE_SECONDS * fs))
    span = np.fmax.reduce(signal, axis=1) - np.fmin.reduce(signal, axis=1)
    rows = signal[span > _HEIGHTS[1][0]]
    if len(rows) < max(2, _SAME_LEADS * np.count_nonzero(span > 0)) or signal.shape[1] <= 2 * edge:
        return []
    rows = np.nan_to_num(rows.astype(np.float64))
    step = rows[:, edge:] - rows[:, :-edge]
    enough = max(2, int(np.ceil(_SAME_LEADS * len(rows))))
    found = []
    for low, high in _HEIGHTS:
        up = ((step > low) & (step < high)).sum(axis=0) >= enough
        down = ((step < -low) & (step > -high)).sum(axis=0) >= enough
        # A droop through a high-pass makes the fall smaller than the rise was; the level before and behind then differ.
        rises, falls = _runs(up), _runs(down)
        for rise in rises:
            after = [fall for fall in falls if _SHORTEST * fs <= fall - rise <= _LONGEST * fs]
            if after and _is_pulse(rows[:, rise : after[0] + 2 * edge], edge, after[0] - rise, (low, high), enough):
                found.append(_Pulse(rise, min(after[0] + 2 * edge, signal.shape[1])))
        if found:
            break
    return found


def _is_pulse(rows: NDArray[np.float64], edge: int, length: int, height: tuple[float, float], enough: int) -> bool:
    """Tell whether leads (lead, time) that rise together stay together, level, until they fall."""
    raised = rows - rows[:, :1]
    top = raised[:, 2 * edge : max(length, 2 * edge + 1)] if length > 2 * edge else raised[:, edge : edge + 1]
    with_it = [row for row in top if height[0] * 0.8 < np.median(row) < height[1]]
    if len(with_it) < enough:
        return False
    together = np.stack(with_it)
    common = np.median(together, axis=0)
    return bool(np.ptp(common) < 0.35 * height[1] and np.abs(together - common).max() < 0.12)


def _runs(marked: NDArray[np.bool_]) -> list[int]:
    """Return where each run of true values begins."""
    return [int(at) for at in np.flatnonzero(np.diff(marked.astype(np.int8), prepend=0) == 1)]


def _quiet(signal: NDArray[np.float32], fs: float) -> int:
    """Return how many samples from the first one on are as level as beside a pulse in all leads."""
    step = max(1, round(0.004 * fs))
    rows = np.nan_to_num(signal)
    moving = np.abs(rows[:, step:] - rows[:, :-step]).max(axis=0, initial=0.0) > _QUIET_MILLIVOLTS
    quiet = int(np.argmax(moving)) if moving.any() else rows.shape[1]
    apart = np.ptp(rows[:, quiet:], axis=0) > 1e-6  # what is the same in all leads is no heart either
    return quiet + (int(np.argmax(apart)) if apart.any() else apart.size)
