"""Frontal axes of P, QRS and T: the direction of the net area of a wave in the limb leads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.measurement.measured import Measured
from suprem.ecg.measurement.median_beat import FS, MedianBeat
from suprem.ecg.measurement.wave_marks import WaveMarks

_NO_DIRECTION = 0.1
_LEVEL = round(0.016 * FS)


def qrs_axis(beat: MedianBeat, marks: WaveMarks, reason: str) -> Measured:
    """Return the axis of QRS in degrees, or that there is none for a reason given or found."""
    return _axis("QRS", beat, marks.qrs_on, marks.qrs_off + 1, marks.qrs_on, reason)


def p_axis(beat: MedianBeat, marks: WaveMarks, reason: str) -> Measured:
    """Return the axis of P; without an end that was found, P goes on to QRS."""
    if reason or marks.p_on is None:
        return Measured(None, "°", reason or "No P wave was found.")
    return _axis("P", beat, marks.p_on, marks.p_off or marks.qrs_on, max(marks.p_on, _LEVEL), "")


def t_axis(beat: MedianBeat, marks: WaveMarks, begin: int, reason: str) -> Measured:
    """Return the axis of T from a sample after QRS on."""
    if reason or marks.t_off is None or marks.t_off <= begin:
        return Measured(None, "°", reason or "No T wave was found.")
    return _axis("T", beat, begin, marks.t_off + 1, marks.qrs_on, "")


def _axis(wave: str, beat: MedianBeat, begin: int, end: int, level_at: int, reason: str) -> Measured:
    """Return the direction of an area above the level of the 16 ms before a sample.

    aVF is a shorter lead than I, hence the factor (Goldberger).
    """
    if not reason and not {"I", "aVF"} <= set(beat.leads):
        reason = "Leads missing: the axis needs two limb leads."
    if reason:
        return Measured(None, "°", reason)
    level = beat.signal[:, max(level_at - _LEVEL, 0) : level_at].mean(axis=1)[:, None]
    part: NDArray[np.float64] = beat.signal[:, begin:end] - level
    across, down = part[beat.leads.index("I")], part[beat.leads.index("aVF")] * 2 / np.sqrt(3)
    net = float(np.hypot(across.sum(), down.sum()))
    if net < _NO_DIRECTION * float(np.hypot(across, down).sum()):
        return Measured(None, "°", f"Indeterminate: {wave} is as much positive as negative in the limb leads.")
    return Measured(float(np.degrees(np.arctan2(down.sum(), across.sum()))), "°")
