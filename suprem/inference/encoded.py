"""Signals behind the ECG encoder: nearly all of the work of scoring, of which any number of queries can be asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from suprem.ecg.coverage import Coverage


@dataclass(frozen=True, eq=False)
class EncodedSignals:
    """Signals after the ECG encoder.

    Args:
        batches: Tokens (record, token, width), and which of them hold a signal, bool (record, token) or None for all.
        features: What `Predictor.features` gives for the same signals (record, width).
        coverage: How much of its window each record holds; empty where that is not known.
    """

    batches: tuple[tuple[torch.Tensor, torch.Tensor | None], ...]
    features: NDArray[np.float32]
    coverage: tuple[Coverage, ...] = ()
