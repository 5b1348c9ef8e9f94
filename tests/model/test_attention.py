"""The one copy of attention against two references: naive loops and torch's own module."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from suprem.model.attention import Attention, DropPath

BATCH, ASKING, ASKED, WIDTH, HEADS = 2, 3, 5, 8, 2


@pytest.fixture
def attention() -> Attention:
    return Attention(width=WIDTH, heads=HEADS, dropout=0.0).eval()


@pytest.fixture
def tokens() -> tuple[Tensor, Tensor]:
    return torch.randn(BATCH, ASKING, WIDTH), torch.randn(BATCH, ASKED, WIDTH)


def by_loops(attention: Attention, x: Tensor, context: Tensor, visible: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return output and weights (batch, head, token, context token) of the textbook formula, number by number."""
    query, key, value = attention.to_query(x), *attention.to_key_value(context).chunk(2, dim=-1)
    size = WIDTH // HEADS
    mixed = torch.zeros_like(x)
    weights = torch.zeros(len(x), HEADS, x.shape[1], context.shape[1])
    for batch in range(len(x)):
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            for i in range(x.shape[1]):
                shown = [j for j in range(context.shape[1]) if visible is None or visible[batch, j]]
                exp = {j: math.exp(float(query[batch, i, part] @ key[batch, j, part]) / math.sqrt(size)) for j in shown}
                for j in shown:
                    weights[batch, head, i, j] = exp[j] / sum(exp.values())
                    mixed[batch, i, part] += weights[batch, head, i, j] * value[batch, j, part]
    return attention.to_out(mixed), weights


@pytest.mark.parametrize("hidden", [[], [(0, 1), (0, 4), (1, 0)]])
@torch.no_grad()
def test_attention_equals_naive_loops(
    attention: Attention, tokens: tuple[Tensor, Tensor], hidden: list[tuple[int, int]]
) -> None:
    x, context = tokens
    visible = None
    if hidden:
        visible = torch.ones(BATCH, ASKED, dtype=torch.bool)
        visible[tuple(zip(*hidden, strict=True))] = False
    out, weights = by_loops(attention, x, context, visible)
    assert torch.allclose(attention(x, context, visible), out, atol=1e-6)
    assert torch.allclose(attention.weights(x, context, visible), weights, atol=1e-6)
    assert all(attention.weights(x, context, visible)[batch, :, :, j].eq(0).all() for batch, j in hidden)


@torch.no_grad()
def test_attention_equals_torchs_module_with_the_same_weights(
    attention: Attention, tokens: tuple[Tensor, Tensor]
) -> None:
    reference = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    reference.in_proj_weight.copy_(torch.cat([attention.to_query.weight, attention.to_key_value.weight]))
    reference.in_proj_bias.copy_(torch.cat([attention.to_query.bias, attention.to_key_value.bias]))
    reference.out_proj.load_state_dict(attention.to_out[0].state_dict())
    x, context = tokens
    visible = torch.ones(BATCH, ASKED, dtype=torch.bool)
    visible[0, 2] = False
    expected, weights = reference(x, context, context, key_padding_mask=~visible, average_attn_weights=False)
    assert torch.allclose(attention(x, context, visible), expected, atol=1e-6)
    assert torch.allclose(attention.weights(x, context, visible), weights, atol=1e-6)
    assert torch.allclose(attention(x), reference(x, x, x)[0], atol=1e-6), "self-attention without context"


def test_stochastic_depth_drops_whole_records_while_training_only() -> None:
    drop, x = DropPath(0.5), torch.ones(200, 3, 4)
    assert torch.equal(drop.eval()(x), x)
    out = drop.train()(x)
    assert set(out.unique().tolist()) == {0.0, 2.0}, "what stays is scaled up"
    assert out.flatten(1).std(dim=1).eq(0).all(), "a record is dropped as a whole"
    assert 0.3 < out.mean() / 2 < 0.7
    assert torch.equal(DropPath(0.0).train()(x), x)
