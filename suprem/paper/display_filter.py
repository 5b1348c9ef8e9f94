"""Filters for the eye only: they change what is drawn and named so in the header, never what is measured or scored."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, filtfilt, iirnotch, sosfiltfilt

from suprem.ecg.record import EcgRecord

BASELINE_HZ = 0.5
MUSCLE_HZ = 40.0
NOTCH_QUALITY = 30.0
"""Mains frequency over the width of the notch: 1.7 Hz at 50 Hz."""

ORDER = 2

TWICE = (np.sqrt(2.0) - 1.0) ** (1.0 / (2 * ORDER))
"""Run forwards and backwards a filter damps twice; this moves its corner so that -3 dB stay at the named frequency."""


class DisplayFilter(StrEnum):
    """A filter; the value is what page and header call it."""

    BASELINE = "0.5 Hz high-pass (baseline)"
    MUSCLE = "40 Hz low-pass"
    MAINS_50 = "50 Hz notch"
    MAINS_60 = "60 Hz notch"


CORNERS = {
    DisplayFilter.BASELINE: BASELINE_HZ,
    DisplayFilter.MUSCLE: MUSCLE_HZ,
    DisplayFilter.MAINS_50: 50.0,
    DisplayFilter.MAINS_60: 60.0,
}
"""Hz."""


def possible_filters(fs: float) -> tuple[DisplayFilter, ...]:
    """Return the filters that a sampling rate in Hz has room for: corner well below half the rate."""
    return tuple(chosen for chosen, corner in CORNERS.items() if corner / TWICE < 0.45 * fs)


def filter_for_display(record: EcgRecord, chosen: tuple[DisplayFilter, ...]) -> EcgRecord:
    """Return the record as the filters leave it, without delay; missing samples stay missing.

    All filters run forwards and backwards (zero phase): a one-way high-pass at 0.5 Hz would bend the ST segment.

    Args:
        record: As recorded.
        chosen: Filters out of `possible_filters` of its rate; the same record is returned for none.
    """
    if not chosen:
        return record
    rows = [_filter(row.astype(np.float64), record.fs, chosen) for row in record.signal]
    return replace(record, signal=np.stack(rows).astype(np.float32))


def _filter(row: NDArray[np.float64], fs: float, chosen: tuple[DisplayFilter, ...]) -> NDArray[np.float64]:
    missing = ~np.isfinite(row)
    if missing.all():
        return row
    positions = np.arange(row.size)
    filled = np.interp(positions, positions[~missing], row[~missing])
    # Two seconds mirrored at each end settle the slowest filter.
    room = min(row.size - 1, round(2 * fs))
    for one in chosen:
        filled = _run(filled, one, fs, room)
    filled[missing] = np.nan
    return filled


def _run(row: NDArray[np.float64], chosen: DisplayFilter, fs: float, room: int) -> NDArray[np.float64]:
    corner = CORNERS[chosen]
    if chosen is DisplayFilter.BASELINE:
        return sosfiltfilt(butter(ORDER, corner * TWICE, "highpass", fs=fs, output="sos"), row, padlen=room)
    if chosen is DisplayFilter.MUSCLE:
        return sosfiltfilt(butter(ORDER, corner / TWICE, "lowpass", fs=fs, output="sos"), row, padlen=room)
    return filtfilt(*iirnotch(corner, NOTCH_QUALITY, fs=fs), row, padlen=room)
