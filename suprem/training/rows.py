"""What a run learns from: rows of a signal store with their labels, and composed ECGs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from suprem.composed.store import ComposedStore
from suprem.datasets.signal_store import SignalStore


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows of a signal store with their labels.

    Args:
        store: Where the signals are.
        rows: (record,) positions in the store.
        labels: Float32 (record, concept): 1 where the concept is present, 0 where it is absent, negative where nobody
            knows; such labels take part in nothing.
    """

    store: SignalStore
    rows: NDArray[np.intp]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids of the records."""
        return tuple(self.store.index.table["record_id"].iloc[self.rows])

    def batch(self, positions: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Return signals (batch, lead, time) and labels (batch, concept) at positions within `rows`."""
        return torch.from_numpy(self.store.read(self.rows[positions])), torch.from_numpy(self.labels[positions])


@dataclass(frozen=True, eq=False)
class ComposedRows:
    """Composed ECGs with their labels for the concepts of a run.

    Args:
        store: Where the signals are.
        labels: Float32 (ecg, concept), as in `LabelledRows`.
    """

    store: ComposedStore
    labels: NDArray[np.float32]

    def draw(self, count: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return signals (batch, lead, time) and labels (batch, concept) of some ECGs, by a seed."""
        rows = np.random.default_rng((seed, 1)).integers(len(self.store), size=count)
        return torch.from_numpy(self.store.read(rows)), torch.from_numpy(self.labels[rows])
