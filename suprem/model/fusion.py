"""The Cardiac Fusion Network: cardiac queries ask the ECG tokens, one logit per query (paper section 3.2, A.4.4)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from suprem.model.attention import Attention
from suprem.model.config import ModelConfig


class DecoderLayer(nn.Module):
    """Pre-norm decoder layer: optional self-attention of the queries, cross-attention to the ECG, feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, heads, dropout = config.joint_width, config.fusion_heads, config.dropout
        self.self_attention: Attention | None = None
        if config.query_self_attention == "full":
            self.self_norm = nn.LayerNorm(width)
            self.self_attention = Attention(width=width, heads=heads, dropout=dropout)
        self.cross_norm = nn.LayerNorm(width)
        self.cross_attention = Attention(width=width, heads=heads, dropout=dropout)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, config.fusion_mlp_width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(config.fusion_mlp_width, width),
            nn.Dropout(dropout),
        )

    def forward(self, queries: Tensor, memory: Tensor, visible: Tensor | None) -> Tensor:
        """Return (batch, query, width); memory is (batch, token, width), visible bool (batch, token) or None."""
        if self.self_attention is not None:
            queries = queries + self.self_attention(self.self_norm(queries))
        queries = queries + self.cross_attention(self.cross_norm(queries), memory, visible)
        return queries + self.mlp(self.mlp_norm(queries))


class CardiacFusionNetwork(nn.Module):
    """Decoder over cardiac queries with one shared head. No pooling: every token of the ECG can be asked."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.joint_width
        self.memory_norm = nn.LayerNorm(width)
        self.query_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.fusion_layers))
        self.out_norm = nn.LayerNorm(width)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
        # With the head alone, ECG and query can only be compared inside its two layers, which is slow to learn.
        self.match = nn.Linear(width, width) if config.match_queries else None
        _init_normal(self, config.fusion_init_std)

    def forward(self, memory: Tensor, queries: Tensor, visible: Tensor | None) -> Tensor:
        """Return logits (batch, query) for ECG tokens (batch, token, width) and queries (query, width)."""
        memory = self.memory_norm(memory)
        queries = self.query_norm(queries)
        x = queries.expand(memory.shape[0], -1, -1)  # (batch, query, width)
        for layer in self.layers:
            x = layer(x, memory, visible)
        x = self.out_norm(x)
        logits = self.head(x).squeeze(-1)
        if self.match is not None:
            logits = logits + torch.einsum("bqw,qw->bq", self.match(x), queries) / queries.shape[-1] ** 0.5
        return logits

    def init_prior(self, prior: float) -> None:
        """Start the head at the mean frequency of a label, so that training does not begin by unlearning 0.5."""
        nn.init.constant_(self.head[-1].get_parameter("bias"), math.log(prior / (1.0 - prior)))


class LinearFusion(nn.Module):
    """The ablation without the Cardiac Fusion Network (Table 9): mean of the ECG tokens, projected, times the query.

    No bias is shared by all queries, so a logit starts near zero and not at the mean frequency of a label.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.joint_width)
        self.head = nn.Linear(config.joint_width, config.joint_width)
        _init_normal(self, config.fusion_init_std)

    def forward(self, memory: Tensor, queries: Tensor, visible: Tensor | None) -> Tensor:
        """Return logits (batch, query) for ECG tokens (batch, token, width) and queries (query, width)."""
        if visible is None:
            pooled = memory.mean(dim=1)
        else:
            shown = visible.unsqueeze(-1).to(memory.dtype)
            pooled = (memory * shown).sum(dim=1) / shown.sum(dim=1)
        return self.head(self.norm(pooled)) @ queries.transpose(0, 1)

    def init_prior(self, prior: float) -> None:
        """A dot product has no bias that all queries share; nothing to set."""


def _init_normal(network: nn.Module, std: float) -> None:
    """N(0, std) on linear and attention weights, zero biases (A.4.4); 0 leaves torch's default."""
    if std == 0:
        return
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=std)
            nn.init.zeros_(module.bias)
