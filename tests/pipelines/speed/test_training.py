"""The products that a step is compared with are those that torch counts the operations of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from pipelines.speed.training import TEXT_WIDTH, make_learner, noise, products_of, training_figures
from suprem.configfile import load_config
from suprem.ecg.preprocess import SPECS
from suprem.resources import CONFIGS
from suprem.training.config import PretrainConfig


@pytest.mark.parametrize("name", ["compact", "paper"])
def test_the_products_of_a_step_are_the_operations_that_torch_counts(name: str) -> None:
    config = load_config(PretrainConfig, CONFIGS / f"{name}.toml")
    model = replace(config.model, text_width=TEXT_WIDTH, depth=1, fusion_layers=1)
    learner, loss = make_learner(model, replace(config.training, batch=2), fused=True)
    signals = torch.randn(2, len(SPECS[name].leads), SPECS[name].samples)
    labels = torch.zeros(2, 71)

    def step() -> None:
        with sdpa_kernel(SDPBackend.MATH):  # torch does not count the one kernel that does attention on a CPU
            learner.descend(lambda: loss([(signals, labels, 1.0)]), rate=1e-4)

    with FlopCounterMode(display=False) as counter:
        step()
    counted = sum(2 * b * m * k * n * times for (b, m, k, n), times in products_of(step).items())
    assert counted == pytest.approx(counter.get_total_flops(), rel=0.001)


def test_noise_is_stored_and_read_like_ecgs(tmp_path: Path) -> None:
    data = noise(tmp_path / "store", SPECS["compact"], records=3)
    signals, labels = data.batch(np.array([2, 0]))
    assert signals.shape == (2, 8, 1000)
    assert labels.shape == (2, 71)
    assert 0.1 < float(signals.std()) < 0.15


def test_attention_on_a_cpu_is_two_products_there_and_five_back() -> None:
    query = torch.randn(2, 3, 10, 8, requires_grad=True)
    key = torch.randn(2, 3, 40, 8, requires_grad=True)

    def attend() -> None:
        torch.nn.functional.scaled_dot_product_attention(query, key, key).sum().backward()

    products = products_of(attend)
    assert products == {(6, 10, 8, 40): 3, (6, 10, 40, 8): 2, (6, 40, 10, 8): 2}


@pytest.mark.slow
def test_both_recipes_are_timed_on_one_network() -> None:
    figures = {figure.name: figure for figure in training_figures({"compact": 2}, repeats=1)}
    assert figures["compact:   fast over paper"].wanted == ">= 3"
    assert all(figure.value > 0 for figure in figures.values())
