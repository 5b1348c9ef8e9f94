"""Where the model looked: attention of a query over leads and time, in the blocks the model really has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.preprocess import SignalSpec
from suprem.ecg.record import LEADS


@dataclass(frozen=True, eq=False)
class LeadTimeMap:
    """Attention of one query over one ECG.

    Args:
        weights: Float32 (12 leads in standard order, patch); sums to 1. Rows of leads the model does not read are zero.
        read_leads: The leads the model reads; the others carry the same information in derived form.
        seconds_per_patch: Width of a block, 0.25 s. Attention cannot locate anything finer.
        start: Where the window begins in the record, in seconds.
    """

    weights: NDArray[np.float32]
    read_leads: tuple[str, ...]
    seconds_per_patch: float
    start: float

    @property
    def per_lead(self) -> NDArray[np.float32]:
        """Share of attention on each of the twelve leads (lead,)."""
        return self.weights.sum(axis=1)

    @property
    def per_patch(self) -> NDArray[np.float32]:
        """Share of attention at each moment (patch,)."""
        return self.weights.sum(axis=0)

    @property
    def per_second(self) -> NDArray[np.float32]:
        """Share of attention in each second (second,)."""
        return self.per_patch.reshape(-1, round(1 / self.seconds_per_patch)).sum(axis=1)


def lead_time_map(tokens: NDArray[np.float32], spec: SignalSpec, *, start: float) -> LeadTimeMap:
    """Arrange the attention over tokens (token,), ordered lead by lead, on the twelve leads."""
    by_lead = tokens.reshape(len(spec.leads), -1)  # (lead, patch)
    weights = np.zeros((len(LEADS), by_lead.shape[1]), np.float32)
    for name, row in zip(spec.leads, by_lead, strict=True):
        weights[LEADS.index(name)] = row
    return LeadTimeMap(
        weights=weights / max(float(weights.sum()), 1e-12),
        read_leads=spec.leads,
        seconds_per_patch=spec.seconds / by_lead.shape[1],
        start=start,
    )
