"""What an electrocardiograph prints beside the trace: rate, rhythm, intervals, axis, ST levels and voltages.

Automatic and unconfirmed, for research. Each value is a number with its unit or the reason why there is none: a wrong
interval is worse than a missing one. P, PR, QRS and QT are global: each boundary is one instant for all leads, where
the heart vector begins or ceases to move. Outside of QRS so marked, leads keep to their level within the 20 µV that IEC
60601-2-25 calls isoelectric. How far the values lie from devices and from a cardiologist's marks is in docs/log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.measurement.axes import p_axis, qrs_axis, t_axis
from suprem.ecg.measurement.beats import longest_pause
from suprem.ecg.measurement.measured import Measured as Measured
from suprem.ecg.measurement.median_beat import FS, MIN_BEATS, Heartbeats, MedianBeat, locate_beats, median_beat
from suprem.ecg.measurement.pacing import is_paced
from suprem.ecg.measurement.wave_marks import WaveMarks, mark_waves
from suprem.ecg.record import CHEST_LEADS, INDEPENDENT_LEADS, LIMB_LEADS, EcgRecord
from suprem.errors import EcgError

UNCONFIRMED = "automatic, unconfirmed"
"""Stands beside the values wherever they are shown."""

ST_SECONDS = 0.06
"""ST is measured so long after the J point, at every rate, against the level just before QRS."""

_WIDE_QRS_MS = 120.0
_ST_CAUTION = "ST follows the wide QRS; its level does not mean what it does with a narrow one."
_T_CAUTION = "T follows the wide QRS; its direction does not mean what it does with a narrow one."
_NOISE_MILLIVOLTS = 0.02
_UNCLEAR_END = 0.25
_P_MILLIVOLTS, _P_OVER_NOISE = 0.03, 3.0
# The less regular the rhythm, the more P must be like one: the waves of fibrillation resemble each other by chance.
_HIGHEST_P_IF_IRREGULAR = 0.35
_P_ALIKE = {"regular": 0.4, "slightly irregular": 0.6, "irregular": 0.8}
_MIN_LEADS = 3
_REGULAR = 0.15  # of the median interval: 0.14 s at 64 per minute; healthy people breathe within it (docs/log)
_SLIGHTLY = 0.1
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 4.0
_PAUSE_OVER_USUAL = 1.8


@dataclass(frozen=True, eq=False)
class Measurements:
    """The measurements of one recording.

    Args:
        heart_rate: Ventricular rate per minute, over all beats.
        rr_spread: Standard deviation of the RR intervals in percent of their mean.
        rhythm: Regularity in words.
        p: Duration of P in ms.
        pr: Onset of P to onset of QRS in ms.
        qrs: Duration of QRS in ms.
        qt: Onset of QRS to end of T in ms.
        qtc_fridericia: QT / cube root of the mean RR in seconds, in ms.
        qtc_bazett: QT / square root of it, in ms.
        axis: Frontal QRS axis in degrees, -180 to 180: 0 points to lead I, 90 to aVF; from the areas of QRS.
        p_axis: Frontal axis of P in degrees, from its area.
        t_axis: Frontal axis of T, which follows from QRS where that is wide.
        st: Lead -> level in mV, 60 ms after the J point.
        r: Lead -> highest point of QRS in mV above the level before it.
        s: Lead -> lowest point of QRS in mV; negative, or 0 where the lead has no Q or S.
        t: Lead -> the point of T farthest from the level before QRS, in mV; negative where T is inverted.
        beats: Heartbeats found.
        used: Beats in the median; 0 where there is none.
        early: Beats left out of it because they came early.
        other_shape: Beats left out of it because their QRS complex looks different.
        beat: The median beat, None where too few beats are alike.
        marks: Its boundaries; those of suppressed values are None or not to be shown.
    """

    heart_rate: Measured
    rr_spread: Measured
    rhythm: str
    p: Measured
    pr: Measured
    qrs: Measured
    qt: Measured
    qtc_fridericia: Measured
    qtc_bazett: Measured
    axis: Measured
    p_axis: Measured
    t_axis: Measured
    st: Mapping[str, Measured]
    r: Mapping[str, Measured]
    s: Mapping[str, Measured]
    t: Mapping[str, Measured]
    beats: int
    used: int
    early: int
    other_shape: int
    beat: MedianBeat | None
    marks: WaveMarks | None

    @property
    def intervals(self) -> dict[str, Measured]:
        """The values that are one for all leads, by the name a page or a table gives them."""
        return {
            "Heart rate": self.heart_rate,
            "RR spread": self.rr_spread,
            "P": self.p,
            "PR": self.pr,
            "QRS": self.qrs,
            "QT": self.qt,
            "QTc Fridericia": self.qtc_fridericia,
            "QTc Bazett": self.qtc_bazett,
            "P axis": self.p_axis,
            "QRS axis": self.axis,
            "T axis": self.t_axis,
        }


def measure(record: EcgRecord) -> Measurements:
    """Measure a recording of a few seconds or more; whatever cannot be measured says why. Never an error."""
    try:
        heart = locate_beats(record)
    except EcgError as error:
        return _nothing(str(error), 0)
    rate = _doubt_about_rate(heart)
    if rate:
        return _nothing(rate, len(heart.beats))
    beat = median_beat(heart)
    intervals = heart.intervals
    rr = intervals[np.isfinite(intervals)]
    heart_rate = Measured(60.0 / float(rr.mean()), "/min", caution=_pause_caution(rr))
    spread = Measured(100.0 * float(rr.std() / rr.mean()), "%")
    rhythm = _rhythm(intervals, beat)
    if beat is None:
        reason = f"Fewer than {MIN_BEATS} of {len(heart.beats)} beats have the same shape."
        return _nothing(reason, len(heart.beats), heart_rate, spread, rhythm)
    marks = mark_waves(beat, float(np.median(rr)))
    reason = _doubt_about_waves(record, heart, beat)
    qrs = _qrs(marks, reason)
    wide = qrs.value is not None and qrs.value >= _WIDE_QRS_MS
    qt = _qt(marks, qrs, wide)
    irregular = "" if rhythm.startswith("regular") else "Irregular rhythm: corrected by the mean RR interval."
    unmeasured = reason or qrs.reason
    pr = _pr(beat, marks, reason, rhythm.split(" but")[0])
    return Measurements(
        heart_rate=heart_rate,
        rr_spread=spread,
        rhythm=rhythm,
        p=_p(marks, pr),
        pr=pr,
        qrs=qrs,
        qt=qt,
        qtc_fridericia=_corrected(qt, float(rr.mean()) ** (1 / 3), irregular),
        qtc_bazett=_corrected(qt, float(rr.mean()) ** 0.5, irregular),
        axis=qrs_axis(beat, marks, unmeasured),
        p_axis=p_axis(beat, marks, pr.reason),
        t_axis=t_axis(beat, marks, marks.qrs_off + round(ST_SECONDS * FS), unmeasured or qt.reason),
        st=_by_lead(beat, unmeasured, _st_levels(beat, marks), _ST_CAUTION if wide else ""),
        r=_by_lead(beat, unmeasured, np.maximum(_qrs_part(beat, marks).max(axis=1), 0.0)),
        s=_by_lead(beat, unmeasured, np.minimum(_qrs_part(beat, marks).min(axis=1), 0.0)),
        t=_by_lead(beat, unmeasured or qt.reason, _t_peaks(beat, marks), _T_CAUTION if wide else ""),
        beats=len(heart.beats),
        used=beat.used,
        early=int(beat.early.sum()),
        other_shape=int(beat.other_shape.sum()),
        beat=beat,
        marks=marks,
    )


def _nothing(
    reason: str, beats: int, rate: Measured | None = None, spread: Measured | None = None, rhythm: str = "not measured"
) -> Measurements:
    """Return measurements that are suppressed for one reason, but for those given."""
    ms = Measured(None, "ms", reason)
    return Measurements(
        heart_rate=rate or Measured(None, "/min", reason),
        rr_spread=spread or Measured(None, "%", reason),
        rhythm=rhythm,
        p=ms,
        pr=ms,
        qrs=ms,
        qt=ms,
        qtc_fridericia=ms,
        qtc_bazett=ms,
        axis=(degrees := Measured(None, "°", reason)),
        p_axis=degrees,
        t_axis=degrees,
        st={},
        r={},
        s={},
        t={},
        beats=beats,
        used=0,
        early=0,
        other_shape=0,
        beat=None,
        marks=None,
    )


def _doubt_about_rate(heart: Heartbeats) -> str:
    """Return why not even the rate can be told; artefact in the limb or chest leads makes their counts differ."""
    if len(heart.beats) < MIN_BEATS:
        return f"Only {len(heart.beats)} heartbeat(s) were recognised; at least {MIN_BEATS} are needed."
    counts = [len(heart.beats_in(group)) for group in (LIMB_LEADS, CHEST_LEADS) if heart.whole(group)]
    if counts and max(counts) - min(counts) > max(1, 0.1 * len(heart.beats)):
        return "Limb and chest leads disagree about the heartbeats."
    if np.isfinite(heart.intervals).sum() < MIN_BEATS - 1:
        return "Too few heartbeats follow each other without a gap in the recording."
    pause = longest_pause(heart.beats, heart.missing, FS)
    if pause > _LONGEST_PAUSE_SECONDS:
        return f"No heartbeat was recognised for {pause:.1f} s: the heart paused, or beats were missed."
    return ""


def _pause_caution(rr: NDArray[np.float64]) -> str:
    longest = float(rr.max())
    if longest > _PAUSE_SECONDS and longest > _PAUSE_OVER_USUAL * np.median(rr):
        return f"Mean over an interval of {longest:.1f} s, a pause or a missed beat."
    return ""


def _doubt_about_waves(record: EcgRecord, heart: Heartbeats, beat: MedianBeat) -> str:
    """Return why the shape of the beats cannot be measured, or nothing."""
    if is_paced(record, heart.beats / FS):
        return "Pacing spikes were found before the beats."
    if sum(lead in INDEPENDENT_LEADS for lead in beat.leads) < _MIN_LEADS:
        return f"Fewer than {_MIN_LEADS} measured leads: boundaries over all leads cannot be found."
    if beat.noise > _NOISE_MILLIVOLTS:
        return f"Noise: {beat.noise:.2f} mV are left in the median beat."
    return ""


def _rhythm(intervals: NDArray[np.float64], beat: MedianBeat | None) -> str:
    """Return the rhythm in words, from the seconds between beats, of which those across a gap are NaN."""
    known = np.isfinite(intervals)
    rr = intervals[known]
    usual = np.abs(rr / np.median(rr) - 1.0) <= _REGULAR
    if usual.all():
        return "regular"
    if beat is not None and (ectopic := beat.early | beat.other_shape).any():
        # The intervals before and after an ectopic beat say nothing about the rhythm between such beats.
        apart = ~(ectopic[:-1] | ectopic[1:])[known]
        if apart.sum() >= 2 and usual[apart].all():
            count = int(ectopic.sum())
            return f"regular but for {count} early or different beat{'s' if count > 1 else ''}"
    return "slightly irregular" if rr.std() / rr.mean() < _SLIGHTLY else "irregular"


def _pr(beat: MedianBeat, marks: WaveMarks, reason: str, rhythm: str) -> Measured:
    seen = marks.p_millivolts >= max(_P_MILLIVOLTS, _P_OVER_NOISE * beat.noise) and marks.p_alike >= _P_ALIKE[rhythm]
    if rhythm != "regular":
        seen &= marks.p_millivolts <= _HIGHEST_P_IF_IRREGULAR
    if not reason and (marks.p_on is None or not seen):
        reason = "No P wave that is the same before each beat was found"
        reason += "." if rhythm == "regular" else ", and the rhythm is irregular, as in atrial fibrillation."
    if reason or marks.p_on is None:
        return Measured(None, "ms", reason)
    return Measured(_ms(marks.p_on, marks.qrs_on), "ms")


def _p(marks: WaveMarks, pr: Measured) -> Measured:
    if pr.reason or marks.p_on is None:
        return Measured(None, "ms", pr.reason)
    if marks.p_off is None or marks.p_off <= marks.p_on:
        return Measured(None, "ms", "No end of P was found: it runs into QRS.")
    return Measured(_ms(marks.p_on, marks.p_off), "ms")


def _qrs(marks: WaveMarks, reason: str) -> Measured:
    if not reason and marks.qrs_contrast > _UNCLEAR_END:
        reason = "QRS has no clear end; it runs into ST."
    if reason:
        return Measured(None, "ms", reason)
    return Measured(_ms(marks.qrs_on, marks.qrs_off), "ms")


def _qt(marks: WaveMarks, qrs: Measured, wide: bool) -> Measured:
    if qrs.reason:
        return Measured(None, "ms", qrs.reason)
    if marks.t_off is None:
        return Measured(None, "ms", "No end of T was found: T is flat or runs into the next P.")
    caution = f"QRS of {_WIDE_QRS_MS:g} ms or more lengthens QT by itself." if wide else ""
    return Measured(_ms(marks.qrs_on, marks.t_off), "ms", caution=caution)


def _corrected(qt: Measured, divisor: float, irregular: str) -> Measured:
    if qt.value is None:
        return qt
    return Measured(qt.value / divisor, "ms", caution=" ".join(filter(None, (irregular, qt.caution))))


def _qrs_part(beat: MedianBeat, marks: WaveMarks) -> NDArray[np.float64]:
    """Return QRS (lead, time) above the level of the 16 ms before it."""
    part: NDArray[np.float64] = beat.signal[:, marks.qrs_on : marks.qrs_off + 1] - _level(beat, marks)[:, None]
    return part


def _level(beat: MedianBeat, marks: WaveMarks) -> NDArray[np.float64]:
    before = marks.qrs_on - round(0.016 * FS)
    return np.asarray(beat.signal[:, before : marks.qrs_on].mean(axis=1))


def _st_levels(beat: MedianBeat, marks: WaveMarks) -> NDArray[np.float64]:
    """Return the levels (lead,), each the mean of 16 ms."""
    at, half = marks.qrs_off + round(ST_SECONDS * FS), round(0.008 * FS)
    return np.asarray(beat.signal[:, at - half : at + half + 1].mean(axis=1) - _level(beat, marks))


def _t_peaks(beat: MedianBeat, marks: WaveMarks) -> NDArray[np.float64]:
    """Return for each lead (lead,) the value farthest from the level, from where ST is measured to the end of T."""
    if marks.t_off is None:
        return np.full(len(beat.leads), np.nan)
    first = marks.qrs_off + round(ST_SECONDS * FS)
    part = beat.signal[:, first : max(marks.t_off, first) + 1] - _level(beat, marks)[:, None]
    farthest = np.argmax(np.abs(part), axis=1)
    return np.asarray(part[np.arange(len(part)), farthest])


def _by_lead(beat: MedianBeat, reason: str, values: NDArray[np.float64], caution: str = "") -> dict[str, Measured]:
    if reason:
        return {lead: Measured(None, "mV", reason) for lead in beat.leads}
    pairs = zip(beat.leads, values, strict=True)
    return {lead: Measured(float(value), "mV", caution=caution) for lead, value in pairs}


def _ms(first: int, last: int) -> float:
    return 1000.0 * (last - first) / FS
