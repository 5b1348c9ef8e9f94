"""SuPreME: ECG encoder, two projection heads, Cardiac Fusion Network (paper Figure 3, equations 1 to 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from suprem.model.config import ModelConfig
from suprem.model.ecg_encoder import EcgEncoder
from suprem.model.fusion import CardiacFusionNetwork, LinearFusion
from suprem.model.hybrid_encoder import HybridEncoder
from suprem.model.resnet import ResNetEncoder

ENCODERS: dict[str, type[EcgEncoder | HybridEncoder | ResNetEncoder]] = {
    "vit": EcgEncoder,
    "hybrid": HybridEncoder,
    "resnet18": ResNetEncoder,
}


class SupremeModel(nn.Module):
    """The trainable network. The text encoder is frozen and outside: its vectors come in as queries."""

    query_mean: Tensor
    query_whitening: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ENCODERS[config.encoder](config)
        hidden, joint = config.hidden_width, config.joint_width
        if config.whiten_queries:
            self.register_buffer("query_mean", torch.zeros(config.text_width))
            self.register_buffer("query_whitening", torch.eye(config.text_width))
        self.project_ecg = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(self.encoder.out_width, hidden), nn.ReLU(), nn.Linear(hidden, joint)
        )
        self.project_query = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(config.text_width, hidden), nn.GELU(), nn.Linear(hidden, joint)
        )
        self.fusion = CardiacFusionNetwork(config) if config.fusion == "cfn" else LinearFusion(config)

    def forward(self, ecg: Tensor, queries: Tensor, *, keep: float = 1.0) -> Tensor:
        """Score ECGs against queries.

        Args:
            ecg: (batch, lead, time), prepared by the checkpoint's `SignalSpec`.
            queries: (query, text width), vectors of the frozen text encoder.
            keep: Share of ECG tokens used; below 1.0 only while training.

        Returns:
            Logits (batch, query).
        """
        memory, visible = self.encode(ecg, keep=keep)
        return self.fusion(memory, self.embed_queries(queries), visible)

    def encode(self, ecg: Tensor, *, keep: float = 1.0) -> tuple[Tensor, Tensor | None]:
        """Return F_ECG (batch, token, joint width) and which tokens hold a signal, bool (batch, token) or None."""
        tokens, visible = self.encoder(ecg, keep=keep)
        return self.project_ecg(tokens), visible

    def embed_queries(self, queries: Tensor) -> Tensor:
        """Return F_Query (query, joint width)."""
        if self.config.whiten_queries:
            width = queries.shape[-1:]
            queries = (F.layer_norm(queries, width) - self.query_mean) @ self.query_whitening
            queries = F.layer_norm(queries, width)
        return self.project_query(queries)

    @torch.no_grad()
    def fit_whitening(self, wordings: Tensor) -> None:
        """Set the whitening of queries from the vectors of all training wordings (wording, text width).

        Eigenvalues are shrunk towards their mean, which keeps directions that the wordings hardly use, and that new
        words may use, from being blown up.
        """
        standard = F.layer_norm(wordings, wordings.shape[-1:])
        mean = standard.mean(dim=0)
        covariance = (standard - mean).T @ (standard - mean) / len(standard)
        values, vectors = torch.linalg.eigh(covariance)
        self.query_mean.copy_(mean)
        self.query_whitening.copy_(vectors / (values.clamp(min=0) + values.mean()).sqrt() @ vectors.T)

    def features(self, ecg: Tensor) -> Tensor:
        """Return pooled features (batch, encoder width) for linear probing and nearest neighbours: the mean of the
        encoder's normalised tokens, before any projection."""
        return self.pooled(*self.encoder(ecg))

    @staticmethod
    def pooled(tokens: Tensor, visible: Tensor | None) -> Tensor:
        """Return the mean (batch, encoder width) of the tokens (batch, token, encoder width) that hold a signal."""
        if visible is None:
            return tokens.mean(dim=1)
        shown = visible.unsqueeze(-1).to(tokens.dtype)
        return (tokens * shown).sum(dim=1) / shown.sum(dim=1)
