"""A lighter encoder for small machines: convolutions per lead, then a transformer over the moments of a recording."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from suprem.model.config import STEM_STRIDE, ModelConfig
from suprem.model.ecg_encoder import Block


class HybridEncoder(nn.Module):
    """Reads each lead by itself, lets the leads meet moment by moment, and gives every lead its token back.

    A transformer over lead x patch tokens pays for 8 x 40 tokens in every block. Here the blocks see 40 moments, and a
    token of lead and patch is what the lead shows there plus what all leads together mean at that moment. The Cardiac
    Fusion Network asks the same lead x patch tokens as in the paper. The reason is in docs/decisions/0008.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.out_width = config.width
        channels, step = config.lead_channels, config.patch_samples // STEM_STRIDE
        self.lead_stem = nn.Sequential(
            nn.Conv1d(1, channels, kernel_size=15, stride=STEM_STRIDE, padding=5, bias=False),
            nn.BatchNorm1d(channels),
            nn.GELU(),
        )
        self.meet = nn.Sequential(
            nn.Conv1d(config.leads * channels, config.stem_width, kernel_size=5, padding=2, bias=False),
            nn.BatchNorm1d(config.stem_width),
            nn.GELU(),
            *[ResidualConvolution(config.stem_width) for _ in range(config.stem_blocks)],
        )
        self.to_moment = nn.Conv1d(config.stem_width, config.width, kernel_size=step + 2, stride=step, padding=1)
        self.to_token = nn.Conv1d(channels, config.width, kernel_size=step + 2, stride=step, padding=1)
        self.lead_embedding = nn.Parameter(torch.empty(config.leads, 1, config.width))
        self.position_embedding = nn.Parameter(torch.empty(config.patches, config.width))
        nn.init.trunc_normal_(self.lead_embedding, std=0.02)
        nn.init.trunc_normal_(self.position_embedding, std=0.02)
        ramp = torch.linspace(0.0, config.drop_path, config.depth).tolist()
        self.blocks = nn.ModuleList(Block(config, drop_path=rate) for rate in ramp)
        self.moment_norm = nn.LayerNorm(config.width)
        self.from_moment = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ecg: Tensor, *, keep: float = 1.0) -> tuple[Tensor, Tensor | None]:
        """Encode a signal.

        Args:
            ecg: (batch, lead, time).
            keep: Share of the patches that are read: one stretch of the recording, drawn anew for each batch. 1.0 reads
                all.

        Returns:
            Tokens (batch, token, width), ordered lead by lead, and which of them hold a signal, bool (batch, token), or
            None when all do.
        """
        size = self.config.patch_samples
        patches = max(1, round(keep * self.config.patches))
        first = int(torch.randint(self.config.patches - patches + 1, ())) if keep < 1.0 else 0
        ecg = ecg[..., first * size : (first + patches) * size]
        batch, leads, _ = ecg.shape
        recorded = self._recorded(ecg)  # (batch, lead, patch)

        local = self.lead_stem(ecg.flatten(0, 1).unsqueeze(1))  # (batch * lead, channel, step)
        moments = self.to_moment(self.meet(local.unflatten(0, (batch, leads)).flatten(1, 2))).transpose(1, 2)
        moments = moments + self.position_embedding[first : first + patches]  # (batch, patch, width)
        shown = None if recorded is None else recorded.any(dim=1)
        for block in self.blocks:
            moments = block(moments, shown)
        context = self.from_moment(self.moment_norm(moments)).unsqueeze(1)  # (batch, 1, patch, width)

        tokens = self.to_token(local).transpose(1, 2).unflatten(0, (batch, leads))  # (batch, lead, patch, width)
        tokens = self.norm(tokens + self.lead_embedding + context)
        return tokens.flatten(1, 2), None if recorded is None else recorded.flatten(1)

    def _recorded(self, ecg: Tensor) -> Tensor | None:
        if not self.config.hide_empty_patches:
            return None
        recorded = ecg.unflatten(-1, (-1, self.config.patch_samples)).ne(0).any(-1)
        # An exported network takes one path for all recordings: the mask, which then hides nothing.
        if not torch.compiler.is_exporting() and bool(recorded.all()):
            return None
        # A stretch without any signal must still give finite numbers; such a record is refused before it comes here.
        return recorded | ~recorded.any(dim=(1, 2), keepdim=True)


class ResidualConvolution(nn.Module):
    """A pre-activation residual block of one convolution (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.BatchNorm1d(width), nn.GELU(), nn.Conv1d(width, width, kernel_size=5, padding=2))

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, width, step)."""
        return x + self.branch(x)
