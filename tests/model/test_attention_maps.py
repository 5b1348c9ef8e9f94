"""Attention weights are taken from outside and leave the model as it was."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
import torch

from suprem.model.attention_maps import record_attention
from suprem.model.supreme import SupremeModel
from tests.tiny import SMALL_MODEL, network

CONFIG = replace(SMALL_MODEL, fusion_layers=2)


def hooks(model: SupremeModel) -> int:
    return sum(len(module._forward_hooks) for module in model.modules())


@torch.no_grad()
def test_weights_sum_to_one_per_query_and_are_zero_on_hidden_patches() -> None:
    model, ecg = network(CONFIG), torch.randn(3, 2, 500)
    ecg[0, 1] = 0.0
    queries = torch.randn(5, 32)
    expected = model(ecg, queries)
    with record_attention(model) as recorded:
        assert torch.equal(model(ecg, queries), expected), "watching changes nothing"
    assert [weights.shape for weights in recorded] == [(3, 2, 5, 40)] * 2
    for weights in recorded:
        assert torch.allclose(weights.sum(-1), torch.ones(3, 2, 5))
        assert (weights[0, ..., 20:] == 0).all()
        assert (weights[1:, ..., 20:] > 0).all()


def test_hooks_are_removed_after_the_block_and_after_an_error() -> None:
    model = SupremeModel(CONFIG)
    with record_attention(model):
        assert hooks(model) == 2
    assert hooks(model) == 0
    with pytest.raises(ZeroDivisionError), record_attention(model):
        raise ZeroDivisionError
    assert hooks(model) == 0


@torch.no_grad()
def test_a_model_without_the_fusion_network_records_nothing() -> None:
    model = SupremeModel(replace(CONFIG, fusion="linear")).eval()
    with record_attention(model) as recorded:
        model(torch.randn(1, 2, 500), torch.randn(5, 32))
    assert recorded == []


def test_what_another_thread_asks_meanwhile_is_not_recorded() -> None:
    model, started, finished = network(CONFIG), Barrier(2), Barrier(2)

    def other() -> None:
        started.wait(10)
        with torch.no_grad():
            model(torch.randn(7, 2, 500), torch.randn(3, 32))
        finished.wait(10)

    thread = Thread(target=other)
    thread.start()
    with torch.no_grad(), record_attention(model) as recorded:
        started.wait(10)
        finished.wait(10)
        model(torch.randn(1, 2, 500), torch.randn(5, 32))
    thread.join()
    assert [weights.shape for weights in recorded] == [(1, 2, 5, 40)] * 2
