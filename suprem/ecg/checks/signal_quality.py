"""Graded quality, 0 to 1, of each lead and of the recording: what people who judge ECGs by eye would say of it.

What a reader sees decides: whether the heartbeats of each lead look like each other, how noisy the leads are, how far a
baseline drifts, and whether and for how long a lead shows nothing. It is put together by a logistic function fitted on
the first half of the PhysioNet/CinC Challenge 2011, 499 recordings that several annotators called acceptable or not;
how well it does there, cross-validated too, is in docs/log and by `suprem check-quality`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

WARN_QUALITY, BLOCK_QUALITY = 0.67, 0.385
"""Below these a recording is warned of and blocked: 6 % and 2 % of the recordings called acceptable are."""

_WORST_UNLIKE, _UNLIKE, _NOISE, _DRIFT, _SILENT, _DEAD, _AT_CLEAN = 1.32, 5.02, 5.61, 1.82, 3.08, 5.93, -7.79
"""Weights of: one minus the likeness of the beats, in the worst lead and on average; the noise, on average, and the
worst drift, in powers of ten above the least; share of silent seconds; whether a lead is dead; and of none of these."""

_NO_HEART, _HEART, _FEW, _NOISY = 0.3, 0.6, 3, 0.03
"""Where others show a heart, leads that are noisy (mV) with beats less like each other than this show none; so many of
them weigh as much as a dead lead. Without the noise the beats may differ because the heart's do."""

_ONE_LOST = 0.5
"""At best of a recording with a lead that shows no heart."""

_LEAST_DRIFT, _LEAST_NOISE = 0.1, 0.01
_NOISE_SECONDS, _NOISE_WINDOW = 0.025, 0.1
"""What varies faster than about 30 Hz is noise: less a mean over so long, root mean square in windows of so long, of
which the median is taken so that QRS complexes do not count."""
_SILENT_MILLIVOLTS = 0.04
_BEFORE, _AFTER = 0.15, 0.35
"""Seconds of a beat around its QRS complex."""

