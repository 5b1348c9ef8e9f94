"""MoCo-v3 (Chen, Xie and He 2021, arXiv 2104.02057): each view's query finds the other's key of an averaged twin."""

from __future__ import annotations

import torch
from torch import Tensor

from suprem.model.config import ModelConfig
from suprem.model.ecg_encoder import EcgEncoder
from suprem.model.supreme import SupremeModel
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import info_nce
from suprem.training.objectives.encoder_loss import EncoderLoss, follow, head, rising, twin_of

TEMPERATURE = 0.2
MOMENTUM = 0.99


class MocoV3(EncoderLoss):
    """InfoNCE both ways, without a queue; the projection of patches stays as it began, which steadies a ViT."""

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.project = self.projector(3, last_norm=True)
        self.predict = head([config.out_width, config.hidden_width, config.out_width], last_norm=True)
        if isinstance(self.encoder, EcgEncoder):
            self.encoder.stem.requires_grad_(False)
        self.twin = twin_of(self.encoder, self.project)

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch."""
        views = self.views(signals)
        first, second = (self.predict(self.project(self.features(one, keep))) for one in views)
        with torch.no_grad():
            encoder, project = self.twin
            keys = [project(SupremeModel.pooled(*encoder(one, keep=keep))) for one in views]
        return 2 * TEMPERATURE * (info_nce(first, keys[1], TEMPERATURE) + info_nce(second, keys[0], TEMPERATURE))

    def after_step(self, done: float) -> None:
        """Let the twin follow, ever more slowly."""
        follow(self.twin, (self.encoder, self.project), rising(MOMENTUM, done))
