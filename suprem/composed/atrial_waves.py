"""What fluttering and fibrillating atria draw on a strip."""

from __future__ import annotations

import numpy as np

from suprem.composed.strip import LEADS, TIME, Draw, Signal


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
        limb = bump(draw.between(0.05, 0.2)) + draw.one_of((0.0, draw.between(-0.6, 0.8))) * bump(
            draw.between(0.08, 0.2)
        )
    else:
        limb = 0.7 * np.sin(2 * np.pi * phase) + 0.3 * np.sin(4 * np.pi * phase + draw.between(0, 6))
    short = bump(draw.between(0.04, 0.18))
    chest = short + draw.one_of((0.0, draw.between(-0.7, 0.3))) * bump(draw.between(0.1, 0.2))
    inferior = -1.0 if draw.chance(0.8) else 0.8
    ranges = ((-0.2, 0.4), (-0.25, 0.25), (-0.35, 0.15), (-0.35, 0.1), (-0.4, 0.1))
    limbs = np.array([draw.between(-0.35, 0.25), inferior, *(draw.between(*one) for one in ranges), 0.0])
    limbs[7] = limbs[6] * draw.between(0.6, 1.1)
    chests = np.zeros(LEADS)
    chests[2:5] = draw.between(0.4, 1.6) * np.array([1.0, draw.between(0.1, 0.7), draw.between(0.0, 0.4)])
    chests[2:5] *= 1.0 if draw.chance(0.8) else -1.0
    height = draw.between(0.03, 0.25) * (1.0 if kind == "typical" else draw.between(0.5, 1))
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
