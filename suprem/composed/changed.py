"""Real recordings whose beats are changed, and beats that are changed before a rhythm is composed of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from suprem.composed.changes import CHANGES_OF_THE_BEAT, Change, Shape
from suprem.composed.parts import P_ONSET, Complex
from suprem.composed.rhythms import finished
from suprem.composed.strip import TIME, Draw, aligned_onsets, blank, lay
from suprem.composed.truth import (
    INHERITED,
    Composed,
    change_labels,
    rhythm_labels,
    wave_labels,
)
from suprem.ecg.measurement.median_beat import FS
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, LIMB_FROM_I_AND_II, LIMB_LEADS

_ST_AFTER_J = round(0.06 * FS)
_DEPRESSED = 0.05  # mV


def changed_recording(draw: Draw, beat: Complex, signal: NDArray[np.float32], kind: str) -> Composed:
    """Return a real recording (lead, time) at 100 Hz whose beats are changed.

    Args:
        draw: What varies.
        beat: Its usual complex.
        signal: The recording.
        kind: A key of `CHANGES_OF_THE_BEAT`.
    """
    change = CHANGES_OF_THE_BEAT[kind](draw, beat)
    strip = signal.astype(np.float64)
    for number, onset in enumerate(aligned_onsets(signal, beat)):
        lay_change(strip, change, beat, onset, odd=bool(number % 2))
    if not change.present:
        labels = change_labels(()) if "NORM" in beat.codes else {"HYPERK": 0, "BRUGADA": 0, "ALTERNANS": 0}
    else:
        waves = replace(beat, qrst=(beat.qrst + change.qrst).astype(np.float32))
        labels = change_labels(change.present, unknown=change.unknown) | {"NORM": 0} | _wave_labels(waves)
    signal = (strip - np.median(strip, axis=1, keepdims=True)).astype(np.float32)
    return Composed(signal, kind, labels, beat.record_id, INHERITED, beat_changed=bool(change.present))


def lay_change(
    strip: NDArray[np.float64],
    change: Change,
    beat: Complex,
    onset: float,
    *,
    odd: bool,
    time: NDArray[np.float64] = TIME,
) -> None:
    """Add a change to one beat of a strip (lead, time) in place.

    Args:
        strip: The eight independent leads in mV.
        change: What is added.
        beat: The usual complex of the recording.
        onset: Seconds at which QRS begins.
        odd: Whether it is one of every other beat, which alternans makes smaller.
        time: Seconds of the strip's samples (time,).
    """
    lay(strip, change.qrst * _ends(change.qrst.shape[1]), anchor=beat.onset, at=onset, knee=beat.offset, time=time)
    if change.before is not None:
        lay(strip, change.before, anchor=change.before.shape[1] - 1, at=onset, time=time)
    if change.after is not None:
        lay(strip, change.after, anchor=110, at=onset + (beat.t_end - beat.onset) / FS, time=time)
    if change.p_gain != 1 and beat.p is not None:
        lay(strip, beat.p, anchor=P_ONSET, at=onset - beat.pr, gain=change.p_gain - 1, time=time)
    if change.alternate and odd:
        lay(strip, beat.qrst * Shape(beat).qrs(), anchor=beat.onset, at=onset, gain=-change.alternate, time=time)


def _ends(length: int) -> NDArray[np.float64]:
    """Return a window (time,) that lets a difference begin and end at zero."""
    window = np.ones(length)
    window[:4] = np.linspace(0, 1, 4)
    window[-30:] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(30) + 1) / 30)
    return window


def _wave_labels(beat: Complex) -> dict[str, int]:
    """Return the labels of ST and T in all twelve leads of a beat."""
    at = min(beat.offset + _ST_AFTER_J, beat.qrst.shape[1] - 1)
    st = _in_all_leads(beat.qrst[:, at])
    later = beat.qrst[:, beat.offset + 2 * (beat.t_end - beat.offset) // 5 : beat.t_end + 1]
    if later.shape[1] < 2:
        return wave_labels(st, {})
    twelve = np.array([list(_in_all_leads(column).values()) for column in later.T]).T
    peaks = twelve[np.arange(len(twelve)), np.argmax(np.abs(twelve), axis=1)]
    levels = np.array(list(st.values()))
    # What is no deeper than a depressed ST itself need not be an inverted T.
    peaks[(levels < -_DEPRESSED) & (peaks < 0) & (peaks > 1.5 * levels)] = np.nan
    return wave_labels(st, dict(zip(LEADS, map(float, peaks), strict=True)))


def _in_all_leads(values: NDArray[np.floating]) -> dict[str, float]:
    own = dict(zip(INDEPENDENT_LEADS, map(float, values), strict=True))
    return {
        lead: own[lead]
        if lead in own
        else LIMB_FROM_I_AND_II[lead][0] * own["I"] + LIMB_FROM_I_AND_II[lead][1] * own["II"]
        for lead in LEADS
    }


def _sinus_of(
    draw: Draw,
    kind: str,
    beat: Complex,
    rate: float,
    labels: dict[str, int],
    *,
    qt: float = 1.0,
    qrs_stretch: float = 1.0,
    pr: float | None = None,
    p_gain: float = 1.0,
) -> Composed:
    """Compose a sinus rhythm of one beat; what is said of the rhythm and the change is all that is known."""
    strip, onsets = blank(), draw.train(60 / rate, draw.between(0, 0.03))
    draw.lay_ventricles(strip, beat, onsets, qt=qt, qrs_stretch=qrs_stretch)
    draw.lay_atria(strip, beat, onsets - (pr or beat.pr), gain=p_gain)
    unknown = ("SR", "SBRAD", "STACH", "SARRH", "1AVB", "NOP", "IVR", "JR")
    composed = finished(draw, kind, strip, beat, rhythm_labels((), onsets, unknown=unknown) | labels)
    return replace(composed, labels={code: label for code, label in composed.labels.items() if label != INHERITED})


def severe_hyperkalemia(draw: Draw) -> Composed:
    """P flat or gone, PR long, QRS widened by up to a factor of two, T tall and pointed, up to a sine wave."""
    beat, severity = draw.one_of(draw.parts.narrow), draw.between(0, 1)
    shape = Shape(beat)
    pointed = shape.t(draw.between(0.3, 0.42))
    top = beat.qrst[:, [min(shape.peak, beat.qrst.shape[1] - 1)]]
    height = draw.between(0.9, 1.5) + 1.5 * severity * draw.between(0.5, 1)
    after = np.clip((shape.time - beat.offset) / 20, 0, 1)
    added = draw.between(0, 0.4) * np.array([0.3, 0.5, 0.2, 0.8, 1.0, 1.0, 0.8, 0.5])[:, None]
    qrst = beat.qrst * (1 - 0.85 * after) + (top * height + added) * pointed
    changed = replace(beat, qrst=qrst.astype(np.float32))
    labels = change_labels(("HYPERK",)) | {"TALLT": 1, "LOWT": 0, "NORM": 0}
    return _sinus_of(
        draw,
        "severe hyperkalemia",
        changed,
        draw.between(35, 110),
        labels,
        qrs_stretch=1 + severity * draw.between(0.1, 0.9),
        pr=beat.pr * (1 + 0.4 * severity),
        p_gain=max(0.0, 1 - severity * draw.between(0.8, 1.6)),
    )


def short_qt(draw: Draw) -> Composed:
    """ST nearly gone and QT shortened to two thirds to six sevenths, as hypercalcemia does."""
    labels = change_labels(("HYPERCA",)) | {"QTC<360": 1, "LNGQT": 0, "QTC>460": 0, "NORM": 0}
    beat = draw.one_of([one for one in draw.parts.narrow if _qtc(one) < 0.42] or draw.parts.narrow)
    return _sinus_of(draw, "short QT", beat, draw.between(55, 100), labels, qt=draw.between(0.62, 0.78))


def long_qt(draw: Draw) -> Composed:
    """QT lengthened by a quarter to six tenths."""
    labels = change_labels((), unknown=("HYPOK", "WELLENS")) | {"LNGQT": 1, "QTC>460": 1, "QTC<360": 0, "NORM": 0}
    beat = draw.one_of([one for one in draw.parts.narrow if _qtc(one) > 0.38] or draw.parts.narrow)
    return _sinus_of(draw, "long QT", beat, draw.between(45, 85), labels, qt=draw.between(1.3, 1.6))


def low_voltage(draw: Draw) -> Composed:
    """All waves at 20 to 45 % of their height, so that no limb lead reaches 0.5 mV."""
    beat = draw.one_of(draw.parts.narrow)
    qrs = np.array([list(_in_all_leads(column).values()) for column in beat.qrst[:, beat.onset : beat.offset].T])
    height = float(np.ptp(qrs, axis=0)[: len(LIMB_LEADS)].max())
    gain = min(draw.between(0.2, 0.45), 0.42 / max(height, 0.1))
    smaller = replace(beat, qrst=beat.qrst * np.float32(gain), p=None if beat.p is None else beat.p * np.float32(gain))
    low = dict.fromkeys(("LVOLT", "LVOLT:limb leads", "LOWLIMB"), 1)
    labels = low | dict.fromkeys(("HVOLT", "LVH", "VCLVH", "SOKOLOW", "NORM"), 0)
    return _sinus_of(draw, "low voltage", smaller, draw.between(55, 120), labels)


def exchanged_arms(draw: Draw, beat: Complex, signal: NDArray[np.float32]) -> Composed:
    """A real recording with the arm electrodes exchanged: I upside down, II and III exchanged (Haisty 2001)."""
    exchanged = signal.copy()
    exchanged[0], exchanged[1] = -signal[0], signal[1] - signal[0]
    return Composed(exchanged, "exchanged arms", change_labels(("ARMREV",)) | {"NORM": 0}, beat.record_id)


def _qtc(beat: Complex) -> float:
    return (beat.t_end - beat.onset) / FS / beat.rr ** (1 / 3)


CHANGED_RHYTHMS: dict[str, Callable[[Draw], Composed]] = {
    "severe hyperkalemia": severe_hyperkalemia,
    "short QT": short_qt,
    "long QT": long_qt,
    "low voltage": low_voltage,
}
