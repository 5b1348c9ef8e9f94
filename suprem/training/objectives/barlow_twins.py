"""Barlow Twins (Zbontar et al. 2021, arXiv 2103.03230): features agree over views and not with each other."""

from __future__ import annotations

from torch import Tensor

from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import barlow_twins
from suprem.training.objectives.encoder_loss import EncoderLoss

OFF_DIAGONAL = 5e-3


class BarlowTwins(EncoderLoss):
    """The cross-correlation of the projections of two views is to be the identity.

    The projection is as wide as the hidden layers; the published one, of 8,192, is wider.
    """

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.project = self.projector(3, out=config.hidden_width)

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch."""
        first, second = (self.project(self.features(one, keep)) for one in self.views(signals))
        return barlow_twins(first, second, OFF_DIAGONAL)
