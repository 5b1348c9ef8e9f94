"""Rhythms of the atria and the AV node: each function composes one, with the labels that follow from it.

Ranges are those of the 2019 ESC guideline on supraventricular tachycardia, the 2018 ACC/AHA/HRS guideline on
bradycardia and conduction delay, and Surawicz and Knilans, Chou's Electrocardiography in Clinical Practice (6th
edition), except where another source is named.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suprem.composed.parts import Complex
from suprem.composed.strip import LEADS, SECONDS, TIME, Draw, Signal, blank
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
    labels = rhythm_labels([*present, *(["1AVB"] if pr > LONG_PR + 0.01 else [])], onsets, unknown=unknown)
    if abs(pr - LONG_PR) <= 0.01:
        labels = {code: label for code, label in labels.items() if code not in ("1AVB", "AVB")}
    else:
        labels |= dict.fromkeys(("PR>200", "LPR", "AVDELAY"), int(pr > LONG_PR))
    if not {"1AVB", "SARRH"} & set(present) and sinus == "SR" and labels.get("1AVB") == 0:
        del labels["NORM"]  # the ventricles decide
    return finished(draw, kind, strip, ventricles, labels)


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


def supraventricular_tachycardia(draw: Draw) -> Composed:
    """140 to 225 per minute, regular, without P before QRS or with a retrograde one behind it."""
    atria, ventricles = draw.ventricles(0.12)
    rate = draw.between(140, 225)
    strip, onsets = blank(), draw.train(60 / rate, 0.003)
    draw.lay_ventricles(strip, ventricles, onsets)
    if draw.chance(0.5):
        wave = draw.retrograde_p(atria)
        draw.lay_atria(strip, atria, onsets + draw.between(0.07, 0.16), gain=draw.between(0.5, 1), wave=wave)
    unknown = ["PSVT", "AT", "NOP", "SVARR", *(["VT"] if ventricles is not atria else [])]
    labels = rhythm_labels(["SVTAC"], onsets, unknown=[*unknown, *(["STACH"] if rate < 150 else [])])
    return finished(draw, "supraventricular tachycardia", strip, ventricles, labels)


def atrial_tachycardia(draw: Draw) -> Composed:
    """P waves of another shape at 110 to 220 per minute, conducted 1:1 or 2:1."""
    atria, ventricles = draw.ventricles(0.12)
    rate = draw.between(110, 220)
    ps = draw.train(60 / rate, draw.between(0, 0.015))
    pr = min(draw.between(0.1, 0.2), 0.7 * 60 / rate)
    every = 2 if rate > 150 and draw.chance(0.5) else 1
    onsets = ps[int(draw.random.integers(0, every)) :: every] + pr
    strip = blank()
    draw.lay_ventricles(strip, ventricles, onsets)
    draw.lay_atria(strip, atria, ps, gain=draw.between(0.7, 1.3), wave=draw.other_p(atria), stretch=0.85)
    unknown = ["SVTAC", "PSVT", "STACH", "SVARR", "AFLT", "2AVB", "AVB2:1", "MOBITZ1", "MOBITZ2", "1AVB"]
    return finished(draw, "atrial tachycardia", strip, ventricles, rhythm_labels(["AT"], onsets, unknown=unknown))


def multifocal_atrial_rhythm(draw: Draw) -> Composed:
    """P waves of three or more shapes with varying PP and PR; a tachycardia above 100 (Kastor 1990), else wandering."""
    atria, ventricles = draw.ventricles(0.1)
    fast = draw.chance(0.75)
    rate = draw.between(100, 150) if fast else draw.between(60, 90)
    waves = [draw.other_p(atria) for _ in range(int(draw.random.integers(3, 5)))]
    strip, at, onsets = blank(), -draw.between(0.1, 0.8), []
    while at < SECONDS + 0.2:
        draw.lay_atria(strip, atria, [at], wave=draw.one_of(waves))
        onsets.append(at + draw.between(0.1, 0.2))
        at += max(0.33, 60 / rate * (1 + draw.random.normal() * 0.16))
    draw.lay_ventricles(strip, ventricles, onsets)
    unknown = ["SVTAC", "SVARR", "PAC", "AT", "PRC(S)", *(["WAP"] if fast else ["MAT"])]
    labels = rhythm_labels(["MAT" if fast else "WAP"], onsets, unknown=unknown)
    return finished(draw, "multifocal atrial rhythm", strip, ventricles, labels)


def atrial_flutter(draw: Draw) -> Composed:
    """F waves of 200 to 345 per minute in shapes of `flutter_waves`, conducted 2:1 to 8:1, or beside an escape rhythm.

    Down to 200 per minute, since drugs and large atria slow the circuit.
    """
    _, ventricles = draw.ventricles(0.25)
    frequency = draw.between(230, 345) / 60 if draw.chance(0.8) else draw.between(200, 240) / 60
    strip = flutter_waves(draw, frequency)
    ratio = draw.one_of((2, 2, 2, 3, 4, 4, 4, 6, 8, 0, 0, 0))
    at, onsets = -1.0 + draw.between(0, 0.5), []
    varied = draw.one_of(((2, 3), (2, 4, 4), (3, 4, 5), (2, 2, 3, 4, 4, 5), (4, 5, 6, 7)))
    escape = draw.between(33, 60) / 60 if draw.chance(0.08) else 0.0
    while at < SECONDS + 0.3:
        onsets.append(at)
        at += 1 / escape if escape else (ratio or draw.one_of(varied)) / frequency
        at += draw.random.normal() * 0.006
    draw.lay_ventricles(strip, ventricles, onsets)
    unknown = ["SVTAC", "AT", "NOP", "SVARR", *(["3AVB", "ESC", "JR"] if escape or ratio > 4 else [])]
    known = {} if escape or ratio > 4 else {"2AVB": 0, "AVB2:1": 0, "HAVB": 0}
    if not known:
        unknown += ["2AVB", "AVB2:1", "HAVB"]
    return finished(draw, "atrial flutter", strip, ventricles, rhythm_labels(["AFLT"], onsets, unknown=unknown) | known)


def flutter_waves(draw: Draw, frequency: float) -> Signal:
    """Return F waves (lead, time), of one shape in the inferior leads and of another in V1.

    Typical ones fall slowly and rise fast in II, III and aVF and are short and upright in V1; reverse and atypical ones
    are bumps of either sign or nearly sine waves, at times seen in V1 alone (Bun et al. 2015, Eur Heart J 36: 2356).
    """
    drift = np.cumsum(draw.random.normal(size=len(TIME))) * draw.between(0, 0.004)
    phase = TIME * frequency + draw.between(0, 1) + drift

    def bump(width: float) -> Signal:
        away = (phase - draw.between(0, 1)) % 1 - 0.5
        wave = np.exp(-0.5 * (away / width) ** 2)
        return np.asarray(wave - wave.mean())

    kind = draw.one_of(("typical", "typical", "typical", "bumps", "bumps", "sine"))
    if kind == "typical":
        fall, place = draw.between(0.55, 0.85), phase % 1
        limb = np.where(place < fall, place / fall, (1 - place) / (1 - fall)) * 2 - 1
        window = np.hanning(int(draw.random.integers(4, 10)))
        limb = np.convolve(np.pad(limb, 20, mode="edge"), window / window.sum(), "same")[20:-20]
    elif kind == "bumps":
        limb = bump(draw.between(0.08, 0.2)) + draw.one_of((0.0, draw.between(-0.6, 0.8))) * bump(
            draw.between(0.08, 0.2)
        )
    else:
        limb = 0.7 * np.sin(2 * np.pi * phase) + 0.3 * np.sin(4 * np.pi * phase + draw.between(0, 6))
    short = bump(draw.between(0.07, 0.18))
    chest = short + draw.one_of((0.0, draw.between(-0.7, 0.3))) * bump(draw.between(0.1, 0.2))
    inferior = -1.0 if draw.chance(0.8) else 0.8
    ranges = ((-0.2, 0.4), (-0.25, 0.25), (-0.35, 0.15), (-0.35, 0.1), (-0.4, 0.1))
    limbs = np.array([draw.between(-0.35, 0.25), inferior, *(draw.between(*one) for one in ranges), 0.0])
    limbs[7] = limbs[6] * draw.between(0.6, 1.1)
    chests = np.zeros(LEADS)
    chests[2:5] = draw.between(0.4, 1.6) * np.array([1.0, draw.between(0.1, 0.7), draw.between(0.0, 0.4)])
    chests[2:5] *= 1.0 if draw.chance(0.8) else -1.0
    height = draw.between(0.03, 0.2) * (1.0 if kind == "typical" else draw.between(0.5, 1))
    waves = np.outer(limbs, limb) + np.outer(chests, chest)
    breathing = 1 + draw.between(0, 0.15) * np.sin(2 * np.pi * draw.between(0.15, 0.35) * TIME)
    return np.asarray(height * waves * breathing)


def fibrillation_waves(draw: Draw) -> Signal:
    """Return f waves (lead, time): noise around 4 to 8 Hz, largest in V1 (Petrutiu et al. 2006)."""
    noise = np.fft.rfft(draw.random.normal(size=len(TIME)))
    frequency = np.fft.rfftfreq(len(TIME), TIME[1])
    wave = np.fft.irfft(noise * np.exp(-(((frequency - draw.between(4.5, 8)) / 1.2) ** 2)), n=len(TIME))
    weight = np.array([0.4, 0.7, 1.2, 0.5, *([0.3] * (LEADS - 4))])
    return np.asarray(draw.between(0.01, 0.045) * np.outer(weight, wave / wave.std()))


def atrial_fibrillation(draw: Draw) -> Composed:
    """Irregular beats of 45 to 160 per minute over f waves."""
    _, ventricles = draw.ventricles(0.15)
    rate, at, onsets = draw.between(45, 160), -1.0, []
    while at < SECONDS + 0.3:
        onsets.append(at)
        at += max(0.3, 60 / rate * (1 + draw.random.normal() * 0.2))
    strip = fibrillation_waves(draw)
    draw.lay_ventricles(strip, ventricles, onsets)
    labels = rhythm_labels(["AFIB"], onsets, unknown=["NOP", "SVARR", "SVTAC"])
    return finished(draw, "atrial fibrillation", strip, ventricles, labels)


def sinus_beneath(interval: float, single: bool) -> list[str]:
    """Return sinus rhythm where readers name it beside extra beats: single ones, at 63 to 97 beats a minute."""
    return ["SR"] if single and 63 <= 60 / interval <= 97 else []


def atrial_premature(draw: Draw) -> Composed:
    """P waves of another shape, 20 to 50 % early, single or every second or third; some are blocked."""
    atria, ventricles = draw.ventricles(0.1)
    interval = 60 / draw.between(50, 105)
    pattern = draw.one_of(("single", "single", "single", "bigeminy", "trigeminy"))
    blocked = draw.chance(0.15)
    wave = draw.other_p(atria) if draw.chance(0.8) else None
    coupling = draw.between(0.5, 0.8) * interval
    strip, at, usual, early = blank(), -draw.between(0, interval), [], []
    last, count = 10, 0
    while at < SECONDS + 0.3:
        usual.append(at)
        due = {"bigeminy": last >= 0, "trigeminy": last >= 1, "single": last >= 2 and draw.chance(0.25)}[pattern]
        if due:
            early.append(at + coupling * (1 + 0.02 * draw.random.normal()))
            at, last, count = early[-1] + interval * draw.between(1.0, 1.2), 0, count + 1
        else:
            at, last = at + interval * (1 + 0.01 * draw.random.normal()), last + 1
    inside = [one for one in early if 0.3 < one < SECONDS - 0.3]
    if not inside:
        return atrial_premature(draw)
    pr = atria.pr * draw.between(0.85, 1.3)
    conducted = [] if blocked else early
    draw.lay_ventricles(strip, ventricles, sorted([*usual, *conducted]))
    draw.lay_atria(strip, atria, np.array(usual) - atria.pr)
    draw.lay_atria(strip, atria, np.array(early) - pr, gain=draw.between(0.7, 1.2), wave=wave)
    sinus = sinus_beneath(interval, pattern == "single")
    present = ["PAC", "PRC(S)", *sinus, *({"bigeminy": ["BIGU"], "trigeminy": ["TRIGU"]}.get(pattern, []))]
    unknown = [
        *(one for one in SINUS_DECISIONS if one not in sinus),
        "SVARR",
        *(["2AVB", "MOBITZ1", "MOBITZ2", "PAUSE", "BIGU", "TRIGU"] if blocked else []),
    ]
    labels = rhythm_labels(present, [*usual, *conducted], unknown=unknown)
    return finished(draw, "atrial premature complexes", strip, ventricles, labels | ({} if blocked else {"EARLY": 1}))
