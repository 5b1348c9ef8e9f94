"""Augmentation disturbs signals as the recipe says and leaves what is empty empty."""

from __future__ import annotations

from dataclasses import replace

import torch

from suprem.training.augmentation import augment
from suprem.training.config import TrainConfig


def test_augmentation_changes_amplitudes_and_leaves_empty_stretches_empty() -> None:
    signals = torch.randn(4, 2, 500).abs() + 1
    signals[0, 1] = 0.0
    signals[1, :, 400:] = 0.0
    config = TrainConfig(gain=0.1, noise=0.01)
    out = augment(signals, config)
    assert torch.equal(out == 0, signals == 0)
    ratio = (out / signals)[2:]
    assert 0.8 < ratio.min() < ratio.max() < 1.2
    assert ratio.mean(-1).std() > 0.005, "each lead has its own gain"
    assert 0 < ratio.std(-1).max() < 0.01, "and a little noise"
    assert torch.equal(augment(signals, replace(config, gain=0.0, noise=0.0)), signals)


def test_a_baseline_is_slow_and_no_higher_than_asked() -> None:
    signals = torch.ones(8, 3, 1000)
    signals[0, 1] = 0.0
    added = augment(signals, TrainConfig(gain=0.0, noise=0.0, baseline_wander=0.2)) - signals
    assert added[0, 1].abs().max() == 0
    assert 0.1 < added.abs().max() <= 0.2
    power = torch.fft.rfft(added - added.mean(-1, keepdim=True)).abs() ** 2
    assert power[..., :8].sum() > 0.97 * power.sum(), "below 0.8 Hz in ten seconds"


def test_some_records_lose_some_leads_whole() -> None:
    signals = torch.ones(400, 8, 50)
    lost = (augment(signals, TrainConfig(gain=0.0, noise=0.0, lead_loss=0.5)) == 0).float().mean(-1)
    assert set(lost.unique().tolist()) == {0.0, 1.0}, "a lead is there or not"
    assert 0.35 < (lost.sum(1) > 0).float().mean() < 0.55
    assert 0.08 < lost.mean() < 0.17
