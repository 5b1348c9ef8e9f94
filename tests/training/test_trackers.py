"""Metrics arrive where researchers look for them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from suprem.errors import ConfigError
from suprem.training.runlog import RunLog
from suprem.training.trackers import MlflowTracker, TensorBoardTracker


def scalars(folder: Path, tag: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(tag)]


def test_tensorboard_shows_each_step_of_a_resumed_run_once(tmp_path: Path) -> None:
    log = RunLog.start(tmp_path, config_toml="", environment={}).tracked_by(TensorBoardTracker(tmp_path))
    for step in (10, 20, 30):
        log.metric(step=step, epoch=0, split="train", loss=1.0 / step)
    log.keep_until(20)
    log.metric(step=30, epoch=0, split="train", loss=0.5)
    log.metric(step=30, epoch=0, split="validation", macro_auroc=0.75)
    log.close()
    assert scalars(tmp_path, "train/loss") == [(10, pytest.approx(0.1)), (20, pytest.approx(0.05)), (30, 0.5)]
    assert scalars(tmp_path, "validation/macro_auroc") == [(30, 0.75)]


def test_mlflow_receives_parameters_and_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, Any]] = []

    def record(name: str) -> Any:
        return lambda *args, **options: calls.append((name, (*args, *options.values())))

    names = ("set_tracking_uri", "set_experiment", "start_run", "log_params", "log_metrics", "end_run")
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(**{name: record(name) for name in names}))  # type: ignore[arg-type]
    tracker = MlflowTracker("http://localhost:1", name="run-1", parameters={"epochs": 3})
    tracker.log("validation", 7, {"macro_auroc": 0.75})
    tracker.close()
    assert [name for name, _ in calls] == list(names)
    assert ("log_params", ({"epochs": 3},)) in calls
    assert ("log_metrics", ({"validation/macro_auroc": 0.75}, 7)) in calls


def test_a_missing_mlflow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigError, match="pip install mlflow-skinny"):
        MlflowTracker("http://localhost:1", name="run-1", parameters={})
