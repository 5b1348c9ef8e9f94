"""Augmentation: what training does to signals so that the model does not rest on one device and one patient's skin."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from suprem.training.config import TrainConfig

FILTERED_SECONDS = 10.0
LEAD_LOSS_CHANCE = 0.25
"""Chance of each lead of a record that loses leads."""


def augment(signals: Tensor, config: TrainConfig) -> Tensor:
    """Return training signals (batch, lead, time) as the recipe disturbs them, drawn with torch's global generator.

    Some records pass the filters of another device, amplitudes change a little, noise and baseline wander are added,
    and some records lose leads. What is exactly zero, an empty stretch or a lost lead, stays zero.
    """
    batch, lead, time = signals.shape
    if config.filter_rate:
        signals = torch.where(signals == 0, signals, _filtered(signals, config.filter_rate))
    if config.lead_loss:
        unlucky = torch.rand(batch, 1, 1) < config.lead_loss
        signals = signals.masked_fill(unlucky & (torch.rand(batch, lead, 1) < LEAD_LOSS_CHANCE), 0.0)
    if config.gain == config.noise == config.baseline_wander == 0:
        return signals
    gain = 1 + config.gain * (2 * torch.rand(batch, 1, 1) - 1) + config.gain / 2 * (2 * torch.rand(batch, lead, 1) - 1)
    noise = config.noise * torch.rand(batch, lead, 1) * torch.randn_like(signals)
    wander = _baseline(batch, lead, time, config.baseline_wander)
    return torch.where(signals == 0, signals, signals * gain + noise + wander)


def _filtered(signals: Tensor, rate: float) -> Tensor:
    """Return signals (batch, lead, time) of which a share has passed a high-pass and a low-pass of first order.

    The frequencies are those of devices: 0.05 Hz for diagnosis and 0.67 Hz for monitoring (IEC 60601-2-25, AHA 2007),
    40 Hz and less against muscle.
    """
    batch, _, time = signals.shape
    frequency = torch.fft.rfftfreq(time, d=FILTERED_SECONDS / time)
    low, high = 0.05 + 0.62 * torch.rand(batch, 1, 1), 20 + 25 * torch.rand(batch, 1, 1)
    passed = (1j * frequency / low) / (1 + 1j * frequency / low) / (1 + 1j * frequency / high)
    filtered = torch.fft.irfft(torch.fft.rfft(signals) * passed, n=time)
    return torch.where(torch.rand(batch, 1, 1) < rate, filtered, signals)


def _baseline(batch: int, lead: int, time: int, height: float) -> Tensor:
    """Return one slow wave for each lead (batch, lead, time), of half a turn to five in the record."""
    if height == 0:
        return torch.zeros(())
    turns, phase = 0.5 + 4.5 * torch.rand(batch, lead, 1), torch.rand(batch, lead, 1)
    angle = 2 * math.pi * (turns * torch.linspace(0, 1, time) + phase)
    return height * torch.rand(batch, lead, 1) * torch.sin(angle)
