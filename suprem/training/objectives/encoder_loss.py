"""What the objectives that learn an encoder from recordings alone share: the encoder, heads, and averaged twins."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn

from suprem.errors import ConfigError
from suprem.model.config import ModelConfig
from suprem.model.ecg_encoder import EcgEncoder
from suprem.model.supreme import ENCODERS, SupremeModel
from suprem.training.config import SelfSupervisedConfig
from suprem.training.views import view


class EncoderLoss(nn.Module):
    """An ECG encoder with an objective. Called with signals, it returns the loss of a batch.

    Args:
        network: Sizes of the encoder; what stands there of fusion and queries does not matter.
        config: Views, and sizes of what is thrown away afterwards.
    """

    def __init__(self, network: ModelConfig, config: SelfSupervisedConfig) -> None:
        super().__init__()
        self.network, self.config = network, config
        self.encoder = ENCODERS[network.encoder](network)
        self.width = self.encoder.out_width

    @abstractmethod
    def forward(self, signals: Tensor, patients: Tensor, *, keep: float = 1.0) -> Tensor:
        """Return the loss.

        Args:
            signals: (batch, lead, time).
            patients: (batch,), a whole number for each patient.
            keep: Share of the ECG tokens that are used, where the objective can do without the others.
        """

    def after_step(self, done: float) -> None:
        """Do what follows a step; `done` is the share of the run that is over."""

    def views(self, signals: Tensor) -> tuple[Tensor, Tensor]:
        """Return two views of the same signals."""
        return view(signals, self.config.views), view(signals, self.config.views)

    def features(self, signals: Tensor, keep: float = 1.0) -> Tensor:
        """Return the pooled features (batch, width), which probes read."""
        return SupremeModel.pooled(*self.encoder(signals, keep=keep))

    def over_time(self, signals: Tensor) -> Tensor:
        """Return features (batch, moment, width): the mean over leads of the tokens that hold a signal."""
        tokens, visible = self.encoder(signals)
        if self.network.encoder == "resnet18":
            return tokens
        by_lead = tokens.unflatten(1, (self.network.leads, -1))  # (batch, lead, patch, width)
        if visible is None:
            return by_lead.mean(dim=1)
        shown = visible.unflatten(1, (self.network.leads, -1)).unsqueeze(-1).to(tokens.dtype)
        return (by_lead * shown).sum(dim=1) / shown.sum(dim=1).clamp(min=1)

    def projector(self, layers: int = 2, *, out: int | None = None, last_norm: bool = False) -> nn.Sequential:
        """Return a head from features to vectors that are compared."""
        hidden, width = [self.config.hidden_width] * (layers - 1), out or self.config.out_width
        return head([self.width, *hidden, width], last_norm=last_norm)

    def token_encoder(self, objective: str) -> EcgEncoder:
        """Return the encoder of an objective that hides tokens before the transformer sees them.

        Raises:
            ConfigError: The encoder has no such tokens.
        """
        if not isinstance(self.encoder, EcgEncoder):
            raise ConfigError(
                f"{objective} hides tokens before the transformer, which the encoder {self.network.encoder} does not "
                'have; set model.encoder="vit".'
            )
        return self.encoder


def head(widths: Sequence[int], *, last_norm: bool = False) -> nn.Sequential:
    """Return linear layers with batch normalisation and ReLU between them, and after the last, where it is asked for,
    a normalisation without weights."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.BatchNorm1d(narrow), nn.ReLU()]
    layers = layers[:-2]
    return nn.Sequential(*layers, *([nn.BatchNorm1d(widths[-1], affine=False)] if last_norm else []))


def twin_of(*modules: nn.Module) -> nn.Sequential:
    """Return copies of modules in a row that no gradient moves."""
    twin = deepcopy(nn.Sequential(*modules))
    return twin.requires_grad_(False)


@torch.no_grad()
def follow(twin: nn.Module, modules: Sequence[nn.Module], momentum: float) -> None:
    """Move the weights of a twin towards those it follows: `momentum` of each stays."""
    live = [weight for module in modules for weight in module.parameters()]
    for kept, weight in zip(twin.parameters(), live, strict=True):
        kept.lerp_(weight, 1 - momentum)


def rising(momentum: float, done: float) -> float:
    """Return a momentum that rises along a cosine to 1 at the end of a run."""
    return 1 - (1 - momentum) * (1 + math.cos(math.pi * done)) / 2
