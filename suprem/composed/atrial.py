"""Rhythms of the atria: tachycardias, flutter, fibrillation and premature beats, with the labels that follow.

Ranges are those of the 2019 ESC guideline on supraventricular tachycardia and Surawicz and Knilans, Chou's
Electrocardiography in Clinical Practice (6th edition), except where another source is named.
"""

from __future__ import annotations

import numpy as np

from suprem.composed.atrial_waves import fibrillation_waves, flutter_waves
from suprem.composed.rhythms import SINUS_DECISIONS, conduction_time, finished, long_pr, sinus_beneath, with_pr
from suprem.composed.strip import SECONDS, Draw, blank
from suprem.composed.truth import Composed, rhythm_labels


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
    """F waves of 150 to 345 per minute in shapes of `flutter_waves`, conducted 2:1 to 8:1, or beside an escape rhythm.

    Mostly above 230, but drugs, scars and large atria slow the circuit (Bun et al. 2015). Two in five are conducted
    with varying block and look irregular.
    """
    _, ventricles = draw.ventricles(0.25)
    slow = draw.chance(0.1)
    usual = draw.between(230, 345) if draw.chance(0.8) else draw.between(200, 240)
    frequency = (draw.between(150, 200) if slow else usual) / 60
    strip = flutter_waves(draw, frequency)
    ratio = draw.one_of((2, 2, 3, 0) if slow else (2, 2, 2, 3, 4, 4, 4, 6, 8, 0, 0, 0, 0, 0, 0))
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


def atrial_premature(draw: Draw) -> Composed:
    """P waves of another shape, 20 to 50 % early, single or every second or third; some are blocked."""
    atria, ventricles = draw.ventricles(0.2)
    interval = 60 / draw.between(50, 125)
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
    usual_pr = conduction_time(draw, atria, interval)
    pr = usual_pr * draw.between(0.85, 1.3)
    conducted = [] if blocked else early
    draw.lay_ventricles(strip, ventricles, sorted([*usual, *conducted]))
    draw.lay_atria(strip, atria, np.array(usual) - usual_pr)
    draw.lay_atria(strip, atria, np.array(early) - pr, gain=draw.between(0.7, 1.2), wave=wave)
    sinus = sinus_beneath(interval, pattern == "single")
    present = [
        "PAC",
        "PRC(S)",
        *sinus,
        *long_pr(usual_pr),
        *({"bigeminy": ["BIGU"], "trigeminy": ["TRIGU"]}.get(pattern, [])),
    ]
    unknown = [
        *(one for one in SINUS_DECISIONS if one not in sinus),
        "SVARR",
        *(["2AVB", "MOBITZ1", "MOBITZ2", "PAUSE", "BIGU", "TRIGU"] if blocked else []),
    ]
    labels = with_pr(rhythm_labels(present, [*usual, *conducted], unknown=unknown), usual_pr)
    return finished(draw, "atrial premature complexes", strip, ventricles, labels | ({} if blocked else {"EARLY": 1}))
