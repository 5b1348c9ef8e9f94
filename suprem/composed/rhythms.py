"""Rhythms of the sinus and the AV node: each function composes one, with the labels that follow from it.

Ranges are those of the 2019 ESC guideline on supraventricular tachycardia, the 2018 ACC/AHA/HRS guideline on
bradycardia and conduction delay, and Surawicz and Knilans, Chou's Electrocardiography in Clinical Practice (6th
edition), except where another source is named.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suprem.composed.atrial_waves import fibrillation_waves
from suprem.composed.parts import Complex
from suprem.composed.strip import Draw, Signal, blank
from suprem.composed.truth import OF_QRS, Composed, inherited, rhythm_labels

LONG_PR = 0.2
SINUS_DECISIONS = ("SR", "SBRAD", "STACH", "SARRH")


def finished(draw: Draw, kind: str, strip: Signal, ventricles: Complex, labels: dict[str, int]) -> Composed:
    """Return a strip on a real baseline; what is true of its ventricular complexes stays true."""
    return Composed(draw.with_baseline(strip), kind, inherited(OF_QRS) | labels, ventricles.record_id)


def _sinus(draw: Draw, kind: str, rate: float, pr: float | None, variation: float, wide: float) -> Composed:
    atria, ventricles = draw.ventricles(wide)
    strip = blank()
    onsets = draw.train(60 / rate, variation)
    pr = pr or atria.pr * float(np.clip((60 / rate) ** 0.15, 0.85, 1.05))
    draw.lay_ventricles(strip, ventricles, onsets)
    draw.lay_atria(strip, atria, onsets - pr)
    sinus = "SBRAD" if rate < 60 else "STACH" if rate > 100 else "SR"
    unknown = ["SR"] if sinus != "SR" else []
    if 55 < rate < 63:
        unknown += ["SBRAD", "SR"]
    if 96 < rate < 106:
        unknown += ["STACH", "SR"]
    present = [] if sinus in unknown else [sinus]
    if variation > 0.07:
        present.append("SARRH")
        unknown += ["SR"]
    elif variation > 0.03:
        unknown += ["SARRH"]
    labels = with_pr(rhythm_labels([*present, *long_pr(pr)], onsets, unknown=unknown), pr)
    if not {"1AVB", "SARRH"} & set(present) and sinus == "SR" and labels.get("1AVB") == 0:
        del labels["NORM"]  # the ventricles decide
    return finished(draw, kind, strip, ventricles, labels)


def long_pr(pr: float) -> list[str]:
    """Return first degree AV block where PR in seconds is clearly above its limit."""
    return ["1AVB"] if pr > LONG_PR + 0.01 else []


def with_pr(labels: dict[str, int], pr: float) -> dict[str, int]:
    """Add to the labels of a conducted sinus rhythm what PR in seconds decides; near its limit that is unknown."""
    if abs(pr - LONG_PR) <= 0.01:
        return {code: label for code, label in labels.items() if code not in ("1AVB", "AVB")}
    return labels | dict.fromkeys(("PR>200", "LPR", "AVDELAY"), int(pr > LONG_PR))


def conduction_time(draw: Draw, atria: Complex, interval: float) -> float:
    """Return PR in seconds: that of the beat, or one time in four a long one, as far as the interval leaves room."""
    return max(0.215, min(draw.between(0.215, 0.32), interval - 0.3)) if draw.chance(0.25) else atria.pr


def sinus_rhythm(draw: Draw) -> Composed:
    """Sinus rhythm of 35 to 165 per minute, so that composing itself says nothing."""
    rate = draw.one_of((draw.between(35, 60), draw.between(60, 100), draw.between(60, 100), draw.between(100, 165)))
    return _sinus(draw, "sinus rhythm", rate, None, draw.between(0.0, 0.03), wide=0.2)


def first_degree_block(draw: Draw) -> Composed:
    """PR of 0.215 to 0.42 s, as far as the rate leaves room for it."""
    rate = draw.between(42, 115)
    pr = draw.one_of((draw.between(0.215, 0.26), draw.between(0.22, 0.42)))
    return _sinus(
        draw, "first degree AV block", rate, max(0.215, min(pr, 60 / rate - 0.22)), draw.between(0, 0.03), 0.3
    )


def sinus_arrhythmia(draw: Draw) -> Composed:
    """RR that swings by 9 to 22 % with breathing."""
    return _sinus(draw, "sinus arrhythmia", draw.between(50, 85), None, draw.between(0.09, 0.22), wide=0.1)


def sinus_pause(draw: Draw) -> Composed:
    """One or two pauses of 2 to 3.5 s that are no multiple of the sinus interval, some ended by an escape beat."""
    atria, ventricles = draw.ventricles(0.15)
    strip, interval = blank(), 60 / draw.between(50, 85)
    onsets = draw.train(interval, draw.between(0, 0.03))
    begin = draw.between(1.0, 5.5)
    length = draw.between(2.0, 3.5)
    before, after = onsets[onsets < begin], onsets[onsets >= begin]
    if len(before) == 0 or len(after) == 0:
        return sinus_pause(draw)
    after = after - after[0] + before[-1] + length
    sinus = np.concatenate([before, after])
    escape = [before[-1] + draw.between(1.3, length - 0.5)] if draw.chance(0.4) and length > 2.2 else []
    draw.lay_ventricles(strip, ventricles, sorted([*sinus, *escape]))
    draw.lay_atria(strip, atria, sinus - atria.pr)
    labels = rhythm_labels(
        ["PAUSE", *(["ESC"] if escape else [])], [*sinus, *escape], unknown=[*SINUS_DECISIONS, "2AVB", "MOBITZ2"]
    )
    return finished(draw, "sinus pause", strip, ventricles, labels)


def _conducted(draw: Draw, kind: str, wide: float, present: list[str], unknown: list[str], **rule: Any) -> Composed:
    """Compose an atrial train of which some beats are conducted to the ventricles."""
    atria, ventricles = draw.ventricles(wide)
    ps = draw.train(rule["interval"], draw.between(0, 0.02))
    onsets = rule["conduct"](ps)
    strip = blank()
    draw.lay_ventricles(strip, ventricles, onsets)
    draw.lay_atria(strip, atria, ps)
    labels = rhythm_labels(present, onsets, unknown=[*SINUS_DECISIONS, "1AVB", "NOP", *unknown])
    return finished(draw, kind, strip, ventricles, labels)


def mobitz_one(draw: Draw) -> Composed:
    """PR lengthens by shrinking steps of 0.05 to 0.16 s until a P wave is not conducted, after 3 to 7 beats."""
    first, step, period = draw.between(0.13, 0.26), draw.between(0.05, 0.16), int(draw.random.integers(3, 8))
    offset = int(draw.random.integers(0, period))

    def conduct(ps: Any) -> list[float]:
        onsets = []
        for number, p in enumerate(ps, start=offset):
            place = number % period
            if place < period - 1:
                onsets.append(p + first + sum(step * 0.65**earlier for earlier in range(place)))
        return onsets

    interval = 60 / draw.between(55, 100)
    present = ["2AVB", "MOBITZ1"]
    return _conducted(
        draw, "Mobitz I", 0.15, present, ["AVB2:1"] if period == 2 else [], interval=interval, conduct=conduct
    )


def mobitz_two(draw: Draw) -> Composed:
    """A P wave without QRS after 2 to 5 beats of one PR; QRS is often wide, since the block lies below the bundle."""
    pr, period = draw.between(0.13, 0.24), int(draw.random.integers(3, 7))
    offset = int(draw.random.integers(0, period))

    def conduct(ps: Any) -> list[float]:
        return [p + pr for number, p in enumerate(ps, start=offset) if number % period < period - 1]

    interval = 60 / draw.between(55, 100)
    return _conducted(draw, "Mobitz II", 0.5, ["2AVB", "MOBITZ2"], [], interval=interval, conduct=conduct)


def two_to_one_block(draw: Draw) -> Composed:
    """Every other P wave is conducted, at an atrial rate of 60 to 120."""
    pr, offset = draw.between(0.13, 0.3), int(draw.random.integers(0, 2))

    def conduct(ps: Any) -> list[float]:
        return [p + pr for number, p in enumerate(ps, start=offset) if number % 2 == 0]

    interval = 60 / draw.between(60, 120)
    unknown = ["MOBITZ1", "MOBITZ2"]
    return _conducted(draw, "2:1 AV block", 0.35, ["2AVB", "AVB2:1"], unknown, interval=interval, conduct=conduct)


def high_grade_block(draw: Draw) -> Composed:
    """Every third or fourth P wave is conducted."""
    pr, period = draw.between(0.14, 0.26), int(draw.random.integers(3, 5))

    def conduct(ps: Any) -> list[float]:
        return [p + pr for number, p in enumerate(ps) if number % period == 0]

    interval = 60 / draw.between(75, 120)
    return _conducted(
        draw, "high grade AV block", 0.4, ["2AVB"], ["AVB2:1", "3AVB", "MOBITZ2"], interval=interval, conduct=conduct
    )


def complete_block(draw: Draw) -> Composed:
    """Atria of 60 to 115 per minute, or fibrillating, beside a junctional (36-60) or ventricular (22-48) escape."""
    atria = draw.one_of(draw.parts.narrow)
    kind = draw.random.random()
    if kind < 0.45:
        ventricles, rate = atria, draw.between(36, 60)
    elif kind < 0.8:
        ventricles, rate = draw.one_of(draw.parts.wide), draw.between(25, 48)
    else:
        ventricles, rate = draw.one_of(draw.parts.ectopic), draw.between(22, 45)
    strip, onsets = blank(), draw.train(60 / rate, 0.003)
    fibrillates = draw.chance(0.12)
    draw.lay_ventricles(strip, ventricles, onsets)
    if fibrillates:
        strip += fibrillation_waves(draw)
    else:
        draw.lay_atria(strip, atria, draw.train(60 / draw.between(60, 115), draw.between(0, 0.02)))
    labels = rhythm_labels(
        ["3AVB", *(["AFIB"] if fibrillates else [])],
        onsets,
        unknown=[*SINUS_DECISIONS, "2AVB", "JR", "IVR", "ESC", "NOP", "MOBITZ1", "MOBITZ2"],
    )
    return finished(draw, "complete AV block", strip, ventricles, labels)


def junctional_rhythm(draw: Draw) -> Composed:
    """30 to 60 per minute, or accelerated to 115, without P or with a retrograde one before or behind QRS."""
    atria, ventricles = draw.ventricles(0.2)
    slow = draw.chance(0.7)
    rate = draw.between(30, 60) if slow else draw.between(62, 115)
    strip, onsets = blank(), draw.train(60 / rate, draw.between(0, 0.015))
    draw.lay_ventricles(strip, ventricles, onsets)
    seen = draw.random.random()
    if seen < 0.45:
        shift = -draw.between(0.06, 0.11) if seen < 0.2 else draw.between(0.08, 0.2)
        draw.lay_atria(strip, atria, onsets + shift, gain=draw.between(0.6, 1), wave=draw.retrograde_p(atria))
    unknown = ["ESC", "3AVB", *(["AJR"] if slow else ["JR"]), *(["NOP"] if seen < 0.45 else [])]
    present = ["JR" if slow else "AJR", *([] if seen < 0.45 else ["NOP"])]
    labels = rhythm_labels(present, onsets, unknown=[*unknown, *(["SBRAD"] if slow else [])])
    return finished(draw, "junctional rhythm", strip, ventricles, labels)


def sinus_beneath(interval: float, single: bool) -> list[str]:
    """Return sinus rhythm where readers name it beside extra beats: single ones, at 63 to 97 beats a minute, and sinus
    tachycardia above 106."""
    rate = 60 / interval
    return [] if not single else ["SR"] if 63 <= rate <= 97 else ["STACH"] if rate >= 106 else []
