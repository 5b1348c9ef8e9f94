"""An empty strip of ECG on which waves are laid at chosen times, and the draws that vary from one ECG to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from suprem.composed.parts import P_ONSET, Complex, Parts
from suprem.ecg.measurement.median_beat import FS
from suprem.ecg.record import INDEPENDENT_LEADS

Signal = NDArray[np.float64]
T = TypeVar("T")

RATE = 100.0
"""Hz of composed ECGs, the model's."""

SECONDS = 10.0
TIME = np.arange(round(RATE * SECONDS)) / RATE
"""Seconds of the samples (time,)."""

LEADS = len(INDEPENDENT_LEADS)

QT_POWER = 0.4
"""QT follows RR to this power: between Bazett's 1/2 and Fridericia's 1/3 (Malik et al. 2002, Heart 87: 220)."""


def blank() -> Signal:
    """Return a strip (lead, time) in mV without a wave."""
    return np.zeros((LEADS, len(TIME)))


def lay(
    strip: Signal,
    wave: NDArray[np.floating],
    *,
    anchor: int,
    at: float,
    stretch: float = 1.0,
    knee: int | None = None,
    knee_stretch: float = 1.0,
    gain: float = 1.0,
    time: NDArray[np.float64] = TIME,
) -> None:
    """Add a wave to a strip in place.

    Args:
        strip: (lead, time).
        wave: (lead, time) at 500 Hz.
        anchor: Sample of the wave that falls on `at`.
        at: Seconds on the strip.
        stretch: How much longer the wave becomes; with a knee only what lies behind it.
        knee: Sample of the wave from which it is stretched by `stretch`; before it by `knee_stretch`, from the anchor.
        gain: Factor on its height.
        time: Seconds of the strip's samples (time,), those of ten seconds at `RATE` where nothing is given.
    """
    sample = (time - at) * FS
    if knee is None:
        place = sample / stretch + anchor
    else:
        bend = (knee - anchor) * knee_stretch
        behind = knee + (sample - bend) / stretch
        place = np.where(sample <= 0, sample + anchor, np.where(sample < bend, anchor + sample / knee_stretch, behind))
    inside = (place >= 0) & (place < wave.shape[1] - 1)
    if inside.any():
        left = place[inside].astype(int)
        part = place[inside] - left
        strip[:, inside] += gain * (wave[:, left] * (1 - part) + wave[:, left + 1] * part)


