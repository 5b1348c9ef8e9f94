"""SimCLR (Chen et al. 2020, arXiv 2002.05709): two views of one recording are each other's nearest."""

from __future__ import annotations

from torch import Tensor

from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import nt_xent
from suprem.training.objectives.encoder_loss import EncoderLoss

TEMPERATURE = 0.5


class SimClr(EncoderLoss):
    """NT-Xent between the projections of two views."""

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.project = self.projector()

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch."""
        first, second = (self.project(self.features(one, keep)) for one in self.views(signals))
        return nt_xent(first, second, TEMPERATURE)
