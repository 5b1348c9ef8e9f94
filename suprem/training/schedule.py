"""The learning rate as a pure function of the step."""

from __future__ import annotations

import math

from suprem.training.config import TrainConfig

FLOOR = 1e-8
"""Lowest rate of the paper's schedule (eta_min)."""


def learning_rate(step: int, total_steps: int, config: TrainConfig) -> float:
    """Return the learning rate of optimiser step `step`, counted from 0."""
    peak = config.learning_rate
    if config.schedule == "cosine_restarts":
        phase = (step % config.restart_steps) / config.restart_steps
        return FLOOR + (peak - FLOOR) * (1 + math.cos(math.pi * phase)) / 2
    warmup_steps = max(1, round(config.warmup * total_steps))
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    phase = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return peak * (1 + math.cos(math.pi * min(1.0, phase))) / 2
