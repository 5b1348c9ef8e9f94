"""The benchmark measures what it says, in both forms; no test asserts a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import benchmark
from pipelines.speed import scoring
from pipelines.speed.figure import Figure
from suprem.inference import query_vectors
from tests.fakes import FakeEmbedder
from tests.tiny import write_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def once(work: Callable[[], object], *, repeats: int = 1) -> float:
        work()
        return 0.01

    monkeypatch.setattr(scoring, "median_seconds", once)
    monkeypatch.setattr(scoring, "matmul_rate", lambda: 1e10)
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))
    return write_checkpoint(tmp_path / "checkpoint")


def test_json_gives_every_figure_with_its_unit(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--only", "scoring", "--checkpoint", str(checkpoint), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    figures = {figure["name"].strip(): figure for figure in result["figures"]}
    assert result["threads"] >= 1
    assert (figures["one ECG, 20 queries"]["value"], figures["one ECG, 20 queries"]["unit"]) == (10.0, "ms")
    assert figures["batches of 32, 20 queries"]["value"] == 3200.0
    assert figures["matrix multiply, float32"]["value"] == 10.0
    assert all(figure["value"] > 0 for figure in figures.values())


def test_text_is_one_line_per_figure(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--only", "scoring", "--checkpoint", str(checkpoint)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 19
    assert any("one ECG, 20 queries" in line and line.endswith("reading the file not included") for line in lines)


def test_a_missing_checkpoint_is_one_sentence_and_exit_code_2(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark.main(["--only", "scoring", "--checkpoint", str(checkpoint / "nowhere")]) == 2
    assert "is not a complete checkpoint" in capsys.readouterr().err


def test_all_groups_but_the_browser_are_measured_and_page_adds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(group: str) -> Callable[[benchmark.Options], list[Figure]]:
        return lambda options: [Figure(group, options.records, "s", wanted="< 3")]

    monkeypatch.setattr(benchmark, "GROUPS", {group: measure(group) for group in benchmark.GROUPS})
    assert benchmark.main(["--records", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    measured = ["scoring", "reading", "mapping", "training", "storage", "evaluation", "rerun"]
    assert [line.split()[0] for line in lines] == measured
    assert lines[0].split() == ["scoring", "7", "s", "wanted", "<", "3"]
    assert benchmark.main(["--page"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("browser")
