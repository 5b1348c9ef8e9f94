"""Occlusion: the change of a score without a lead, a second, or a second of a lead, as a check of attention.

A part is left out by setting it to zero, which to the model means "not recorded" (see `Prepared`); it was trained with
lost leads. Attention tells where the model looked, occlusion what its answer rests on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from suprem.ecg.preprocess import SignalSpec
from suprem.ecg.record import LEADS

SECONDS_PER_CELL = 1.0


@dataclass(frozen=True, eq=False)
class OcclusionMap:
    """How the logit of one query changes when a part of the recording is left out.

    A negative change means that the part speaks for the finding: without it the score is lower.

    Args:
        logit: Of the whole recording.
        cells: Change of the logit without a second of a lead, float32 (12 leads in standard order, second). Rows of
            leads the model does not read are zero.
        leads: Change without a lead, float32 (12,).
        seconds: Change without a second of every lead, float32 (second,).
        read_leads: The leads the model reads.
        start: Where the window begins in the record, in seconds.
    """

    logit: float
    cells: NDArray[np.float32]
    leads: NDArray[np.float32]
    seconds: NDArray[np.float32]
    read_leads: tuple[str, ...]
    start: float

    @property
    def score(self) -> float:
        """Score of the whole recording."""
        return float(expit(self.logit))

    def score_without(self, change: float) -> float:
        """Return the score when the logit changes by that much."""
        return float(expit(self.logit + change))


def occluded_signals(signal: NDArray[np.float32], spec: SignalSpec) -> NDArray[np.float32]:
    """Return copies (copy, lead, time) of a prepared signal (lead, time): itself, without each second of each lead,
    lead by lead, without each lead, without each second."""
    leads, seconds = len(spec.leads), _seconds(spec)
    copies = np.repeat(signal[None], 1 + leads * seconds + leads + seconds, axis=0)
    stretches = [slice(round(s * spec.fs), round((s + SECONDS_PER_CELL) * spec.fs)) for s in range(seconds)]
    masked = iter(copies[1:])
    for lead in range(leads):
        for stretch in stretches:
            next(masked)[lead, stretch] = 0.0
    for lead in range(leads):
        next(masked)[lead] = 0.0
    for stretch in stretches:
        next(masked)[:, stretch] = 0.0
    return copies


def occlusion_map(logits: NDArray[np.float32], spec: SignalSpec, *, start: float) -> OcclusionMap:
    """Arrange the logits (copy,) of one query for the copies of `occluded_signals`."""
    leads, seconds = len(spec.leads), _seconds(spec)
    change = logits[1:] - logits[0]
    by_cell, by_lead, by_second = np.split(change, [leads * seconds, leads * seconds + leads])
    rows = [LEADS.index(name) for name in spec.leads]
    cells, whole = np.zeros((len(LEADS), seconds), np.float32), np.zeros(len(LEADS), np.float32)
    cells[rows], whole[rows] = by_cell.reshape(leads, seconds), by_lead
    return OcclusionMap(float(logits[0]), cells, whole, by_second.astype(np.float32), spec.leads, start)


def _seconds(spec: SignalSpec) -> int:
    return int(np.ceil(spec.seconds / SECONDS_PER_CELL))
