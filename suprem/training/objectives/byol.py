"""BYOL (Grill et al. 2020, arXiv 2006.07733): one view predicts what an averaged twin makes of the other."""

from __future__ import annotations

import torch
from torch import Tensor

from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import negative_cosine
from suprem.training.objectives.encoder_loss import EncoderLoss, follow, head, rising, twin_of

MOMENTUM = 0.996


class Byol(EncoderLoss):
    """Negative cosine between a prediction and the twin's projection, both ways."""

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.project = self.projector()
        self.predict = head([config.out_width, config.hidden_width, config.out_width])
        self.twin = twin_of(self.encoder, self.project)

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch."""
        views = self.views(signals)
        first, second = (self.predict(self.project(self.features(one, keep))) for one in views)
        with torch.no_grad():
            encoder, project = self.twin
            wanted_second, wanted_first = (project(SupremeModel.pooled(*encoder(one, keep=keep))) for one in views)
        return (negative_cosine(first, wanted_first) + negative_cosine(second, wanted_second)) / 2

    def after_step(self, done: float) -> None:
        """Let the twin follow, ever more slowly."""
        follow(self.twin, (self.encoder, self.project), rising(MOMENTUM, done))
