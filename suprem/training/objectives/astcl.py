"""ASTCL, adversarial spatio-temporal contrastive learning (Wang et al., IEEE TNNLS 2023).

No code of its authors is known: this follows the description alone, in three parts. Views are disturbed in space
(leads) or in time, any two views of one patient are alike, and an adversary that tells from the features how a view was
disturbed takes from them what comes of the disturbance.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import patient_nce
from suprem.training.objectives.encoder_loss import EncoderLoss, head
from suprem.training.views import add_noise, mask_leads, time_out

TEMPERATURE = 0.1
LEADS_MASKED = 0.3
ADVERSARY = 0.1


class Astcl(EncoderLoss):
    """Patient-level contrast of a view disturbed in space and one disturbed in time, with an adversary."""

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.project = self.projector()
        self.adversary: nn.Module = head([self.width, max(2, self.width // 2), 2])

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch."""
        views = self.config.views
        in_space = self.features(mask_leads(signals, LEADS_MASKED), keep)
        in_time = self.features(add_noise(time_out(signals, *views.time_out), views.noise), keep)
        alike = patient_nce(self.project(in_space), self.project(in_time), patients, TEMPERATURE)
        kinds = torch.arange(2, device=signals.device).repeat_interleave(len(signals))
        told = self.adversary(_Reversed.apply(torch.cat([in_space, in_time])))  # type: ignore[no-untyped-call]
        return alike + ADVERSARY * F.cross_entropy(told, kinds)


class _Reversed(torch.autograd.Function):
    """Passes values on and turns gradients round (Ganin et al. 2016, arXiv 1505.07818): what follows learns, and what
    comes before unlearns the same."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        return values.view_as(values)

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return -gradient
