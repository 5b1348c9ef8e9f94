"""A run folder belongs to one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suprem.errors import TrainingError
from suprem.training.runlog import RunLog


def start(folder: Path) -> RunLog:
    return RunLog.start(folder, config_toml="epochs = 3\n", environment={"commit": "abc"})


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_what_defines_the_run_is_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    log = start(folder)
    assert (folder / "config.toml").read_text() == "epochs = 3\n"
    assert json.loads((folder / "environment.json").read_text()) == {"commit": "abc"}
    log.metric(step=1, loss=0.5)
    log.metric(step=2, loss=0.25)
    assert [(line["step"], line["loss"]) for line in lines(folder)] == [(1, 0.5), (2, 0.25)]
    assert all(line["t"] > 1.6e9 for line in lines(folder))
    assert not (folder / "manifest.json").exists()
    log.finish({"outcome": "done"})
    assert json.loads((folder / "manifest.json").read_text()) == {"outcome": "done"}


def test_a_folder_with_metrics_of_another_run_is_refused(tmp_path: Path) -> None:
    start(tmp_path).metric(step=1)
    with pytest.raises(TrainingError, match=r"holds another run.+--resume"):
        start(tmp_path)


def test_a_folder_with_a_state_to_resume_from_is_refused(tmp_path: Path) -> None:
    start(tmp_path)
    (tmp_path / "last").mkdir()
    with pytest.raises(TrainingError, match="holds another run"):
        start(tmp_path)


def test_a_run_that_failed_before_its_first_step_may_start_again(tmp_path: Path) -> None:
    start(tmp_path)
    start(tmp_path)


def test_metrics_after_the_resumed_step_are_dropped(tmp_path: Path) -> None:
    log = start(tmp_path)
    log.keep_until(5)  # nothing there yet
    for step in (1, 2, 3):
        log.metric(step=step)
    log.keep_until(2)
    assert [line["step"] for line in lines(tmp_path)] == [1, 2]
