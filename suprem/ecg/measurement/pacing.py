"""Pacing spikes: jumps there and back within a few milliseconds, at the same place before each beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.record import EcgRecord

MIN_FS = 250.0
"""Hz. A coarser recording shows a spike and a narrow R wave alike."""

_SPIKE_MILLIVOLTS = 0.15
_WIDTH_SECONDS = 0.004
_BEFORE_SECONDS, _AFTER_SECONDS = 0.2, 0.02
_SHARE = 0.6
_TIGHT_SECONDS = 0.012


def is_paced(record: EcgRecord, beats: NDArray[np.float64]) -> bool:
    """Tell whether most beats follow a spike; always False below 250 Hz, where spikes cannot be told.

    Args:
        record: The recording at its own rate; resampling would blunt the spikes.
        beats: Time of each beat in seconds.
    """
    if record.fs < MIN_FS or not len(beats):
        return False
    spikes = _spikes(np.nan_to_num(record.signal.astype(np.float64)), record.fs)
    if not len(spikes):
        return False
    delays = [beat - spikes[(spikes > beat - _BEFORE_SECONDS) & (spikes < beat + _AFTER_SECONDS)] for beat in beats]
    every = np.concatenate(delays)
    if not every.size:
        return False
    # Spikes of a pacemaker stand at one distance from the beat; those of muscle or of the R wave itself do not.
    return any(
        np.mean([bool((np.abs(of_beat - delay) < _TIGHT_SECONDS).any()) for of_beat in delays]) >= _SHARE
        for delay in every
    )


def _spikes(signal: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the times at which the line jumps and jumps back, while it is quiet just before and after."""
    reach = max(1, round(_WIDTH_SECONDS * fs))
    middle = signal[:, 3 * reach : -3 * reach]
    width = middle.shape[1]
    if width <= 0:
        return np.empty(0)

    def shifted(by: int) -> NDArray[np.float64]:
        return signal[:, 3 * reach + by : 3 * reach + by + width]

    there, back = middle - shifted(-reach), middle - shifted(reach)
    height = np.where(there * back > 0, np.minimum(np.abs(there), np.abs(back)), 0.0)
    around = np.maximum(np.abs(shifted(-3 * reach) - shifted(-reach)), np.abs(shifted(reach) - shifted(3 * reach)))
    sharp = (height > _SPIKE_MILLIVOLTS) & (around < 0.35 * height)
    seen = np.flatnonzero(sharp.sum(axis=0) >= min(2, len(signal)))
    if not seen.size:
        return np.empty(0)
    first = np.concatenate([[True], np.diff(seen) > 2 * reach])
    return np.asarray((seen[first] + 3 * reach) / fs)
