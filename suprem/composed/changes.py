"""Changes of the beat: each function returns what a condition adds to the beats of a real recording.

The difference is added to every beat of the recording, so that its noise, baseline and rhythm stay. Criteria: Fourth
Universal Definition of Myocardial Infarction (2018), the 2023 ESC guideline on acute coronary syndromes with the
STEMI-equivalent patterns (Wellens 1982, de Winter 2008), the 2015 ESC guideline on pericardial disease, Diercks et al.
2004 (electrolytes), Antzelevitch et al. 2016 (J wave syndromes), Surawicz and Knilans, Chou's Electrocardiography.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from suprem.composed.parts import Complex
from suprem.composed.strip import LEADS, Draw

_LEAST_ST = 0.14
"""mV at the J point where the weight is 1, so that leads reach the 0.1 mV of the definition."""

Signal = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Change:
    """What is added to each beat.

    Args:
        present: Codes that are then there.
        unknown: Codes that may be called so as well.
        qrst: Difference (lead, time) laid over the beat's QRST; the QRS onset is that of the beat.
        before: Difference (lead, time) that ends where QRS begins, over PR.
        after: Difference (lead, time) whose middle falls on the end of T, as a U wave.
        p_gain: What is left of the P wave.
        alternate: Share by which every other beat's QRS is changed.
    """

    present: tuple[str, ...]
    qrst: Signal
    unknown: tuple[str, ...] = ()
    before: Signal | None = None
    after: Signal | None = None
    p_gain: float = 1.0
    alternate: float = 0.0


@dataclass(frozen=True, eq=False)
class Shape:
    """The windows of one beat (time,) that differences are built of.

    Args:
        beat: Whose.
    """

    beat: Complex
    time: Signal = field(init=False)
    peak: int = field(init=False)

    def __post_init__(self) -> None:
        time = np.arange(self.beat.qrst.shape[1], dtype=float)
        late = self.beat.offset + max(1, round(0.25 * (self.beat.t_end - self.beat.offset)))
        size = np.linalg.norm(self.beat.qrst[:, late : self.beat.t_end + 1], axis=0)
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "peak", late + int(np.argmax(size)) if size.size else late)

    @property
    def half_width(self) -> float:
        """Samples from the peak of T to its end, at least 50 ms."""
        return max(self.beat.t_end - self.peak, 25)

    def st(self, slope: float = 0.0) -> Signal:
        """Return a window that rises at the J point, climbs by `slope` to the peak of T and is gone at its end."""
        up = np.clip((self.time - self.beat.offset + 6) / 12, 0, 1)
        climb = 1 + slope * np.clip((self.time - self.beat.offset) / max(self.peak - self.beat.offset, 1), 0, 1)
        down = np.where(
            self.time <= self.peak, 1, np.exp(-0.5 * ((self.time - self.peak) / (0.45 * self.half_width)) ** 2)
        )
        return np.asarray(up * climb * down)

    def t(self, width: float = 0.55) -> Signal:
        """Return a bell around the peak of T, `width` times as wide as T falls."""
        bell = np.exp(-0.5 * ((self.time - self.peak) / (self.half_width * width)) ** 2)
        return np.asarray(bell * np.clip((self.time - self.beat.offset) / 25, 0, 1))

    def qrs(self) -> Signal:
        """Return a window over QRS."""
        return np.asarray((self.time >= self.beat.onset - 4) & (self.time < self.beat.offset), float)

    def part_of_qrs(self, first: float, last: float) -> Signal:
        """Return a bell over a part of QRS, given as fractions of it."""
        length = self.beat.offset - self.beat.onset
        middle = self.beat.onset + length * (first + last) / 2
        return np.asarray(np.exp(-0.5 * ((self.time - middle) / (length * (last - first) / 3)) ** 2))


def weights(draw: Draw, *ranges: Range) -> Signal:
    """Return a number for each of I, II and V1 to V6, drawn from its range."""
    return np.array([draw.between(*one) for one in ranges])


OCCLUSIONS: dict[str, tuple[tuple[str, ...], tuple[Range, ...], float]] = {
    # code: (further codes), ranges of ST in I, II, V1 ... V6 relative to the greatest, factor on the height
    "STEMI:LAD": (
        ("AMI",),
        ((-0.1, 0.4), (-0.35, 0.1), (0.1, 0.8), (0.7, 1.1), (0.8, 1.2), (0.5, 1.1), (0.1, 0.8), (0.0, 0.5)),
        1.0,
    ),
    "STEMI:RCA": (
        ("IMI",),
        ((-0.6, -0.1), (0.5, 0.9), (-0.3, 0.4), (-0.6, 0.1), (-0.5, 0.0), (-0.4, 0.1), (-0.2, 0.3), (-0.1, 0.4)),
        0.65,
    ),
    "STEMI:LCX": (
        (),
        ((-0.05, 0.5), (0.1, 0.8), (-0.7, -0.1), (-0.8, -0.2), (-0.6, 0.0), (-0.2, 0.3), (0.2, 0.8), (0.3, 1.0)),
        0.6,
    ),
    "LMCA": (
        (),
        ((-0.9, -0.2), (-1.0, -0.4), (-0.1, 0.6), (-0.5, 0.4), (-0.8, 0.0), (-1.1, -0.4), (-1.1, -0.5), (-1.0, -0.4)),
        0.45,
    ),
}


def occlusion(draw: Draw, beat: Complex, artery: str | None = None) -> Change:
    """ST elevation over the territory of an occluded artery, reciprocal depression; large T early, loss of R later.

    The artery is a key of `OCCLUSIONS`; without one it is drawn.
    """
    code = artery or draw.one_of(
        ("STEMI:LAD", "STEMI:LAD", "STEMI:LAD", "STEMI:RCA", "STEMI:RCA", "STEMI:LCX", "STEMI:LCX", "LMCA")
    )
    walls, ranges, factor = OCCLUSIONS[code]
    height = draw.one_of((draw.between(0.1, 0.25), draw.between(0.15, 0.5), draw.between(0.3, 0.9))) * factor
    height = max(height, _LEAST_ST)
    weight, shape = weights(draw, *ranges), Shape(beat)
    added = height * np.outer(weight, shape.st(draw.between(0.1, 1.2)))
    toward = np.clip(weight, 0, 1)[:, None]
    added += draw.between(-0.5, 1.0) * beat.qrst * shape.t() * toward
    if draw.chance(0.4):
        added -= draw.between(0.2, 0.8) * np.clip(beat.qrst, 0, None) * shape.qrs() * toward
    if draw.chance(0.3):
        added -= draw.between(0.1, 0.35) * shape.part_of_qrs(0.0, 0.35) * toward
    present = ("STEMI", "ACUTEMI", "MI", code, *walls) if code != "LMCA" else ("ACUTEMI", "MI", "LMCA")
    unknown = ("POSTMI", "NSTEMI", "STEMI:LCX", "STEMI:RCA") if code in ("STEMI:LCX", "STEMI:RCA") else ()
    return Change(present, added, unknown + (("STEMI", "NSTEMI") if code == "LMCA" else ()))


def subendocardial(draw: Draw, beat: Complex) -> Change:
    """ST depression in I, II and V3 to V6, horizontal or falling, with T flattened or inverted; aVR is raised by it."""
    shape = Shape(beat)
    weight = weights(
        draw, (0.1, 0.6), (0.3, 0.9), (-0.3, 0.1), (0.0, 0.6), (0.3, 0.9), (0.6, 1.1), (0.6, 1.1), (0.4, 1.0)
    )
    added = -draw.between(0.07, 0.3) * np.outer(weight, shape.st(draw.between(-0.6, 0.4)))
    added -= draw.between(0, 1.5) * beat.qrst * shape.t() * np.clip(weight, 0, 1)[:, None]
    return Change(("NSTEMI",), added, ("ACUTEMI", "MI", "LMCA", "DIG"))


def posterior_infarct(draw: Draw, beat: Complex) -> Change:
    """Horizontal ST depression of V1 to V3 with upright T and a growing R, the mirror image of the posterior wall."""
    shape = Shape(beat)
    weight = weights(
        draw, (-0.1, 0.2), (-0.1, 0.4), (0.5, 0.9), (0.8, 1.1), (0.7, 1.1), (0.2, 0.8), (-0.3, 0.3), (-0.5, 0.2)
    )
    added = -draw.between(0.08, 0.3) * np.outer(weight, shape.st(-0.4))
    anterior = np.clip(weight, 0, 1)[:, None]
    added += draw.between(0.05, 0.4) * shape.t() * anterior
    added += draw.between(0, 0.5) * shape.part_of_qrs(0.1, 0.6) * anterior
    return Change(("POSTMI", "ACUTEMI", "MI"), added, ("STEMI", "STEMI:LCX", "STEMI:RCA", "NSTEMI", "PMI"))


def wellens(draw: Draw, beat: Complex) -> Change:
    """T of V2 and V3, often V1 to V5, deep and symmetrical or positive then negative, ST hardly raised."""
    shape = Shape(beat)
    weight = weights(
        draw, (-0.1, 0.2), (-0.1, 0.1), (0.0, 0.6), (0.7, 1.1), (0.8, 1.1), (0.4, 1.0), (0.0, 0.7), (0.0, 0.4)
    )
    if draw.chance(0.4):  # biphasic: only the end of T turns
        late = np.exp(-0.5 * ((shape.time - shape.peak - 0.5 * shape.half_width) / (0.35 * shape.half_width)) ** 2)
        added = -draw.between(0.2, 0.6) * np.outer(weight, late)
    else:
        added = -(1 + draw.between(0.4, 1.6)) * beat.qrst * shape.t(0.6) * np.clip(weight, 0, 1)[:, None]
        added -= draw.between(0.1, 0.6) * np.outer(np.clip(weight, 0, 1), shape.t(0.5))
    return Change(("WELLENS",), added, ("NSTEMI", "ACUTEMI", "MI", "RVSTRAIN"))


def de_winter(draw: Draw, beat: Complex) -> Change:
    """ST of V1 to V6 depressed by 0.1 to 0.3 mV at the J point and rising into a tall symmetrical T."""
    shape = Shape(beat)
    weight = weights(
        draw, (-0.1, 0.2), (0.0, 0.3), (0.2, 0.7), (0.7, 1.1), (0.8, 1.1), (0.7, 1.1), (0.4, 0.9), (0.2, 0.7)
    )
    added = -draw.between(0.1, 0.3) * np.outer(weight, shape.st(-1.0))
    added += np.outer(weight, draw.between(0.3, 0.9) * shape.t(0.42))
    return Change(("DEWINTER", "ACUTEMI", "MI"), added, ("STEMI", "STEMI:LAD", "NSTEMI", "HYPERK"))


def pericarditis(draw: Draw, beat: Complex) -> Change:
    """Concave ST elevation in nearly all leads but aVR and V1, PR depressed where ST is raised."""
    shape = Shape(beat)
    weight = weights(
        draw, (0.3, 0.8), (0.6, 1.1), (-0.3, 0.3), (0.2, 0.9), (0.4, 1.0), (0.5, 1.1), (0.5, 1.1), (0.4, 0.9)
    )
    along = np.clip((shape.time - beat.offset) / max(shape.peak - beat.offset, 1), 0, 1) ** 2
    added = draw.between(0.06, 0.3) * np.outer(weight, shape.st() * (0.9 + 0.4 * along))
    added += draw.between(-0.3, 0.4) * beat.qrst * shape.t()
    length = max(round(beat.pr * 500) if np.isfinite(beat.pr) else 70, 40)
    pr_depression = -np.outer(weight, np.ones(length)) * draw.between(0.0, 0.09)
    pr_depression *= np.clip(np.arange(length) / 20, 0, 1)
    return Change(("PERI",), added, ("STEMI",) if draw.chance(0.1) else (), before=pr_depression)


def hypokalemia(draw: Draw, beat: Complex) -> Change:
    """T flattened or inverted, ST depressed, and a U wave behind T that runs into it."""
    shape = Shape(beat)
    weight = weights(
        draw, (0.1, 0.5), (0.3, 0.8), (-0.2, 0.3), (0.4, 1.0), (0.6, 1.0), (0.6, 1.0), (0.5, 1.0), (0.4, 0.9)
    )
    added = -draw.between(0.5, 1.15) * beat.qrst * shape.t()
    added -= draw.between(0.0, 0.16) * np.outer(weight, shape.st())
    hump = np.exp(-0.5 * ((np.arange(220) - 110) / draw.between(16, 34)) ** 2)
    wave = draw.between(0.03, 0.25) * np.outer([0.2, 0.5, 0.2, 0.8, 1.0, 1.0, 0.8, 0.5], hump)
    lag = int(draw.between(25, 75))
    return Change(("HYPOK",), added, ("DIG", "UW", "LNGQT"), after=np.pad(wave, ((0, 0), (2 * lag, 0))))


def hyperkalemia(draw: Draw, beat: Complex) -> Change:
    """T tall, narrow and pointed; P smaller. Wide QRS belongs to the severe steps, which are composed as rhythms."""
    shape = Shape(beat)
    narrow = shape.t(draw.between(0.3, 0.42))
    top = beat.qrst[:, [min(shape.peak, beat.qrst.shape[1] - 1)]]
    grown = np.minimum(draw.between(0.2, 1.8) * np.abs(top), 1.0)  # mV; real ones are mostly mild
    added = np.sign(top) * grown * narrow
    added += draw.between(0, 0.4) * np.outer([0.3, 0.5, 0.2, 0.8, 1.0, 1.0, 0.8, 0.5], narrow)
    added -= draw.between(0.1, 0.5) * beat.qrst * shape.t() * (1 - narrow)
    return Change(("HYPERK",), added, ("DEWINTER",), p_gain=draw.between(0.1, 1.0))


def digitalis(draw: Draw, beat: Complex) -> Change:
    """ST sags against the main direction of QRS like a spoon, T flat or biphasic."""
    shape = Shape(beat)
    net = np.sign(beat.qrst[:, beat.onset : beat.offset].sum(axis=1))
    weight = net * weights(draw, *[(0.2, 0.8)] * 2, *[(0.1, 0.6)] * 3, *[(0.5, 1.1)] * 3)
    middle = beat.offset + 0.6 * (shape.peak - beat.offset)
    sag = np.exp(-0.5 * ((shape.time - middle) / max(0.45 * (shape.peak - beat.offset), 12)) ** 2)
    added = -draw.between(0.06, 0.22) * np.outer(weight, sag * np.clip((shape.time - beat.offset) / 10, 0, 1))
    added -= draw.between(0.2, 0.9) * beat.qrst * shape.t()
    return Change(("DIG",), added, ("NSTEMI", "HYPOK"))


def brugada(draw: Draw, beat: Complex) -> Change:
    """V1 and V2, sometimes V3: ST raised by 0.2 mV or more at its beginning, coved, falling into a negative T."""
    shape = Shape(beat)
    weight = weights(draw, (0, 0.02), (0, 0.02), (0.6, 1.0), (0.8, 1.1), (0.0, 0.4), (0, 0.1), (0, 0.02), (0, 0.02))
    fall = np.clip((shape.time - beat.offset) / max(shape.peak - beat.offset, 1), 0, 1)
    added = draw.between(0.22, 0.5) * np.outer(weight, shape.st() * (1 - 1.3 * fall))
    added -= (1 + draw.between(0.2, 0.9)) * beat.qrst * shape.t() * np.clip(weight, 0, 1)[:, None]
    return Change(("BRUGADA",), added, ("STEMI",))


def right_heart_strain(draw: Draw, beat: Complex) -> Change:
    """S in I, Q and negative T in III, T inverted in V1 to V4, as in pulmonary embolism (McGinn and White 1935)."""
    shape = Shape(beat)
    limb = draw.between(0.05, 0.3)
    added = np.zeros((LEADS, len(shape.time)))
    added[0] += limb * (0.5 * shape.part_of_qrs(0.0, 0.4) - shape.part_of_qrs(0.6, 1.0))
    added[0] += draw.between(0.03, 0.15) * shape.t()
    added[1] -= draw.between(0.0, 0.12) * shape.t()
    chest = weights(draw, (0, 0), (0, 0), (0.5, 1.0), (0.7, 1.1), (0.5, 1.1), (0.1, 0.9), (0.0, 0.4), (0.0, 0.2))
    added -= (1 + draw.between(0.0, 0.7)) * beat.qrst * shape.t() * np.clip(chest, 0, 1)[:, None]
    added -= draw.between(0.03, 0.3) * np.outer(chest, shape.t())
    return Change(("RVSTRAIN",), added, ("WELLENS", "NSTEMI"))


def osborn(draw: Draw, beat: Complex) -> Change:
    """A dome at the J point, largest in V3 to V6 and II, as in hypothermia."""
    shape = Shape(beat)
    weight = weights(
        draw, (0.2, 0.5), (0.4, 0.9), (0.0, 0.4), (0.2, 0.8), (0.5, 1.0), (0.7, 1.1), (0.6, 1.0), (0.4, 0.9)
    )
    dome = np.exp(-0.5 * ((shape.time - beat.offset - 4) / draw.between(8, 15)) ** 2)
    return Change(("OSBORN",), draw.between(0.12, 0.45) * np.outer(weight, dome), ("STEMI", "PERI"))


def alternans(draw: Draw, beat: Complex) -> Change:
    """QRS of every other beat smaller, as with a large pericardial effusion."""
    return Change(("ALTERNANS",), np.zeros((LEADS, beat.qrst.shape[1])), (), alternate=draw.between(0.2, 0.5))


def control(draw: Draw, beat: Complex) -> Change:
    """Differences too small to mean anything, so that being changed by itself tells nothing."""
    shape = Shape(beat)
    added = draw.between(-0.2, 0.2) * beat.qrst * shape.t()
    added += draw.between(-0.03, 0.03) * np.outer(draw.random.uniform(-0.5, 1, LEADS), shape.st())
    return Change((), added)


CHANGES_OF_THE_BEAT: dict[str, Callable[[Draw, Complex], Change]] = {
    "occlusion": occlusion,
    "subendocardial ischemia": subendocardial,
    "posterior infarct": posterior_infarct,
    "Wellens": wellens,
    "de Winter": de_winter,
    "pericarditis": pericarditis,
    "hypokalemia": hypokalemia,
    "hyperkalemia": hyperkalemia,
    "digitalis": digitalis,
    "Brugada": brugada,
    "right heart strain": right_heart_strain,
    "Osborn": osborn,
    "alternans": alternans,
    "control": control,
}
