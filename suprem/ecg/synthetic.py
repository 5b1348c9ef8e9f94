"""Synthetic 12-lead ECGs whose truth is known: for tests, and for examples that say what they are.

The heart is one moving dipole: each wave is a smooth bump of that vector with a sharp beginning and end, and every lead
is a fixed projection of it (Dower 1980; McSharry 2003 for bumps as waves). So Einthoven's law holds, the frontal axis
is the angle that was asked for, and PR, QRS and ST are where they were put. x points left, y to the feet, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.record import CHEST_LEADS, LEADS, LIMB_FROM_I_AND_II, SYNTHETIC, EcgRecord
from suprem.errors import EcgError

Vector = tuple[float, float, float]


class Rhythm(StrEnum):
    """Rhythm of a synthetic ECG: when its beats come."""

    SINUS = "sinus rhythm"
    FIBRILLATION = "atrial fibrillation"
    FLUTTER = "atrial flutter"
    VENTRICULAR_PREMATURE = "sinus rhythm with ventricular premature beats"
    ATRIAL_PREMATURE = "sinus rhythm with atrial premature beats"
    PACED = "ventricular pacing"


class Conduction(StrEnum):
    """Ventricular conduction of a synthetic ECG: the shape of its QRS."""

    NORMAL = "normal conduction"
    RBBB = "right bundle branch block"
    LBBB = "left bundle branch block"


class Territory(StrEnum):
    """A wall of the left ventricle, and the direction that faces it."""

    INFERIOR = "inferior"
    ANTERIOR = "anterior"
    LATERAL = "lateral"


@dataclass(frozen=True, kw_only=True)
class SyntheticSpec:
    """The truth of a synthetic ECG.

    Args:
        rhythm: What sets the beats; every fourth beat is premature in the two rhythms that have such.
        heart_rate: Mean ventricular rate per minute; without the premature beats where there are any.
        axis: Frontal QRS axis in degrees: 0 points to lead I, 90 to aVF.
        conduction: How the ventricles are activated; sets the QRS duration (`qrs_seconds`).
        pr_interval: Seconds from the onset of P to the onset of QRS.
        st_inferior: ST level in millivolts in aVF; reciprocal changes follow from the projection.
        st_anterior: ST level in millivolts in V2.
        st_lateral: ST level in millivolts in I.
        t_inversion: Walls whose T wave is negative.
        voltage: Factor on P, QRS and T: 1 is normal, 0.3 low voltage, 2 left ventricular hypertrophy.
        noise: RMS of white noise in millivolts.
        wander: Amplitude of baseline wander in millivolts.
        mains: Amplitude of 50 Hz hum in millivolts.
        seed: Same specification and seed, same signal.
    """

    rhythm: Rhythm = Rhythm.SINUS
    heart_rate: float = 70.0
    axis: float = 50.0
    conduction: Conduction = Conduction.NORMAL
    pr_interval: float = 0.16
    st_inferior: float = 0.0
    st_anterior: float = 0.0
    st_lateral: float = 0.0
    t_inversion: tuple[Territory, ...] = ()
    voltage: float = 1.0
    noise: float = 0.01
    wander: float = 0.05
    mains: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 20.0 <= self.heart_rate <= 220.0:
            raise EcgError(f"A synthetic heart rate of {self.heart_rate:g} per minute; expected 20 to 220.")
        if not 0.08 <= self.pr_interval <= 0.4:
            raise EcgError(f"A synthetic PR interval of {self.pr_interval:g} s; expected 0.08 to 0.4.")

    @property
    def qrs_seconds(self) -> float:
        """Duration of the regular QRS complex."""
        return _QRS_SECONDS[self._activation]

    @property
    def _activation(self) -> str:
        return "left" if self.rhythm is Rhythm.PACED else _ACTIVATION[self.conduction]


class _Part(NamedTuple):
    """A stretch of a QRS complex: times as fractions of it, size along and across the axis and to the front."""

    start: float
    peak: float
    end: float
    along: float
    across: float
    front: float


_ACTIVATION = {Conduction.NORMAL: "normal", Conduction.RBBB: "right", Conduction.LBBB: "left"}
_QRS_SECONDS = {"normal": 0.09, "right": 0.14, "left": 0.15, "ectopic": 0.16}
# Septum, apex, free wall and base in their order; what points across the axis sums to no area, so that the axis holds.
_QRS_PARTS = {
    "normal": (
        _Part(0.00, 0.20, 0.45, -0.15, 0.08, 0.30),
        _Part(0.15, 0.42, 0.70, 0.80, 0.0, 0.40),
        _Part(0.35, 0.60, 0.85, 0.60, 0.0, -0.60),
        _Part(0.60, 0.80, 1.00, -0.15, -0.09, -0.35),
    ),
    "right": (
        _Part(0.00, 0.13, 0.29, -0.15, 0.08, 0.30),
        _Part(0.10, 0.27, 0.45, 0.80, 0.0, 0.40),
        _Part(0.22, 0.39, 0.55, 0.60, 0.0, -0.60),
        _Part(0.42, 0.70, 1.00, -0.35, -0.04, 0.75),
    ),
    "left": (_Part(0.00, 0.25, 0.55, 0.80, 0.0, -0.70), _Part(0.35, 0.70, 1.00, 0.90, 0.0, -0.60)),
    "ectopic": (_Part(0.00, 0.22, 0.60, -1.30, 0.0, 0.90), _Part(0.35, 0.65, 1.00, -0.70, 0.0, 0.50)),
}
_T_ALONG_AND_FRONT = {"normal": (0.32, 0.18), "right": (0.30, -0.10), "left": (-0.25, 0.30), "ectopic": (0.35, -0.30)}

# Chest electrodes: angle around the chest from the left (0) to the front (90), and nearness to the heart.
_CHEST = {"V1": (115, 1.0), "V2": (95, 1.3), "V3": (75, 1.4), "V4": (55, 1.5), "V5": (30, 1.5), "V6": (5, 1.3)}
_MEASURED = np.array(
    [
        (1.0, 0.0, 0.0),
        (0.5, np.sqrt(0.75), 0.0),
        *[(near * np.cos(np.radians(a)), 0.0, near * np.sin(np.radians(a))) for a, near in _CHEST.values()],
    ]
)
_PREMATURE_EVERY = 4


def synthesize(spec: SyntheticSpec, *, fs: float = 500.0, seconds: float = 10.0) -> EcgRecord:
    """Return the 12-lead ECG of a specification, in millivolts.

    Args:
        spec: Its truth.
        fs: Sampling rate in Hz.
        seconds: Length.
    """
    rng = np.random.default_rng(spec.seed)
    time = np.arange(round(seconds * fs)) / fs
    heart = np.zeros((3, time.size))
    for onset, interval, kind in _beats(spec, seconds, rng):
        _add_beat(heart, time, spec, onset, interval, kind)
    heart += _atrial_waves(spec, time, rng)
    measured = _MEASURED @ heart + _interference(spec, time, rng)
    rows = {lead: of_i * measured[0] + of_ii * measured[1] for lead, (of_i, of_ii) in LIMB_FROM_I_AND_II.items()}
    rows |= dict(zip(CHEST_LEADS, measured[2:], strict=True))
    return EcgRecord(
        signal=np.stack([rows[lead] for lead in LEADS]).astype(np.float32),
        leads=LEADS,
        fs=float(fs),
        record_id="synthetic",
        source=SYNTHETIC,
        notes=("Synthetic signal, not recorded from a person.",),
    )


def _beats(spec: SyntheticSpec, seconds: float, rng: np.random.Generator) -> list[tuple[float, float, str]]:
    """Return (onset of QRS, seconds to the next beat, kind) of every beat that reaches into the recording."""
    mean = 60.0 / spec.heart_rate
    onset = -2 * mean + rng.uniform(0.0, mean)
    beats: list[tuple[float, float, str]] = []
    while onset < seconds + 1.0:
        kind, interval = spec._activation, mean
        turn = len(beats) % _PREMATURE_EVERY
        if spec.rhythm is Rhythm.FIBRILLATION:
            interval = max(0.3, mean * rng.gamma(25.0, 1 / 25.0))
        elif spec.rhythm in (Rhythm.SINUS, Rhythm.VENTRICULAR_PREMATURE, Rhythm.ATRIAL_PREMATURE):
            interval = mean * (1.0 + rng.normal(0.0, 0.01))
        if turn == _PREMATURE_EVERY - 2 and spec.rhythm in (Rhythm.VENTRICULAR_PREMATURE, Rhythm.ATRIAL_PREMATURE):
            interval = 0.65 * mean
        elif turn == _PREMATURE_EVERY - 1 and spec.rhythm is Rhythm.VENTRICULAR_PREMATURE:
            kind, interval = "ectopic", 1.35 * mean  # the compensatory pause
        elif turn == _PREMATURE_EVERY - 1 and spec.rhythm is Rhythm.ATRIAL_PREMATURE:
            kind = "atrial"
        beats.append((onset, interval, kind))
        onset += interval
    return beats


def _add_beat(
    heart: NDArray[np.float64], time: NDArray[np.float64], spec: SyntheticSpec, onset: float, interval: float, kind: str
) -> None:
    activation = spec._activation if kind == "atrial" else kind
    duration = _QRS_SECONDS[activation]
    cos, sin = np.cos(np.radians(spec.axis)), np.sin(np.radians(spec.axis))
    if kind != "ectopic" and spec.rhythm in (Rhythm.SINUS, Rhythm.VENTRICULAR_PREMATURE, Rhythm.ATRIAL_PREMATURE):
        angle = np.radians(-40.0 if kind == "atrial" else 55.0)
        p_onset = onset - spec.pr_interval
        p_end = min(p_onset + 0.1, onset)
        p_wave = (0.13 * np.cos(angle) * spec.voltage, 0.13 * np.sin(angle) * spec.voltage, 0.03 * spec.voltage)
        _add(heart, time, (p_onset, (p_onset + p_end) / 2, p_end), p_wave)
    if spec.rhythm is Rhythm.PACED:
        heart[:, np.abs(time - (onset - 0.004)) < 0.5 * (time[1] - time[0])] += np.array([[1.2], [1.2], [-1.2]])
    for part in _QRS_PARTS[activation]:
        along, across, front = (spec.voltage * size for size in part[3:])
        vector = (along * cos - across * sin, along * sin + across * cos, front)
        _add(heart, time, tuple(onset + duration * part[i] for i in range(3)), vector)
    j_point = onset + duration
    repolarised = onset + 0.39 * np.sqrt(min(interval, 60.0 / spec.heart_rate)) + (duration - _QRS_SECONDS["normal"])
    t_start, t_end = j_point + 0.08, max(repolarised, j_point + 0.22)
    _add(heart, time, (t_start, t_start + 0.6 * (t_end - t_start), t_end), _t_vector(spec, activation))
    st = (spec.st_lateral, spec.st_inferior / np.sqrt(0.75), spec.st_anterior / _MEASURED[3, 2])
    if any(st) and kind != "ectopic":
        _add_plateau(heart, time, (j_point - 0.02, j_point, t_start, t_end), st)


def _t_vector(spec: SyntheticSpec, activation: str) -> Vector:
    """T follows the axis half-way, or opposes it in wide complexes; a wall whose T is inverted repels it."""
    along, front = _T_ALONG_AND_FRONT[activation]
    angle = np.radians(spec.axis if along < 0 or activation == "ectopic" else (spec.axis + 45.0) / 2)
    vector = [along * np.cos(angle), along * np.sin(angle), front]
    for index, wall in enumerate((Territory.LATERAL, Territory.INFERIOR, Territory.ANTERIOR)):
        if wall in spec.t_inversion:
            vector[index] = -max(abs(vector[index]), 0.2)
    x, y, z = (float(spec.voltage * size) for size in vector)
    return x, y, z


def _atrial_waves(spec: SyntheticSpec, time: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    if spec.rhythm is Rhythm.FIBRILLATION:  # five to seven waves a second, never twice the same
        speed = 6.0 + 0.7 * np.sin(2 * np.pi * 0.3 * time + rng.uniform(0, 6.28))
        phase = 2 * np.pi * np.cumsum(speed) * (time[1] - time[0])
        size = 0.06 * (1.0 + 0.4 * np.sin(2 * np.pi * 0.7 * time + rng.uniform(0, 6.28)))
        wave = size * (np.sin(phase) + 0.3 * np.sin(2 * phase))
        return np.array([[-0.3], [0.5], [0.8]]) * wave
    if spec.rhythm is Rhythm.FLUTTER:  # a saw with about 300 teeth a minute, a whole number of them to each beat
        teeth = max(1, round(300.0 / spec.heart_rate))
        position = np.mod(time * spec.heart_rate / 60.0 * teeth + rng.uniform(), 1.0)
        wave = np.where(position < 0.7, 0.5 - position / 0.7, (position - 0.7) / 0.3 - 0.5)
        return np.array([[-0.02], [0.25], [0.06]]) * wave
    return np.zeros((3, time.size))


def _interference(spec: SyntheticSpec, time: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what disturbs the eight measured leads (lead, time); the other limb leads inherit it, as in a device."""
    shape = (len(_MEASURED), 1)
    white = rng.normal(0.0, 1.0, (len(_MEASURED), time.size))
    drift = np.sin(2 * np.pi * rng.uniform(0.15, 0.3, shape) * time + rng.uniform(0, 2 * np.pi, shape))
    hum = np.sin(2 * np.pi * 50.0 * time + rng.uniform(0, 2 * np.pi, shape))
    return np.asarray(spec.noise * white + spec.wander * drift + spec.mains * hum, dtype=np.float64)


def _add(heart: NDArray[np.float64], time: NDArray[np.float64], times: tuple[float, ...], vector: Vector) -> None:
    """Add a bump that rises from times[0] to times[1] and falls to times[2], each half a cosine."""
    start, peak, end = times
    _add_plateau(heart, time, (start, peak, peak, end), vector)


def _add_plateau(
    heart: NDArray[np.float64], time: NDArray[np.float64], times: tuple[float, ...], vector: Vector
) -> None:
    """Add `vector`, rising from times[0] to times[1] and falling from times[2] to times[3]."""
    first, last = np.searchsorted(time, (times[0], times[3]))
    within = time[first:last]
    level = np.interp(within, times, (0.0, 1.0, 1.0, 0.0))
    heart[:, first:last] += np.outer(vector, 0.5 - 0.5 * np.cos(np.pi * level))
