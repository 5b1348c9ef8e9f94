"""Ventricular rhythms, pacing and pre-excitation, composed with the labels that follow from them.

Ranges are those of the 2017 AHA/ACC/HRS guideline on ventricular arrhythmias, the 2021 ESC guideline on pacing and
Surawicz and Knilans, Chou's Electrocardiography in Clinical Practice (6th edition).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suprem.composed.atrial_waves import fibrillation_waves, flutter_waves
from suprem.composed.rhythms import (
    SINUS_DECISIONS,
    conduction_time,
    finished,
    long_pr,
    sinus_beneath,
    with_pr,
)
from suprem.composed.strip import LEADS, RATE, SECONDS, TIME, Draw, Signal, blank, lay
from suprem.composed.truth import OF_QRS, Composed, rhythm_labels
from suprem.ecg.preprocess import mark_pacing

Times = NDArray[np.float64]
"""Seconds."""

_AROUND = 3  # samples on either side that a spike reaches after resampling


def ventricular_premature(draw: Draw) -> Composed:
    """Ventricular beats of one or two shapes, 25 to 50 % early with a full pause, single or every second or third.

    Beneath them sinus rhythm of 50 to 130 per minute, one in five with a bundle branch block, or now and then
    fibrillating atria.
    """
    atria, ventricles = draw.ventricles(0.2)
    ectopic = [draw.one_of(draw.parts.ectopic) for _ in range(2 if draw.chance(0.2) else 1)]
    interval = 60 / draw.between(50, 130)
    pattern = draw.one_of(("single", "single", "single", "couplet", "bigeminy", "trigeminy"))
    fibrillates = pattern == "single" and draw.chance(0.2)
    variation = 0.16 if fibrillates else 0.01
    coupling = draw.between(0.5, 0.75) * interval
    at, last = -draw.between(0, interval), 10
    usual: list[float] = []
    early: list[float] = []
    while at < SECONDS + 0.3:
        usual.append(at)
        due = {"bigeminy": last >= 0, "trigeminy": last >= 1}.get(pattern, last >= 2 and draw.chance(0.25))
        if due:
            early.append(at + coupling * (1 + 0.02 * draw.random.normal()))
            if pattern == "couplet":
                early.append(early[-1] + draw.between(0.32, 0.5))
            at, last = max(at + 2 * interval, early[-1] + 0.8 * interval), 0
        else:
            at, last = at + interval * max(0.6, 1 + variation * draw.random.normal()), last + 1
    if not [one for one in early if 0.3 < one < SECONDS - 0.3]:
        return ventricular_premature(draw)
    strip = blank()
    draw.lay_ventricles(strip, ventricles, usual, intervals=[interval] * len(usual))
    pr = conduction_time(draw, atria, interval)
    if fibrillates:
        strip += fibrillation_waves(draw)
    else:
        draw.lay_atria(strip, atria, np.array(usual) - pr)
    for onset in early:
        draw.lay_ventricles(strip, draw.one_of(ectopic), [onset], intervals=[0.85 * interval])
    present = ["PVC", "PRC(S)", *({"bigeminy": ["BIGU"], "trigeminy": ["TRIGU"]}.get(pattern, []))]
    if fibrillates:
        labels = rhythm_labels([*present, "AFIB"], [*usual, *early], unknown=["NOP", "SVARR", "SVTAC"])
    else:
        sinus = sinus_beneath(interval, pattern not in ("bigeminy", "trigeminy"))
        unknown = [one for one in SINUS_DECISIONS if one not in sinus]
        labels = with_pr(rhythm_labels([*present, *sinus, *long_pr(pr)], [*usual, *early], unknown=unknown), pr)
    return finished(draw, "ventricular premature complexes", strip, ventricles, labels | {"OTHER-SHAPE": 1})


def ventricular_tachycardia(draw: Draw) -> Composed:
    """Wide beats at 110 to 220 per minute: throughout, with dissociated P waves or none, or as a run of 5 and more."""
    atria = draw.one_of(draw.parts.narrow)
    ventricles = draw.one_of(draw.parts.ectopic if draw.chance(0.65) else draw.parts.wide)
    rate = draw.between(110, 220)
    onsets, strip = draw.train(60 / rate, draw.between(0, 0.01)), blank()
    sinus = draw.train(60 / draw.between(60, 110), 0.02)
    run = draw.chance(0.3)
    others = sinus[:0]
    if run:
        begin = draw.between(0, 5)
        end = begin + draw.between(2.5, 6)
        onsets = onsets[(onsets > begin) & (onsets < end)]
        others = sinus[(sinus < begin - 0.35) | (sinus > end + 0.3)]
        if len(onsets) < 5:
            return ventricular_tachycardia(draw)
        draw.lay_ventricles(strip, atria, others, intervals=[0.8] * len(others))
        draw.lay_atria(strip, atria, others - atria.pr)
    elif draw.chance(0.6):
        draw.lay_atria(strip, atria, sinus)
    width = draw.between(1, 1.3)
    draw.lay_ventricles(strip, ventricles, onsets, intervals=[60 / rate] * len(onsets), qrs_stretch=width)
    if not run and draw.chance(0.2):  # a beat conducted from the atria in between is narrow
        draw.lay_ventricles(strip, atria, [draw.between(1, 9)], intervals=[0.6])
    unknown = ["3AVB", "PVC", "PRC(S)", "NOP", *(SINUS_DECISIONS if run else ())]
    labels = rhythm_labels(["VT"], [*onsets, *others], unknown=unknown)
    return finished(draw, "ventricular tachycardia", strip, ventricles, _without_qrs(labels | {"TACHY": 1}, wide=True))


def idioventricular_rhythm(draw: Draw) -> Composed:
    """Wide beats at 28 to 110 per minute (accelerated above 50), P waves dissociated, retrograde or absent."""
    atria = draw.one_of(draw.parts.narrow)
    ventricles = draw.one_of(draw.parts.ectopic if draw.chance(0.7) else draw.parts.wide)
    rate = draw.between(28, 110)
    onsets, strip = draw.train(60 / rate, draw.between(0, 0.012)), blank()
    draw.lay_ventricles(strip, ventricles, onsets, qrs_stretch=draw.between(1, 1.2))
    atrial = draw.random.random()
    if atrial < 0.3:
        draw.lay_atria(strip, atria, draw.train(60 / max(40, rate * draw.between(0.75, 0.98)), 0.02))
    elif atrial < 0.5:
        draw.lay_atria(strip, atria, onsets + draw.between(0.12, 0.25), wave=draw.retrograde_p(atria))
    unknown = ["3AVB", "ESC", "NOP", "JR", "AJR", *(["VT"] if rate > 95 else [])]
    labels = rhythm_labels(["IVR"], onsets, unknown=unknown)
    return finished(draw, "idioventricular rhythm", strip, ventricles, _without_qrs(labels, wide=True))


def paced_rhythm(draw: Draw) -> Composed:
    """Atrial, ventricular or dual chamber pacing at 50 to 110 per minute, with a spike before each paced chamber.

    A demand pacemaker lets the heart's own beats through and fires in their pauses, and a premature beat holds it back;
    the atria may fibrillate or flutter beneath. Three spikes in four are found at
    the rate of the electrocardiograph and marked, as `preprocess` marks those of a recording.
    """
    atria = draw.one_of(draw.parts.narrow)
    mode = draw.one_of(("atrial", "ventricular", "ventricular", "dual", "dual", "tracking"))
    wide = (*draw.parts.paced, *[one for one in draw.parts.wide if "CLBBB" in one.codes])
    ventricles = atria if mode == "atrial" else draw.one_of(wide or draw.parts.wide)
    interval = 60 / draw.between(50, 110)
    onsets, strip = draw.train(interval, 0.001 if mode != "tracking" else 0.02), blank()
    own = early = onsets[:0]
    if mode == "ventricular" and draw.chance(0.3):
        onsets, own = _on_demand(draw, onsets)
        draw.lay_ventricles(strip, atria, own, intervals=[interval] * len(own))
    elif mode != "atrial" and draw.chance(0.25):
        onsets, early = _held_back(draw, onsets, interval)
        draw.lay_ventricles(strip, draw.one_of(draw.parts.ectopic), early, intervals=[interval] * len(early))
    draw.lay_ventricles(strip, ventricles, onsets, intervals=[interval] * len(onsets))
    fibrillates = mode == "ventricular" and draw.chance(0.5)
    delay = draw.between(0.12, 0.22) if mode != "atrial" else draw.between(0.14, 0.4)
    flutters = fibrillates and draw.chance(0.4)
    if fibrillates:
        strip += flutter_waves(draw, draw.between(200, 340) / 60) if flutters else fibrillation_waves(draw)
    elif mode == "ventricular":
        draw.lay_atria(strip, atria, draw.train(60 / draw.between(55, 95), 0.02))
    else:
        draw.lay_atria(strip, atria, onsets - delay, gain=draw.between(0.5, 1.1))
    spike = draw.one_of((0.0, draw.between(0.02, 0.08), draw.between(0.05, 0.3), draw.between(0.1, 0.6)))
    vector = draw.random.uniform(0.3, 1.0, LEADS) * draw.one_of((-1, 1)) * spike
    at_atria = onsets - delay - 0.03 if mode in ("atrial", "dual") else onsets[:0]
    at_ventricles = onsets - draw.between(0.005, 0.04) if mode != "atrial" else onsets[:0]
    for at in at_atria:
        lay_spike(strip, vector * draw.between(0.3, 1), float(at))
    for at in at_ventricles:
        lay_spike(strip, vector, float(at))
    marked = draw.chance(0.75)
    if marked:
        chambers = [one for one in (at_atria, at_ventricles) if len(one)]
        seen = chambers if len(chambers) == 1 or draw.chance(0.6) else [draw.one_of(chambers)]
        mark_pacing(strip, np.concatenate(seen), RATE)
    code = {"atrial": "APACE", "ventricular": "VPACE", "dual": "DPACE", "tracking": "VPACE"}[mode]
    unknown = [*SINUS_DECISIONS, "AFIB", "3AVB", "1AVB", "IVR", "NOP", "JR", *(["DPACE"] if mode == "tracking" else [])]
    present = ["PACE", code, *(["AFLT"] if flutters else []), *(["PVC", "PRC(S)"] if len(early) else [])]
    labels = rhythm_labels(present, [*onsets, *own, *early], unknown=unknown)
    if spike == 0 and not marked:  # without a spike it is told from a bundle branch block by its shape alone
        labels = {name: label for name, label in labels.items() if name not in ("PACE", code)}
    return finished(draw, "pacing", strip, ventricles, labels if mode == "atrial" else _without_qrs(labels, wide=True))


def _on_demand(draw: Draw, onsets: Times) -> tuple[Times, Times]:
    """Return when a demand pacemaker fires, and when the heart beats by itself, a little before it would have fired."""
    begin, length = int(draw.random.integers(0, len(onsets))), int(draw.random.integers(2, max(3, len(onsets) // 2)))
    paced = (np.arange(len(onsets)) - begin) % len(onsets) < length
    early = draw.random.uniform(0.02, 0.2, len(onsets))
    return onsets[paced], (onsets - early)[~paced]


def _held_back(draw: Draw, onsets: Times, interval: float) -> tuple[Times, Times]:
    """Return when a pacemaker fires that one to three ventricular premature beats hold back, and when those come."""
    within = np.flatnonzero((onsets > 1) & (onsets < SECONDS - 1))
    held = draw.random.choice(within, size=min(len(within), int(draw.random.integers(1, 4))), replace=False)
    return np.delete(onsets, held), np.sort(onsets[held] - interval * draw.between(0.25, 0.45))


def lay_spike(strip: Signal, height: np.ndarray, at: float) -> None:
    """Add a pacing spike to a strip as resampling to 100 Hz leaves it: a band-limited pulse (lead,) in mV."""
    first = int(at * RATE)
    for sample in range(max(first - _AROUND, 0), min(first + _AROUND + 1, len(TIME))):
        away = sample - at * RATE
        strip[:, sample] += height * np.sinc(0.9 * away) * (0.5 + 0.5 * np.cos(np.pi * away / (_AROUND + 1)))


def preexcitation(draw: Draw) -> Composed:
    """A delta wave of 35 to 70 ms that begins 80 to 125 ms after P and runs into QRS, T turned against it by part."""
    atria = draw.one_of(draw.parts.narrow)
    onsets, strip = draw.train(60 / draw.between(55, 110), draw.between(0, 0.03)), blank()
    length, pr = draw.between(0.035, 0.07), draw.between(0.08, 0.125)
    net = atria.qrst[:, atria.onset : atria.offset].sum(axis=1)
    direction = np.sign(net) * draw.random.uniform(0.4, 1.0, LEADS)
    if draw.chance(0.5):
        direction[2:4] = draw.one_of((-1.0, 1.0)) * np.abs(direction[2:4])
    if draw.chance(0.4):
        direction[1] = -abs(direction[1])
    height = draw.between(0.25, 0.7) * direction
    wave = delta_wave(length, 0.06)
    draw.lay_ventricles(strip, atria, onsets)
    for at in onsets:
        lay(strip, height[:, None] * wave, anchor=round(length * 500), at=float(at))
    t_turn = -draw.between(0, 0.5) * np.sign(height)[:, None] * draw.between(0.05, 0.3)
    hump = np.exp(-0.5 * ((np.arange(200) - 100) / 35) ** 2)
    for at in onsets:
        lay(strip, t_turn * hump, anchor=100, at=float(at) + 0.27)
    draw.lay_atria(strip, atria, onsets - length - pr)
    labels = rhythm_labels(["WPW"], onsets, unknown=SINUS_DECISIONS)
    return finished(
        draw,
        "pre-excitation",
        strip,
        atria,
        _without_qrs(labels, wide=False) | {"PR>200": 0} | ({"PR<120": 1} if pr < 0.115 else {}),
    )


def delta_wave(rise: float, fall: float) -> Signal:
    """Return a slur (1, time) at 500 Hz that rises over `rise` seconds and falls within `fall` of them."""
    up, down = round(rise * 500), round(fall * 500)
    return np.concatenate([np.linspace(0, 1, up), np.linspace(1, 0, down), np.zeros(4)])[None]


def _without_qrs(labels: dict[str, int], *, wide: bool) -> dict[str, int]:
    """Leave unknown what the ventricular complexes would say of conduction, voltage and axis in a usual rhythm."""
    return dict.fromkeys(OF_QRS, -1) | labels | ({"QRS>120": 1, "QRS<100": 0} if wide else {"QRS<100": 0})
