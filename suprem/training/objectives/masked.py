"""Objectives that hide part of a recording and fill it in: ST-MEM and CRT. They need a ViT, whose tokens can be hidden.

ST-MEM (Na et al. 2024, arXiv 2402.09450): three quarters of each lead's patches are hidden, and a decoder that sees one
lead at a time tells them. CRT (Zhang et al. 2023, arXiv 2205.09928): a recording in time together with magnitude and
phase of its spectrum; patches of all three are dropped, ever more of them, and all are told.
Both are written from their descriptions.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from suprem.errors import ConfigError
from suprem.model.config import ModelConfig
from suprem.training.config import SelfSupervisedConfig
from suprem.training.objectives.encoder_loss import EncoderLoss

MASKED = 0.75
HEADS = 4
FLAT = 1e-6
"""A patch of less variance has no shape to be told."""

FIRST_DROPPED, LAST_DROPPED = 0.3, 0.8
APART = 1e-4


class Decoder(nn.Module):
    """Tells patches from the tokens that were seen: those at other places are one learned token with its position.

    Args:
        wide: Width of the tokens that come in.
        narrow: Width of its blocks, a multiple of `HEADS`.
        depth: Blocks.
        places: Tokens of a complete sequence.
        samples: Samples of a patch.
    """

    positions: Tensor

    def __init__(self, wide: int, narrow: int, depth: int, places: int, samples: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(wide, narrow)
        self.hidden = nn.Parameter(torch.zeros(1, 1, narrow))
        nn.init.trunc_normal_(self.hidden, std=0.02)
        self.register_buffer("positions", sin_cos(places, narrow), persistent=False)
        layer = nn.TransformerEncoderLayer(
            narrow, HEADS, 4 * narrow, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.tell = nn.Sequential(nn.LayerNorm(narrow), nn.Linear(narrow, samples))

    def forward(self, tokens: Tensor, kept: Tensor) -> Tensor:
        """Return patches (batch, place, sample) from tokens (batch, kept, width) and their places (batch, kept)."""
        narrow = self.narrow(tokens)
        whole = self.hidden.to(narrow.dtype).expand(len(tokens), len(self.positions), -1)
        whole = whole.scatter(1, kept.unsqueeze(-1).expand_as(narrow), narrow)
        told: Tensor = self.tell(self.blocks(whole + self.positions))
        return told


class StMem(EncoderLoss):
    """Spatio-temporal masked auto-encoder. The separators between leads that the published encoder reads are left out:
    lead embeddings tell the leads apart, and probes read an encoder without separators."""

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.token_encoder("ST-MEM")
        narrow = HEADS * math.ceil(self.width / HEADS)
        self.decoder = Decoder(self.width, narrow, config.decoder_depth, network.patches, network.patch_samples)

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the mean squared error of the hidden patches, each normalised by itself."""
        encoder = self.token_encoder("ST-MEM")
        tokens, visible = encoder.embed(signals), encoder.visible(signals)
        batch, leads, patches, width = tokens.shape
        stay = max(1, round((1 - MASKED) * patches))
        kept = torch.rand(batch, leads, patches).argsort(dim=-1)[..., :stay].to(signals.device)  # (batch, lead, kept)
        seen = tokens.gather(2, kept.unsqueeze(-1).expand(-1, -1, -1, width)).flatten(1, 2)
        shown = None if visible is None else visible.unflatten(1, (leads, patches)).gather(2, kept).flatten(1)
        seen = encoder.transform(seen, shown).unflatten(1, (leads, stay)).flatten(0, 1)  # (batch * lead, kept, width)
        told = self.decoder(seen, kept.flatten(0, 1)).unflatten(0, (batch, leads))  # (batch, lead, patch, sample)
        truth = signals.unflatten(-1, (patches, -1))
        variance, mean = torch.var_mean(truth, dim=-1, keepdim=True)
        errors = (told - (truth - mean) / (variance + FLAT).sqrt()).square().mean(dim=-1)
        counted = (variance.squeeze(-1) > FLAT).to(errors.dtype).scatter(2, kept, 0.0)
        return (errors * counted).sum() / counted.sum().clamp(min=1)


class Crt(EncoderLoss):
    """Cross-domain dropping and reconstruction. The encoder's own tokens stand for time; those of the spectrum are made
    beside it for the training alone, so probes read time alone, where the published encoder reads all three.

    Raises:
        ConfigError: The spectrum cannot be cut into patches.
    """

    dropped: Tensor

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__(network, config)
        self.token_encoder("CRT")
        if network.samples // 2 % network.patch_samples:
            raise ConfigError(
                f"CRT cuts the {network.samples // 2} frequencies of a lead into patches of {network.patch_samples}; "
                "choose patches that divide half of the recording."
            )
        size = network.patch_samples
        bins = network.samples // 2 // size  # patches of one domain of the spectrum
        self.magnitude, self.phase = nn.Linear(size, self.width), nn.Linear(size, self.width)
        self.frequency = nn.Parameter(torch.empty(2, bins, self.width))
        nn.init.trunc_normal_(self.frequency, std=0.02)
        narrow = HEADS * math.ceil(self.width / HEADS)
        places = network.leads * (network.patches + 2 * bins)
        self.decoder = Decoder(self.width, narrow, config.decoder_depth, places, size)
        self.register_buffer("dropped", torch.tensor(FIRST_DROPPED))

    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the mean squared error over all patches, with a small term that keeps recordings apart."""
        encoder, size = self.token_encoder("CRT"), self.network.patch_samples
        spectrum = torch.fft.rfft(signals.float())[..., 1 : 1 + signals.shape[-1] // 2]
        magnitude, phase = spectrum.abs().log1p(), torch.atan2(spectrum.imag, spectrum.real) / math.pi
        parts = [domain.unflatten(-1, (-1, size)) for domain in (signals, magnitude, phase)]  # (batch, lead, patch, n)
        tokens = [
            encoder.embed(signals),
            self.magnitude(parts[1]) + encoder.lead_embedding + self.frequency[0],
            self.phase(parts[2]) + encoder.lead_embedding + self.frequency[1],
        ]
        everything = torch.cat(tokens, dim=2).flatten(1, 2)
        truth = torch.cat(parts, dim=2).flatten(1, 2)  # (batch, token, sample)
        stay = max(1, round((1 - float(self.dropped)) * everything.shape[1]))
        kept = torch.rand(everything.shape[:2]).argsort(dim=1)[:, :stay].to(signals.device)
        seen = encoder.transform(everything.gather(1, kept.unsqueeze(-1).expand(-1, -1, self.width)), None)
        told = self.decoder(seen, kept)
        return F.mse_loss(told, truth) + APART * _likeness(seen.mean(dim=1))

    def after_step(self, done: float) -> None:
        """Drop more and more."""
        self.dropped.fill_(FIRST_DROPPED + (LAST_DROPPED - FIRST_DROPPED) * done)


def _likeness(features: Tensor) -> Tensor:
    """Return the mean cosine of different recordings (batch, width); 0 of a single one."""
    unit = F.normalize(features.float(), dim=-1)
    others = ~torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    return (unit @ unit.T)[others].mean() if len(unit) > 1 else unit.new_zeros(())


def sin_cos(places: int, width: int) -> Tensor:
    """Return fixed positions (place, width), sines beside cosines (Vaswani et al. 2017)."""
    rate = 10_000 ** (-torch.arange(0, width, 2) / width)
    angle = torch.arange(places)[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)[:, :width]
