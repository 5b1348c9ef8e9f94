"""A supervised network learns the classes of a task by the same loop, and its head is one direction a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from suprem.evaluation.metrics import auroc
from suprem.training.config import TrainConfig
from suprem.training.rows import LabelledRows
from suprem.training.supervised import ENCODERS, SupervisedConfig, supervised_logits, train_supervised
from tests.tiny import SMALL_MODEL, small_store

RECIPE = TrainConfig(epochs=20, batch=4, learning_rate=3e-3, token_keep_rate=1.0, gain=0.0, noise=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_network_learns_the_labels_it_is_given(tmp_path: Path, encoder: str) -> None:
    store = small_store(tmp_path)
    labels = np.array([[row % 2 == 0, row % 2 == 1] for row in range(8)])
    data = LabelledRows(store, np.arange(8), labels.astype(np.float32))
    before = torch.random.get_rng_state()
    network = train_supervised(data, encoder, SupervisedConfig(SMALL_MODEL, RECIPE), lambda _fraction, _message: None)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (network.config.fusion, network.config.text_width, network.training) == ("linear", 2, False)
    logits = supervised_logits(network, store, np.arange(8))
    assert auroc(labels, logits).tolist() == [1.0, 1.0]
