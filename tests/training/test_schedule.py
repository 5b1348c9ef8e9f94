"""The learning rate, step by step."""

from __future__ import annotations

from itertools import pairwise

import pytest

from suprem.errors import ConfigError
from suprem.training.config import TrainConfig
from suprem.training.schedule import learning_rate

ONE_CYCLE = TrainConfig(learning_rate=1.0, warmup=0.1)
RESTARTS = TrainConfig(learning_rate=1.0, schedule="cosine_restarts", restart_steps=100)


@pytest.mark.parametrize(
    ("config", "step", "expected"),
    [
        (ONE_CYCLE, 0, 0.1),
        (ONE_CYCLE, 4, 0.5),
        (ONE_CYCLE, 9, 1.0),
        (ONE_CYCLE, 10, 1.0),
        (ONE_CYCLE, 55, 0.5),
        (ONE_CYCLE, 100, 0.0),
        (ONE_CYCLE, 150, 0.0),
        (RESTARTS, 0, 1.0),
        (RESTARTS, 50, 0.5),
        (RESTARTS, 99, 0.000247),
        (RESTARTS, 100, 1.0),
        (RESTARTS, 250, 0.5),
    ],
)
def test_the_rate_follows_the_table(config: TrainConfig, step: int, expected: float) -> None:
    assert learning_rate(step, 100, config) == pytest.approx(expected, abs=1e-6)


def test_one_cycle_rises_then_falls_and_is_never_zero_within_the_run() -> None:
    rates = [learning_rate(step, 1000, ONE_CYCLE) for step in range(1000)]
    assert all(a < b for a, b in pairwise(rates[:100]))
    assert all(a > b for a, b in pairwise(rates[100:]))
    assert min(rates) > 0


@pytest.mark.parametrize("config", [ONE_CYCLE, RESTARTS])
def test_a_run_of_one_step_has_a_rate(config: TrainConfig) -> None:
    assert learning_rate(0, 1, config) == 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0}, {"batch": 0}, {"learning_rate": 0.0}, {"token_keep_rate": 0.0}, {"token_keep_rate": 1.1},
        {"synonym_rate": 2.0}, {"warmup": 1.0}, {"gain": 1.0}, {"noise": -0.1}, {"restart_steps": 0},
        {"clip_norm": 0.0}, {"seed": -1}, {"weight_decay": -1.0},
    ],
    ids=str,
)  # fmt: skip
def test_an_impossible_recipe_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(change))):
        TrainConfig(**change)  # type: ignore[arg-type]
