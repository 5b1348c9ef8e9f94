"""Multi-head attention, the one copy in the project: self-attention when no context is given, else cross-attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Scaled dot-product attention with several heads.

    Args:
        width: Width of input and output.
        heads: Number of heads; divides the width.
        dropout: Rate on the attention weights and on the output.
    """

    def __init__(self, *, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.to_query = nn.Linear(width, width)
        self.to_key_value = nn.Linear(width, 2 * width)
        self.to_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))

    def forward(self, x: Tensor, context: Tensor | None = None, visible: Tensor | None = None) -> Tensor:
        """Return (batch, token, width).

        Args:
            x: (batch, token, width), asks.
            context: (batch, context token, width), answers; `x` itself when None.
            visible: Bool (batch, context token); False hides a context token. None shows all.
        """
        query, key, value = self._split(x, x if context is None else context)
        mask = None if visible is None else visible[:, None, None, :]
        out = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0
        )  # (batch, head, token, head width)
        return self.to_out(out.transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, context: Tensor | None = None, visible: Tensor | None = None) -> Tensor:
        """Return the weights (batch, head, token, context token) that `forward` applies in evaluation mode."""
        query, key, _ = self._split(x, x if context is None else context)
        scores = query @ key.transpose(-2, -1) / key.shape[-1] ** 0.5  # (batch, head, token, context token)
        if visible is not None:
            scores = scores.masked_fill(~visible[:, None, None, :], float("-inf"))
        return scores.softmax(dim=-1)

    def _split(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        def by_head(t: Tensor) -> Tensor:
            return t.unflatten(-1, (self.heads, -1)).transpose(
                1, 2
            )  # (batch, token, width) -> (batch, head, token, head width)

        key, value = self.to_key_value(context).chunk(2, dim=-1)
        return by_head(self.to_query(x)), by_head(key), by_head(value)


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016): drop a residual branch for whole records while training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with the branch of randomly chosen records set to zero and the others scaled up."""
        if not self.training or self.rate == 0.0:
            return x
        keep = torch.rand(x.shape[0], *[1] * (x.ndim - 1), device=x.device) >= self.rate
        return x * keep / (1.0 - self.rate)
