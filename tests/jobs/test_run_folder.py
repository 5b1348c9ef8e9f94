"""What a page reads of a run while another process writes it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suprem.jobs.run_folder import CurveAxis, Metrics, Run, differences, list_runs, smoothed


def line(step: int, loss: float) -> str:
    return json.dumps({"split": "train", "step": step, "loss": loss}) + "\n"


def test_only_new_whole_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = Metrics(path)
    assert metrics.refresh().rows["train"] == [], "a run that has not begun has no metrics"
    path.write_text(line(1, 0.5) + line(2, 0.4)[:9])
    assert metrics.refresh().curve("train", "loss") == ([1], [0.5])
    path.write_text(line(1, 0.5) + line(2, 0.4))
    assert metrics.refresh().curve("train", "loss") == ([1, 2], [0.5, 0.4])
    assert metrics.refresh().curve("train", "loss") == ([1, 2], [0.5, 0.4])


def test_a_run_that_was_resumed_and_has_overtaken_itself_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1, 0.5) + line(2, 0.4) + line(3, 0.3))
    metrics = Metrics(path).refresh()
    path.write_text(line(1, 0.5) + line(2, 0.25) + line(3, 0.2) + line(4, 0.125) + line(5, 0.1))
    assert metrics.refresh().curve("train", "loss") == ([1, 2, 3, 4, 5], [0.5, 0.25, 0.2, 0.125, 0.1])
    path.write_text("")
    assert metrics.refresh().rows["train"] == []


def test_sessions_that_read_at_once_read_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = Metrics(path)
    steps = 500
    with ThreadPoolExecutor(4) as pool, path.open("a") as file:
        for step in range(steps):
            file.write(line(step, 0.5))
            file.flush()
            pool.submit(metrics.refresh)
    assert [row["step"] for row in metrics.refresh().rows["train"]] == list(range(steps))


def test_runs_that_name_a_setting_as_before_do_not_differ_by_the_name() -> None:
    before = Run(Path("before"), {"training.keep_tokens": 0.3, "training.epochs": 2}, {}, finished=True)
    now = Run(Path("now"), {"training.token_keep_rate": 0.3, "training.epochs": 3}, {}, finished=True)
    former = {"training.keep_tokens": "training.token_keep_rate"}
    assert differences([before, now], former) == {"training.epochs": [2, 3]}


def test_a_smoothed_curve_begins_where_it_was_measured_and_follows_it() -> None:
    assert smoothed([4.0, 4.0, 4.0], 0.9) == pytest.approx([4.0, 4.0, 4.0])
    assert smoothed([1.0, 2.0, 3.0], 0.0) == [1.0, 2.0, 3.0]
    later = smoothed([1.0] * 5 + [2.0] * 50, 0.9)
    assert 1.0 < later[6] < later[20] < later[-1] < 2.0


def test_a_curve_lies_over_steps_epochs_or_hours(tmp_path: Path) -> None:
    rows = [
        {"split": "train", "step": 5, "loss": 0.5, "t": 1000.0},
        {"split": "train", "step": 10, "loss": 0.4, "t": 2800.0},
        {"split": "validation", "step": 10, "epoch": 0, "macro_auroc": 0.8, "t": 2800.0},
        {"split": "train", "step": 15, "loss": 0.3, "t": 4600.0},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    metrics = Metrics(tmp_path / "metrics.jsonl").refresh()
    assert metrics.curve("train", "loss") == ([5, 10, 15], [0.5, 0.4, 0.3])
    assert metrics.curve("train", "loss", CurveAxis.EPOCH)[0] == pytest.approx([0.5, 1.0, 1.5])
    assert metrics.curve("train", "loss", CurveAxis.HOURS)[0] == pytest.approx([0.0, 0.5, 1.0])
    assert metrics.curve("validation", "macro_auroc", CurveAxis.EPOCH) == ([1.0], [0.8])


def test_runs_of_one_moment_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "environment.json").write_text("{}")
        (tmp_path / name / "config.toml").write_text("")
        os.utime(tmp_path / name / "config.toml", ns=(0, 10**18 + (name == "c")))
    assert [run.name for run in list_runs(tmp_path)] == ["c", "a", "b"]
