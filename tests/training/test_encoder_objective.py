"""Every objective without labels learns, moves all that it says it trains, and goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from suprem.datasets.signal_store import SignalStore
from suprem.errors import Cancelled, ConfigError
from suprem.training.config import OBJECTIVE_TITLES, WITH_WORDS, ObjectiveName, SelfSupervisedConfig, TrainConfig
from suprem.training.distributed import Workers
from suprem.training.encoder_objective import LOSSES, EncoderObjective, PatientRows, encoder_loss
from suprem.training.loop import RunSummary, train
from suprem.training.objectives.byol import Byol
from suprem.training.objectives.masked import Crt
from suprem.training.objectives.moco_v3 import MocoV3
from suprem.training.runlog import RunLog
from tests.tiny import SMALL_MODEL, small_store

SIZES = SelfSupervisedConfig(hidden_width=16, out_width=8, decoder_depth=1)
RECIPE = TrainConfig(epochs=2, batch=4, learning_rate=3e-3, token_keep_rate=1.0)
NAMES = tuple(LOSSES)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SignalStore:
    """Eight synthetic ECGs of eight patients."""
    return small_store(tmp_path_factory.mktemp("corpus"))


def objective(store: SignalStore, name: ObjectiveName, workers: Workers, seed: int = 0) -> EncoderObjective:
    torch.manual_seed(seed)
    rows = PatientRows(store, np.arange(8))
    loss = encoder_loss(name, replace(SMALL_MODEL, samples=500, patch_samples=25), SIZES)
    return EncoderObjective(loss, RECIPE, data=rows, validation=rows, workers=workers)


def run(folder: Path, store: SignalStore, name: ObjectiveName, **more: Any) -> tuple[EncoderObjective, RunSummary, int]:
    if not more.get("resume"):
        RunLog.start(folder, config_toml="", environment={})
    workers, kept = Workers(), []
    asked = objective(store, name, workers, seed=more.pop("seed", 0))
    summary = train(asked, RECIPE, run=RunLog(folder), workers=workers, save_best=kept.append, **more)
    return asked, summary, len(kept)


def test_every_baseline_of_the_papers_first_table_is_there() -> None:
    assert set(LOSSES) | set(WITH_WORDS) == set(OBJECTIVE_TITLES)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_moves_all_that_is_trained(store: SignalStore, name: ObjectiveName) -> None:
    """Processes that share gradients wait for every weight, so none may be left out."""
    asked = objective(store, name, Workers())
    asked.begin(anew=True)
    torch.manual_seed(1)
    loss = asked.loss(np.arange(8), keep=1.0, seed=1)
    loss.backward()  # type: ignore[no-untyped-call]
    missing = [
        weight for weight, value in asked.trained.named_parameters() if value.requires_grad and value.grad is None
    ]
    assert missing == []
    moved = [value.grad for value in asked.module.encoder.parameters() if value.grad is not None]
    assert any(bool(gradient.abs().sum() > 0) for gradient in moved), "the encoder learns"
    assert torch.isfinite(loss)


@pytest.mark.parametrize("name", ["simclr", "st_mem", "crt", "ts_tcc"])
def test_the_loss_falls_on_what_is_seen_again_and_again(store: SignalStore, name: ObjectiveName) -> None:
    asked = objective(store, name, Workers())
    asked.begin(anew=True)
    optimizer = torch.optim.AdamW(asked.trained.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        torch.manual_seed(3)
        loss = asked.loss(np.arange(8), keep=1.0, seed=3)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def after(steps: int) -> Callable[[], bool]:
    asked = iter([False] * steps)
    return lambda: next(asked, True)


@pytest.mark.parametrize("name", ["byol", "crt"])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path: Path, store: SignalStore, name: ObjectiveName) -> None:
    whole, summary, kept = run(tmp_path / "whole", store, name)
    assert (summary.epochs, summary.best_epoch, summary.best_score, kept) == (2, 1, None, 2), "the last state counts"
    with pytest.raises(Cancelled):
        run(tmp_path / "stopped", store, name, should_stop=after(3))
    resumed, _, _ = run(tmp_path / "stopped", store, name, resume=True, seed=99)
    states = whole.trained.state_dict(), resumed.trained.state_dict()
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items()), "twins and ratios included"
    lines = [json.loads(line) for line in (tmp_path / "stopped" / "metrics.jsonl").read_text().splitlines()]
    judged = [line for line in lines if line["split"] == "validation"]
    assert [line["epoch"] for line in judged] == [0, 1]
    assert all(0 < line["feature_spread"] < 2 for line in judged)


def test_a_twin_follows_and_what_is_dropped_grows(store: SignalStore) -> None:
    byol = objective(store, "byol", Workers()).module
    assert isinstance(byol, Byol)
    with torch.no_grad():
        byol.encoder.get_parameter("lead_embedding").add_(1.0)
    before = byol.twin[0].get_parameter("lead_embedding").clone()
    byol.after_step(0.0)
    moved = byol.twin[0].get_parameter("lead_embedding") - before
    assert torch.allclose(moved, torch.full_like(moved, 0.004), atol=1e-5)
    byol.after_step(1.0)
    assert torch.allclose(byol.twin[0].get_parameter("lead_embedding") - before, moved, atol=1e-6), "still at the end"
    crt = objective(store, "crt", Workers()).module
    assert isinstance(crt, Crt)
    crt.after_step(0.5)
    assert float(crt.dropped) == pytest.approx(0.55)
    moco = objective(store, "moco_v3", Workers()).module
    assert isinstance(moco, MocoV3)
    assert not any(weight.requires_grad for weight in moco.encoder.get_submodule("stem").parameters())


def test_what_hides_tokens_needs_an_encoder_with_tokens_to_hide() -> None:
    network = replace(SMALL_MODEL, encoder="hybrid")
    with pytest.raises(ConfigError, match=r'set model\.encoder="vit"'):
        encoder_loss("st_mem", network, SIZES)
    with pytest.raises(ConfigError, match="does not learn from recordings alone"):
        encoder_loss("queries", network, SIZES)


@pytest.mark.parametrize("encoder", ["hybrid", "resnet18"])
def test_other_encoders_learn_over_time_as_well(store: SignalStore, encoder: Any) -> None:
    network = replace(SMALL_MODEL, encoder=encoder, lead_channels=4, stem_width=8)
    signals = torch.from_numpy(store.read(np.arange(4)))
    loss = encoder_loss("ts_tcc", network, SIZES)
    assert torch.isfinite(loss(signals, torch.arange(4)))
    assert loss.over_time(signals).shape[0] == 4