@dataclass
class Draw:
    """What is drawn for one ECG, from one seed.

    Args:
        random: The generator.
        parts: The complexes to compose of.
        baselines: What was left of real recordings without their beats (lead, time).
    """

    random: np.random.Generator
    parts: Parts
    baselines: Sequence[NDArray[np.float32]] = field(repr=False)

    def between(self, low: float, high: float) -> float:
        """Return a number between two."""
        return float(self.random.uniform(low, high))

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of several things, each as often."""
        return options[int(self.random.integers(len(options)))]

    def chance(self, share: float) -> bool:
        """Return True so often."""
        return bool(self.random.random() < share)

    def ventricles(self, wide: float) -> tuple[Complex, Complex]:
        """Return the complex with P whose atria beat, and the one whose ventricles do: so often one that is wide."""
        atria = self.one_of(self.parts.narrow)
        return atria, self.one_of(self.parts.wide) if self.chance(wide) else atria

    def train(self, interval: float, variation: float, start: float | None = None) -> NDArray[np.float64]:
        """Return the seconds of beats at about an interval, from before the strip to behind it.

        They vary by a share of the interval with breathing (0.15 to 0.35 Hz, Task Force 1996), and a little at random.
        """
        breathing, phase = self.between(0.15, 0.35), self.between(0.0, 6.3)
        at = self.between(-interval, 0.2) if start is None else start
        times = []
        while at < SECONDS + 0.3:
            times.append(at)
            swing = variation * np.sin(2 * np.pi * breathing * at + phase)
            at += interval * max(0.5, 1 + swing + 0.006 * self.random.normal())
        return np.array(times)

    def heights(self) -> Callable[[float], float]:
        """Return how the height of beats varies in time, with breathing."""
        breathing, phase, depth = self.between(0.15, 0.35), self.between(0.0, 6.3), self.between(0.0, 0.07)
        return lambda at: 1 + depth * float(np.sin(2 * np.pi * breathing * at + phase)) + 0.015 * self.random.normal()

    def lay_ventricles(
        self,
        strip: Signal,
        beat: Complex,
        times: Sequence[float] | NDArray[np.float64],
        *,
        intervals: Sequence[float] | None = None,
        qrs_stretch: float = 1.0,
        qt: float = 1.0,
    ) -> None:
        """Add QRS and T at the given onsets of QRS, QT following the interval before each beat.

        Args:
            strip: Changed in place.
            beat: Whose complexes.
            times: Seconds of the onsets.
            intervals: RR before each beat, where it is not that of `times`.
            qrs_stretch: Factor on the duration of QRS.
            qt: Factor on that of ST and T.
        """
        height = self.heights()
        usual = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        for number, at in enumerate(times):
            before = intervals[number] if intervals is not None else at - times[number - 1] if number else usual
            following = times[number + 1] - at if number + 1 < len(times) else before
            wanted = float(np.clip((before / beat.rr) ** QT_POWER, 0.45, 1.4)) * qt
            room = (min(before, following) * FS - (beat.offset - beat.onset) * qrs_stretch) / max(
                beat.t_end - beat.offset, 1
            )
            lay(
                strip,
                beat.qrst,
                anchor=beat.onset,
                at=float(at),
                stretch=max(0.3, min(wanted, 0.98 * room)),
                knee=beat.offset,
                knee_stretch=qrs_stretch,
                gain=height(float(at)),
            )

    def lay_atria(
        self,
        strip: Signal,
        beat: Complex,
        times: Sequence[float] | NDArray[np.float64],
        *,
        gain: float = 1.0,
        stretch: float = 1.0,
        wave: NDArray[np.floating] | None = None,
    ) -> None:
        """Add P waves at the given onsets of P; `wave` instead of the beat's own P."""
        p = beat.p if wave is None else wave
        if p is None:
            return
        for at in times:
            lay(strip, p, anchor=P_ONSET, at=float(at), stretch=stretch, gain=gain * (1 + 0.05 * self.random.normal()))

    def other_p(self, beat: Complex) -> NDArray[np.float64]:
        """Return a P wave of another atrial focus: the beat's own, turned in each lead."""
        turn = self.random.uniform(-1.1, 1.3, size=(LEADS, 1))
        return np.asarray(beat.p) * turn if beat.p is not None else blank()[:, :2]

    def retrograde_p(self, beat: Complex) -> NDArray[np.float64]:
        """Return a P wave from the AV node: negative in II, little in I, positive in V1 (Waldo and James 1973)."""
        turn = np.array(
            [self.between(0.0, 0.6), -self.between(0.8, 1.2), self.between(0.3, 1.0)]
            + [-self.between(0.1, 0.6) for _ in range(LEADS - 3)]
        )
        return np.asarray(beat.p) * turn[:, None] if beat.p is not None else blank()[:, :2]

    def with_baseline(self, strip: Signal) -> NDArray[np.float32]:
        """Return a strip on the baseline and noise of a real recording, its median level at zero in each lead."""
        baseline = self.one_of(self.baselines)
        if self.chance(0.5):
            baseline = baseline[:, ::-1]
        whole = strip + baseline * self.between(0.7, 1.4)
        return np.asarray(whole - np.median(whole, axis=1, keepdims=True), np.float32)


def aligned_onsets(signal: NDArray[np.float32], beat: Complex) -> list[float]:
    """Return the seconds at which the usual complex of a recording (lead, time) fits best, beat by beat."""
    onsets = []
    for onset in beat.beats:
        best = (np.inf, 0.0)
        for shift in np.arange(-0.03, 0.031, 0.004):
            at, trial = float(onset + shift), blank()
            lay(trial, beat.qrst, anchor=beat.onset, at=at, knee=beat.offset)
            near = (at - 0.02 < TIME) & (at + 0.14 > TIME)
            if near.sum() >= 8:
                rest = signal[:, near] - trial[:, near]
                best = min(best, (float(((rest - rest.mean(axis=1, keepdims=True)) ** 2).sum()), at))
        if np.isfinite(best[0]):
            onsets.append(best[1])
    return onsets


def baseline_of(signal: NDArray[np.float32], beat: Complex, random: np.random.Generator) -> NDArray[np.float32] | None:
    """Return what is left of a recording (lead, time) without its beats: its wander, muscle and mains.

    Under QRS a remnant stays, which is bridged. None where too much is left, as from a beat of another shape.
    """
    onsets = aligned_onsets(signal, beat)
    left = signal.astype(np.float64)
    for at in onsets:
        lay(left, -beat.qrst, anchor=beat.onset, at=at, knee=beat.offset)
        if beat.p is not None:
            lay(left, -beat.p, anchor=P_ONSET, at=at - beat.pr)
    jitter = np.median(np.abs(np.diff(left, axis=1)), axis=1, keepdims=True)
    for at in onsets:
        under = np.flatnonzero((at - 0.03 < TIME) & (at + beat.width + 0.04 > TIME))
        if len(under) < 3:
            continue
        ends = left[:, [max(under[0] - 3, 0)]], left[:, [min(under[-1] + 3, len(TIME) - 1)]]
        along = np.linspace(0.0, 1.0, len(under))
        noise = random.normal(size=(LEADS, len(under))) * jitter
        left[:, under] = ends[0] * (1 - along) + ends[1] * along + noise
    if np.abs(left - np.median(left, axis=1, keepdims=True)).max() > 0.6:
        return None
    return np.asarray(left, np.float32)
