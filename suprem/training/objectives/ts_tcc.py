"""TS-TCC (Eldele et al. 2021, arXiv 2106.14112): the past of one view tells the future of the other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from suprem.errors import ConfigError
from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.contrast import nt_xent
from suprem.training.objectives.encoder_loss import EncoderLoss, head
from suprem.training.views import add_noise, permute, scale_leads

AHEAD, SEGMENTS = 8, 8
WEAK_SPREAD = 0.3
CONTEXT_WIDTH, CONTEXT_HEADS, CONTEXT_MLP, CONTEXT_DEPTH = 100, 4, 64, 4
TEMPERATURE = 0.2
CONTEXTUAL = 0.7


class TsTcc(EncoderLoss):
    """Temporal contrasting in both directions (weight 1), and contextual contrasting of the two contexts (weight 0.7).

    The weak view scales each lead, the strong one permutes segments, the same in all leads, and adds noise. The
    published encoder is a convolution that sees a moment's neighbourhood; a transformer sees all of the recording,
    which makes the future easier to tell.

    Raises:
        ConfigError: The recording has too few patches to look ahead.
    """

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.ahead_steps = min(AHEAD, network.patches // 4)
        if self.ahead_steps < 1:
            raise ConfigError(f"TS-TCC needs at least 4 patches in a recording; there are {network.patches}.")
        self.narrow = nn.Linear(self.width, CONTEXT_WIDTH)
        self.summary = nn.Parameter(torch.zeros(1, 1, CONTEXT_WIDTH))
        layer = nn.TransformerEncoderLayer(
            CONTEXT_WIDTH, CONTEXT_HEADS, CONTEXT_MLP, dropout=0.1, batch_first=True, norm_first=True
        )
        self.context = nn.TransformerEncoder(layer, CONTEXT_DEPTH, enable_nested_tensor=False)
        self.ahead = nn.ModuleList(nn.Linear(CONTEXT_WIDTH, self.width) for _ in range(self.ahead_steps))
        self.project = head([CONTEXT_WIDTH, CONTEXT_WIDTH // 2, CONTEXT_WIDTH // 4])

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss of a batch. All tokens are used: their order in time is what is learned."""
        noise = self.config.views.noise
        weak = self.over_time(scale_leads(signals, WEAK_SPREAD))
        strong = self.over_time(add_noise(permute(signals, SEGMENTS), noise))  # (batch, moment, width)
        now = int(torch.randint(1, weak.shape[1] - self.ahead_steps + 1, ()))
        contexts = [self._context(view[:, :now]) for view in (weak, strong)]
        temporal = self._temporal(contexts[0], strong, now) + self._temporal(contexts[1], weak, now)
        return temporal + CONTEXTUAL * nt_xent(self.project(contexts[0]), self.project(contexts[1]), TEMPERATURE)

    def _context(self, past: Tensor) -> Tensor:
        """Return what the past (batch, moment, width) amounts to, (batch, context width)."""
        summary = self.summary.expand(len(past), -1, -1)
        found: Tensor = self.context(torch.cat([summary, self.narrow(past)], dim=1))
        return found[:, 0]

    def _temporal(self, context: Tensor, other: Tensor, now: int) -> Tensor:
        """Return the cross-entropy of finding each recording's own future among those of the batch, mean over steps."""
        own = torch.arange(len(context), device=context.device)
        scale = self.width**-0.5
        losses = [
            F.cross_entropy(scale * predict(context) @ other[:, now + step].T, own)
            for step, predict in enumerate(self.ahead)
        ]
        return torch.stack(losses).mean()
