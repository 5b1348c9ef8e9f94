"""What each moment of each lead adds to an answer, in the blocks of a quarter of a second that attention has.

Integrated gradients (Sundararajan, Taly and Yan, ICML 2017, equation 1) along a path that takes one lead away while the
others stay: the parts of a lead then add up to the change of the logit without it. The usual path, on which all leads
fade together, leads through ECGs that no model was trained on, and agrees far less with occlusion
(docs/log/2026-12.md). Occlusion needs a pass for each block, this needs two passes a lead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.preprocess import SignalSpec
from suprem.ecg.record import LEADS

POINTS = (0.5 - 12**-0.5, 0.5 + 12**-0.5)
"""What is left of a lead where the gradient is taken: the two points of Gauss and Legendre, of equal weight."""


@dataclass(frozen=True, eq=False)
class ContributionMap:
    """How much each block of one ECG adds to the logit of one query.

    A positive value speaks for the finding.

    Args:
        blocks: Float32 (12 leads in standard order, patch), in logits. Rows of leads the model does not read are zero.
        read_leads: The leads the model reads.
        seconds_per_patch: Width of a block, 0.25 s.
        start: Where the window begins in the record, in seconds.
    """

    blocks: NDArray[np.float32]
    read_leads: tuple[str, ...]
    seconds_per_patch: float
    start: float

    @property
    def per_lead(self) -> NDArray[np.float32]:
        """What each of the twelve leads adds (lead,): about the fall of the logit without it."""
        return self.blocks.sum(axis=1)

    @property
    def per_second(self) -> NDArray[np.float32]:
        """What each second adds (second,), every lead by itself."""
        return self.per_second_and_lead.sum(axis=0)

    @property
    def per_second_and_lead(self) -> NDArray[np.float32]:
        """What each second of each lead adds (lead, second)."""
        patches = round(1 / self.seconds_per_patch)
        return self.blocks.reshape(len(LEADS), -1, patches).sum(axis=2)


def faded_signals(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return copies (point x lead, lead, time) of a prepared signal (lead, time), in each of which one lead is faded to
    one of `POINTS`; all leads at the first point come first."""
    leads = len(signal)
    copies = np.repeat(signal[None], len(POINTS) * leads, axis=0)
    for number, point in enumerate(POINTS):
        for lead in range(leads):
            copies[number * leads + lead, lead] *= point
    return copies


def contribution_map(
    gradients: NDArray[np.float32], signal: NDArray[np.float32], spec: SignalSpec, patches: int, *, start: float
) -> ContributionMap:
    """Arrange the gradients of one logit by the copies of `faded_signals` on the twelve leads.

    Args:
        gradients: (point x lead, lead, time).
        signal: As the model reads it (lead, time).
        spec: How it was prepared.
        patches: Blocks of a lead.
        start: Where the window begins in the record, in seconds.
    """
    leads = len(signal)
    own = gradients.reshape(len(POINTS), leads, *signal.shape)[:, range(leads), range(leads)]  # (point, lead, time)
    by_block = (own.mean(axis=0) * signal).reshape(leads, patches, -1).sum(axis=2)
    blocks = np.zeros((len(LEADS), patches), np.float32)
    blocks[[LEADS.index(name) for name in spec.leads]] = by_block
    return ContributionMap(blocks, spec.leads, spec.seconds / patches, start)
