"""Attention weights taken from outside by hooks; the modules carry no flags for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn

from suprem.model.attention import Attention
from suprem.model.fusion import DecoderLayer
from suprem.model.supreme import SupremeModel


@dataclass(frozen=True, eq=False)
class AttentionInputs:
    """Inputs of one cross-attention: queries (batch, query, width), memory (batch, token, width), and which tokens
    hold a signal, bool (batch, token) or None for all."""

    attention: Attention
    queries: Tensor
    memory: Tensor
    visible: Tensor | None


@contextmanager
def watch_attention(model: SupremeModel) -> Iterator[list[AttentionInputs]]:
    """Keep what the cross-attention of the queries is given while the block runs, with its gradients.

    Yields:
        A list that receives one entry per decoder layer and forward pass.
    """
    seen: list[AttentionInputs] = []

    def hook(module: nn.Module, args: tuple[Any, ...], _output: Tensor) -> None:
        if isinstance(module, Attention):
            seen.append(AttentionInputs(module, *args))

    handles = [layer.cross_attention.register_forward_hook(hook) for layer in _layers(model)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def record_attention(model: SupremeModel) -> Iterator[list[Tensor]]:
    """Record the cross-attention of the queries while the block runs, in this thread.

    Yields:
        A list that receives one tensor (batch, head, query, token) per decoder layer and forward pass; empty for a
        model without a Cardiac Fusion Network.
    """
    recorded: list[Tensor] = []
    owner = get_ident()  # a shared model may be scoring in another thread meanwhile

    def hook(module: nn.Module, args: tuple[Any, ...], _output: Tensor) -> None:
        if isinstance(module, Attention) and get_ident() == owner:
            with torch.no_grad():
                recorded.append(module.weights(*args))

    handles = [layer.cross_attention.register_forward_hook(hook) for layer in _layers(model)]
    try:
        yield recorded
    finally:
        for handle in handles:
            handle.remove()


def _layers(model: SupremeModel) -> list[DecoderLayer]:
    return [layer for layer in model.modules() if isinstance(layer, DecoderLayer)]
