"""A training term that makes the attention of different queries differ: a map should tell why *this* query scores.

Without it the maps of unrelated queries on one ECG are nearly the same (rank correlation 0.90 in the fifth checkpoint):
they show where the ECG is informative. The term is the mean correlation of the maps, as far as it is positive, over
pairs of queries whose words are unrelated. It is computed on a few recordings and queries of each step only, from what
the step's own forward pass gave to the cross-attention, so that it costs a few per cent.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from suprem.model.attention_maps import AttentionInputs

RECORDS, QUERIES = 8, 16
"""Recordings and queries of a step that are compared."""

RELATED = 0.5
"""Cosine of two query vectors from which the queries may well look at the same place."""

LEAST = 1e-6


def attention_likeness(inputs: Sequence[AttentionInputs], vectors: Tensor) -> Tensor:
    """Return how alike the attention maps of unrelated queries are, from 0 to 1; gradients flow into the attention.

    Maps are compared by the correlation of their logarithms, which like ranks (what `check_attention` measures) heeds
    all of a map and not its peaks alone.

    Args:
        inputs: What each decoder layer's cross-attention was given, from `watch_attention`.
        vectors: (query, text width), the words of the queries. Which of them are compared is drawn with torch's global
            generator.
    """
    chosen = torch.randperm(len(vectors))[:QUERIES].to(vectors.device)
    words = F.normalize(vectors[chosen].float(), dim=-1)
    unrelated = torch.triu(words @ words.T < RELATED, diagonal=1)
    if not inputs or not unrelated.any():
        return vectors.new_zeros(())
    maps, shown = _maps(inputs, chosen)
    logarithms = (maps + LEAST).log() * shown
    count = shown.sum(dim=-1, keepdim=True).clamp(min=1)
    centred = (logarithms - logarithms.sum(dim=-1, keepdim=True) / count) * shown
    unit = centred / centred.norm(dim=-1, keepdim=True).clamp(min=LEAST)
    alike = unit @ unit.transpose(1, 2)  # (record, query, query)
    return F.relu(alike[:, unrelated]).mean()


def _maps(inputs: Sequence[AttentionInputs], chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return maps (record, query, token), mean over layers and heads, and which tokens hold a signal (record, 1,
    token)."""
    maps = []
    for asked in inputs:
        visible = None if asked.visible is None else asked.visible[:RECORDS]
        memory = asked.memory[:RECORDS]
        weights = asked.attention.weights(asked.queries[:RECORDS, chosen], memory, visible)
        maps.append(weights.float().mean(dim=1))
    shown = torch.ones(memory.shape[:2], device=memory.device) if visible is None else visible.float()
    return torch.stack(maps).mean(dim=0), shown.unsqueeze(1)
