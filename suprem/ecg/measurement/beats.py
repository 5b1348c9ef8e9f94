"""Where the heart beats: QRS complexes found in all given leads together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

REFRACTORY_SECONDS = 0.2

HIDING_SECONDS = 0.2
"""Missing for so long in every lead, a stretch may hide a beat."""

_SHARP_HZ = 15.0
_LATEST_T_SECONDS = 0.45
_BLUNT = 0.3
"""A T wave, however tall and narrow, has less than this part of its QRS complex's energy above 15 Hz."""
_MOST_BEATS = 0.6
"""Part of the beats that must be followed by such a peak; a single one is an extra beat."""


def find_beats(signal: NDArray[np.floating], fs: float) -> NDArray[np.intp]:
    """Return the sample of each QRS complex, from the steepness of all leads taken together.

    The band-passed slopes of the leads are summed (the speed of the heart vector), smoothed over 80 ms, and peaks that
    reach a part of the surrounding two seconds' height are kept (after Pan and Tompkins 1985).

    Args:
        signal: Array (lead, time) in millivolts without NaN, one second or longer.
        fs: Sampling rate in Hz, at least 60.

    Returns:
        Sample numbers in rising order, accurate to about 10 ms.
    """
    step = max(1, int(fs // 200))  # a QRS complex has little above 25 Hz, so 200 Hz is enough and saves time
    whole = signal.shape[1] // step * step
    coarse = signal[:, :whole].reshape(signal.shape[0], -1, step).mean(axis=-1)
    rate = fs / step
    band = butter(2, (5.0, min(25.0, 0.4 * rate)), "bandpass", fs=rate, output="sos")
    slope = np.abs(np.diff(sosfiltfilt(band, coarse, axis=-1), axis=-1))
    steepest = np.percentile(slope, 99, axis=-1)
    if not np.any(steepest > 0):
        return np.empty(0, dtype=np.intp)
    speed = (slope[steepest > 0] / steepest[steepest > 0, None]).sum(axis=0)
    energy = uniform_filter1d(speed, round(0.08 * rate))
    around = maximum_filter1d(energy, round(2.0 * rate))
    typical = np.median(around)
    threshold = np.maximum(0.35 * np.minimum(around, 1.5 * typical), 0.2 * typical)
    threshold = np.maximum(threshold, 2.0 * np.median(energy))  # steady noise has no beats
    peaks, _ = find_peaks(energy, height=threshold, distance=max(1, round(REFRACTORY_SECONDS * rate)))
    peaks = _without_t_waves(peaks, coarse, rate)
    return np.asarray(peaks * step + step // 2, dtype=np.intp)


def beat_intervals(beats: NDArray[np.intp], missing: NDArray[np.bool_], fs: float) -> NDArray[np.float64]:
    """Return the seconds from each beat to the next, NaN across a gap that may hide a beat.

    Args:
        beats: Samples, in rising order.
        missing: Where no lead was recorded (time,).
        fs: Sampling rate of both in Hz.
    """
    lost = np.concatenate([[0], np.cumsum(missing)])[np.clip(beats, 0, len(missing))]
    return np.where(np.diff(lost) >= HIDING_SECONDS * fs, np.nan, np.diff(beats) / fs)


def longest_pause(beats: NDArray[np.intp], missing: NDArray[np.bool_], fs: float) -> float:
    """Return the seconds of the longest stretch without a beat, what is missing in it not counted. Arguments as in
    `beat_intervals`."""
    recorded = np.concatenate([[0], np.cumsum(~missing)])
    edges = np.concatenate([[0], np.clip(beats, 0, len(missing)), [len(missing)]])
    return float(np.diff(recorded[edges]).max()) / fs


def _without_t_waves(peaks: NDArray[np.intp], signal: NDArray[np.floating], fs: float) -> NDArray[np.intp]:
    """Leave out peaks that follow most others shortly and are blunt beside them: tall T waves.

    Args:
        peaks: Samples, in rising order.
        signal: Array (lead, time).
        fs: Sampling rate of both in Hz.
    """
    near = np.diff(peaks) <= _LATEST_T_SECONDS * fs
    if not near.any() or fs < _SHARP_HZ * 2.5:
        return peaks
    sharp = butter(2, (_SHARP_HZ, min(40.0, 0.45 * fs)), "bandpass", fs=fs, output="sos")
    reach = max(1, round(0.12 * fs))
    energy = uniform_filter1d(np.square(sosfiltfilt(sharp, signal, axis=-1)).sum(axis=0), reach)
    height = np.sqrt(np.maximum(energy[peaks], 0.0))
    t_wave = np.concatenate([[False], near & (height[1:] < _BLUNT * height[:-1])])
    often = t_wave.sum() >= _MOST_BEATS * max(1, len(peaks) - t_wave.sum() - 1)
    return peaks[~t_wave] if often else peaks
