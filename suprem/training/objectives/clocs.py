"""CLOCS (Kiyasseh et al. 2021, arXiv 2005.13249), from its description: recordings of one patient belong together."""

from __future__ import annotations

from torch import Tensor

from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import patient_nce
from suprem.training.objectives.encoder_loss import EncoderLoss
from suprem.training.views import halves

TEMPERATURE = 0.1


class Clocs(EncoderLoss):
    """CMSC, contrastive multi-segment coding: the two halves of a recording are its views, nothing is augmented, and
    any two halves of one patient are alike."""

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.project = self.projector()

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch. All tokens are used: half of each view is empty already."""
        first, second = (self.project(self.features(one)) for one in halves(signals))
        return patient_nce(first, second, patients, TEMPERATURE)
