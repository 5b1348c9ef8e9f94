"""MERL (Liu et al. 2024, arXiv 2403.06659): ECGs and the texts of their reports find each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from suprem.errors import TrainingError
from suprem.model.supreme import SupremeModel
from suprem.training.augmentation import augment
from suprem.training.contrast import found_among, info_nce
from suprem.training.query_objective import QueryObjective

DROPOUT = 0.1
TEMPERATURE = 0.07


@dataclass(frozen=True, eq=False)
class ReportVectors:
    """The texts of records' reports as vectors.

    Args:
        of_record: Row of `vectors` of each training record.
        vectors: One for each different text, (text, text width).
    """

    of_record: NDArray[np.intp]
    vectors: Tensor


class MerlNetwork(nn.Module):
    """SuPreME's network in its linear form, with two projections of the ECG that agree in spite of dropout."""

    def __init__(self, model: SupremeModel) -> None:
        super().__init__()
        self.model = model
        wide, out = model.encoder.out_width, model.config.joint_width
        self.first = nn.Sequential(nn.Linear(wide, out), nn.Dropout(DROPOUT))
        self.second = nn.Sequential(nn.Linear(wide, out), nn.Dropout(DROPOUT))

    def forward(self, ecg: Tensor, queries: Tensor, *, keep: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (batch, query) and the two projections (batch, width)."""
        tokens, visible = self.model.encoder(ecg, keep=keep)
        logits = self.model.fusion(self.model.project_ecg(tokens), self.model.embed_queries(queries), visible)
        pooled = SupremeModel.pooled(tokens, visible)
        return logits, self.first(pooled), self.second(pooled)


class MerlObjective(QueryObjective):
    """Cross-modal alignment, in which the reports of a batch are its queries, and uni-modal alignment of two dropouts
    of an ECG's features. Recordings with the same report are each other's.

    The network is the linear ablation, whose logits take the place of cosine and temperature, so that the finished
    checkpoint asks as it learned. The best state is chosen as SuPreME's is, by the validation AUROC of the concepts'
    names, as MERL chooses by validation sets.

    Args:
        model: With `fusion` "linear".
        texts: What the records' reports say.
        options: As `QueryObjective` takes them.
    """

    def __init__(self, model: SupremeModel, *options: Any, texts: ReportVectors, **more: Any) -> None:
        super().__init__(model, *options, **more)
        self.trained = MerlNetwork(model)
        self._texts = texts
        self._network: Callable[..., tuple[Tensor, Tensor, Tensor]] | None = None

    def begin(self, *, anew: bool) -> None:
        """Join the processes."""
        self._network = self._workers.prepare(self.trained)

    def loss(self, positions: NDArray[np.intp], *, keep: float, seed: int) -> Tensor:
        """Return the loss of this process's part of a batch."""
        if self._network is None:
            raise TrainingError("The objective was not begun.")
        device = self._workers.device
        which = torch.from_numpy(self._texts.of_record[positions])
        signals = augment(self._data.batch(positions)[0], self._config).to(device)
        logits, first, second = self._network(signals, self._texts.vectors[which].to(device), keep=keep)
        same = (which[:, None] == which[None, :]).to(logits)
        across = found_among(logits.float(), same) + found_among(logits.float().T, same)
        return across + info_nce(first, second, TEMPERATURE)
