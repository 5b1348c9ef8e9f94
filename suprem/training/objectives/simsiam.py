"""SimSiam (Chen and He 2021, arXiv 2011.10566): one view predicts the other, whose gradient is stopped."""

from __future__ import annotations

from torch import Tensor

from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import negative_cosine
from suprem.training.objectives.encoder_loss import EncoderLoss, head


class SimSiam(EncoderLoss):
    """Negative cosine between prediction and projection, both ways; no negatives and no averaged twin.

    The predictor follows the same rate as all else; the published one keeps its first rate.
    """

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        out = config.out_width
        self.project = self.projector(3, last_norm=True)
        self.predict = head([out, max(1, out // 4), out])

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch."""
        first, second = (self.project(self.features(one, keep)) for one in self.views(signals))
        return (negative_cosine(self.predict(first), second) + negative_cosine(self.predict(second), first)) / 2
