"""The benchmark measures what it says, in both forms; no test asserts a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import benchmark
from tests.tiny import write_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def once(work: Callable[[], object], *, repeats: int = 1) -> float:
        work()
        return 0.01

    monkeypatch.setattr(benchmark, "median_seconds", once)
    monkeypatch.setattr(benchmark, "matmul_rate", lambda: 1e10)
    return write_checkpoint(tmp_path / "checkpoint")


def test_json_gives_every_figure_with_its_unit(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--checkpoint", str(checkpoint), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    figures = {figure["name"].strip(): figure for figure in result["figures"]}
    assert result["threads"] >= 1
    assert (figures["one ECG, 20 queries"]["value"], figures["one ECG, 20 queries"]["unit"]) == (10.0, "ms")
    assert figures["batches of 32, 20 queries"]["value"] == 3200.0
    assert figures["matrix multiply, float32"]["value"] == 10.0
    assert all(figure["value"] > 0 for figure in figures.values())


def test_text_is_one_line_per_figure(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--checkpoint", str(checkpoint)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert any("one ECG, 20 queries" in line and line.endswith("reading the file not included") for line in lines)


def test_a_missing_checkpoint_is_one_sentence_and_exit_code_2(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark.main(["--checkpoint", str(checkpoint / "nowhere")]) == 2
    assert "is not a complete checkpoint" in capsys.readouterr().err


def test_the_median_is_of_the_repeats_after_a_first_call() -> None:
    calls: list[int] = []
    seconds = benchmark.median_seconds(lambda: calls.append(1), repeats=5)
    assert len(calls) == 6
    assert 0 <= seconds < 1