_MIN_BEATS = 3
_FEW_BEATS = 2
"""Of a lead of which only a part was recorded."""


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
    missing: NDArray[np.bool_] | None = None,
) -> SignalQuality:
    """Return the quality of a recording.

    Args:
        signal: Array (lead, time) in millivolts without NaN, of leads that carry a signal.
        baseline: What of it varies slower than about 0.5 Hz.
        leads: Name of each row.
        fs: Sampling rate in Hz.
        beats: Sample of each QRS complex.
        dead: Leads of the recording that hold one value throughout.
        missing: Samples (lead, time) that were not recorded and are bridged in `signal`; they are not judged.
    """
    if missing is not None and not missing.any():
        missing = None
    likeness = _likeness(signal - baseline, fs, beats, missing)
    drift = np.ptp(baseline, axis=1) if missing is None else _span(baseline, ~missing)
    noise = noise_level(signal, fs, missing)
    whole = signal.shape[1] // round(fs) * round(fs)
    spans = np.ptp(signal[:, :whole].reshape(len(signal), -1, round(fs)), axis=2)
    silent = (spans < _SILENT_MILLIVOLTS).mean(axis=1)
    if missing is not None:
        there = ~missing[:, :whole].reshape(len(signal), -1, round(fs)).any(axis=2)
        silent = ((spans < _SILENT_MILLIVOLTS) & there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    parts = {
        "heartbeats that are not like each other": (1 - likeness) * (_WORST_UNLIKE + _UNLIKE),
        f"noise of up to {noise.max():.2f} mV": _NOISE * _decades(noise, _LEAST_NOISE),
        f"a baseline that drifts by {drift.max():.1f} mV": _DRIFT * _decades(drift, _LEAST_DRIFT),
        "no signal for part of the time": _SILENT * silent,
    }
    by_lead = dict(zip(leads, _quality(_AT_CLEAN + sum(parts.values(), np.zeros(len(leads)))).tolist(), strict=True))
    heartless = (likeness < _NO_HEART) & (noise > _NOISY) & (likeness.max() > _HEART)
    lost = bool(dead) or heartless.sum() >= _FEW
    second = np.sort(np.concatenate([silent, np.ones(len(dead))]))[-2:][0]  # one lead may be silent, annotators say
    unlike, noisy, drifting, _ = parts.values()
    against = (
        (_WORST_UNLIKE * unlike.max() + _UNLIKE * unlike.mean()) / (_WORST_UNLIKE + _UNLIKE),
        noisy.mean(),
        drifting.max(),
        _SILENT * second,
        _DEAD * lost,
    )
    value = float(_quality(np.asarray(_AT_CLEAN + sum(against))))
    if lost or heartless.any():
        value = min(value, _ONE_LOST)
        reason, lead = "a lead that shows no heartbeat", dead[0] if dead else leads[int((heartless * noise).argmax())]
    else:
        reason = list(parts)[int(np.argmax(against[: len(parts)]))]
        lead = leads[int(parts[reason].argmax())]
    return SignalQuality(value, by_lead | dict.fromkeys(dead, 0.0), f"{reason} (lead {lead})", lead)


def noise_level(
    signal: NDArray[np.float32], fs: float, missing: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return how many millivolts (root mean square) of each lead (lead, time) vary faster than about 30 Hz, where it is
    not `missing` (lead, time)."""
    fast = signal - uniform_filter1d(signal, max(3, round(_NOISE_SECONDS * fs)), axis=-1)
    width = round(_NOISE_WINDOW * fs)
    whole = fast.shape[1] // width * width
    power = np.square(fast[:, :whole]).reshape(len(fast), -1, width).mean(axis=-1)
    if missing is None:
        return np.sqrt(np.median(power, axis=1)).astype(np.float64)
    there = np.asarray(~missing[:, :whole].reshape(len(fast), -1, width).any(axis=-1))
    level = [float(np.median(row[known])) if known.any() else 0.0 for row, known in zip(power, there, strict=True)]
    return np.sqrt(np.array(level, np.float64))


def _decades(millivolts: NDArray[np.floating], least: float) -> NDArray[np.float64]:
    """Return how many times ten more than the least that is seen a quantity is."""
    return np.log10(np.asarray(millivolts, np.float64) + least) - np.log10(least)


def _quality(against: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(against)))


def _span(rows: NDArray[np.float32], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the difference of the highest and the lowest value of each row (lead, time) where it is there."""
    high = np.where(there, rows, -np.inf).max(axis=1)
    low = np.where(there, rows, np.inf).min(axis=1)
    return np.asarray(np.where(there.any(axis=1), high - low, 0.0), np.float64)


def _likeness(
    steady: NDArray[np.float32], fs: float, beats: NDArray[np.intp], missing: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    """Return for each lead the mean correlation of its beats with its median beat, 0 of too few beats.

    Of a lead recorded in part those beats count that it holds; one that holds a single beat is as the others are.
    """
    if missing is not None and missing.any():
        return _likeness_in_part(steady, fs, beats, missing)
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


def _likeness_in_part(
    steady: NDArray[np.float32], fs: float, beats: NDArray[np.intp], missing: NDArray[np.bool_]
) -> NDArray[np.float64]:
    before, after = round(_BEFORE * fs), round(_AFTER * fs)
    found = np.full(len(steady), np.nan)
    for lead, (row, gone) in enumerate(zip(steady, missing, strict=True)):
        lost = np.concatenate([[0], np.cumsum(gone)])
        here = beats[(beats >= before) & (beats < row.size - after)]
        here = here[lost[here + after] == lost[here - before]]
        if len(here) >= (_FEW_BEATS if gone.any() else _MIN_BEATS):
            found[lead] = _likeness(row[None], fs, np.repeat(here, 2) if len(here) < _MIN_BEATS else here, None)[0]
        elif not gone.any():
            found[lead] = 0.0
    return np.where(np.isnan(found), np.nanmean(found) if np.isfinite(found).any() else 0.0, found)
