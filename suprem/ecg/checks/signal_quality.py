"""Graded quality, 0 to 1, of each lead and of the recording: what people who judge ECGs by eye would say of it.

Three things a reader sees decide: whether the heartbeats of a lead look like each other, how far its baseline drifts,
and for how long it shows nothing. They are put together by a logistic function fitted on the first half of the
PhysioNet/CinC Challenge 2011, 499 recordings that several annotators called acceptable or not; how well it does there,
cross-validated, is in docs/log and by `python -m pipelines.check_quality`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WARN_QUALITY, BLOCK_QUALITY = 0.73, 0.38
"""Below these a recording is warned of and blocked: 7 % and 2 % of the recordings called acceptable are."""

_UNLIKE, _DRIFT, _SILENT, _AT_BEST = 4.47, 1.13, 2.82, -3.57
"""Weights of: one minus the likeness of the beats, log10 of the drift in mV, share of silent seconds; and the rest."""

_LEAST_DRIFT = 0.1
_SILENT_MILLIVOLTS = 0.04
_BEFORE, _AFTER = 0.15, 0.35
"""Seconds of a beat around its QRS complex."""

_MIN_BEATS = 3


@dataclass(frozen=True)
class SignalQuality:
    """How good a recording is as a signal.

    Args:
        value: 0 (useless) to 1 (clean), for the recording: 1 minus the chance that people call it unacceptable.
        leads: The same for each lead that is there.
        decided_by: What speaks most against it, in words, with the lead.
        lead: The lead that decided.
    """

    value: float
    leads: Mapping[str, float]
    decided_by: str
    lead: str


def grade(
    signal: NDArray[np.float32],
    baseline: NDArray[np.float32],
    leads: tuple[str, ...],
    fs: float,
    beats: NDArray[np.intp],
    dead: tuple[str, ...] = (),
) -> SignalQuality:
    """Return the quality of a recording.

    Args:
        signal: Array (lead, time) in millivolts without NaN, of leads that carry a signal.
        baseline: What of it varies slower than about 0.5 Hz.
        leads: Name of each row.
        fs: Sampling rate in Hz.
        beats: Sample of each QRS complex.
        dead: Leads of the recording that hold one value throughout.
    """
    likeness = _likeness(signal - baseline, fs, beats)
    drift = np.ptp(baseline, axis=1)
    whole = signal.shape[1] // round(fs) * round(fs)
    spans = np.ptp(signal[:, :whole].reshape(len(signal), -1, round(fs)), axis=2)
    silent = (spans < _SILENT_MILLIVOLTS).mean(axis=1)
    names = (*leads, *dead)
    likeness, drift, silent = (
        np.concatenate([values, np.full(len(dead), nothing)])
        for values, nothing in ((likeness, 0.0), (drift, 0.0), (silent, 1.0))
    )
    by_lead = _quality(likeness, drift, silent)
    second = np.sort(silent)[-2] if len(names) > 1 else silent[0]  # one lead may be lost, annotators say
    value = float(_quality(likeness.min(), drift.max(), second))
    parts = {
        "heartbeats that are not like each other": (_UNLIKE * (1 - likeness.min()), int(likeness.argmin())),
        f"a baseline that drifts by {drift.max():.1f} mV": (
            _DRIFT * (np.log10(drift.max() + _LEAST_DRIFT) - np.log10(_LEAST_DRIFT)), int(drift.argmax()),
        ),
        "no signal for part of the time": (_SILENT * second, int(silent.argmax())),
    }  # fmt: skip
    reason = max(parts, key=lambda name: parts[name][0])
    lead = names[parts[reason][1]]
    return SignalQuality(value, dict(zip(names, by_lead.tolist(), strict=True)), f"{reason} (lead {lead})", lead)


def _quality(
    likeness: NDArray[np.float64], drift: NDArray[np.float64], silent: NDArray[np.float64]
) -> NDArray[np.float64]:
    against = _AT_BEST + _UNLIKE * (1 - likeness) + _DRIFT * np.log10(drift + _LEAST_DRIFT) + _SILENT * silent
    return np.asarray(1.0 / (1.0 + np.exp(against)))


def _likeness(steady: NDArray[np.float32], fs: float, beats: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return for each lead the mean correlation of its beats with its median beat, 0 of too few beats."""
    before, after = round(_BEFORE * fs), round(_AFTER * fs)
    whole = beats[(beats >= before) & (beats < steady.shape[1] - after)]
    if len(whole) < _MIN_BEATS:
        return np.zeros(len(steady))
    cut = np.stack([steady[:, at - before : at + after] for at in whole]).astype(np.float64)  # (beat, lead, time)
    cut -= cut.mean(axis=2, keepdims=True)
    typical = np.median(cut, axis=0)
    typical -= typical.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(cut).sum(axis=2)) * np.sqrt(np.square(typical).sum(axis=1))
    noise_floor = 1e-3 * np.sqrt(before + after)  # a microvolt of rest is no beat
    return np.asarray(((cut * typical).sum(axis=2) / (size + noise_floor)).mean(axis=0))
