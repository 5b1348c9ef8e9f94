"""From a server to a file of queries, and the three ways of asking of the paper's Table 10 in one command."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipelines import write_queries, zero_shot
from suprem.datasets.catalog import load_task
from suprem.inference import predictor
from tests.pipelines.test_zero_shot import FakePredictor, command, corpus
from tests.reports.fake_server import Reply, fake_server

__all__ = ["corpus"]  # a fixture


def reply(request: dict[str, Any]) -> Reply:
    name = request["messages"][1]["content"].removeprefix("Finding: ")
    return 200, json.dumps({"query": f"{name}: as seen in lead II."})


def test_a_file_of_queries_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_server(reply) as server:
        options = ["--task", "ptbxl_superclass", "--llm-model", "org/Tiny-1B"]
        assert write_queries.main([*options, "--llm-url", server.url]) == 0
        path = Path(capsys.readouterr().out.strip())
        asked = len(server.requests)
    task = load_task("ptbxl_superclass")
    assert path.parent == Path(os.environ["SUPREM_HOME"]).absolute() / "queries" / "ptbxl_superclass"
    assert path.name.startswith("written-org-Tiny-1B-")
    written = json.loads(path.read_text())
    assert list(written) == list(task.codes)
    assert written["MI"] == "myocardial infarction: as seen in lead II."
    assert asked == len(task.classes)
    assert write_queries.main(options) == 0  # without a server
    assert Path(capsys.readouterr().out.strip()) == path


@pytest.mark.slow
def test_three_ways_of_asking_in_one_command(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(predictor, "Predictor", FakePredictor)
    detailed = tmp_path / "detailed.json"
    detailed.write_text(json.dumps({code: f"detailed {code}" for code in load_task("ptbxl_rhythm").codes}))
    with fake_server(reply) as server:
        model = ["--llm-url", server.url, "--llm-model", "tiny"]
        assert zero_shot.main(command(corpus, "--queries", "simplified", str(detailed), "written", *model)) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index("macro AUROC by query set") + 1 :]
    assert [line.split()[0].split("-")[0] for line in table] == ["simplified", "detailed.json", "written"]


def test_without_a_model_it_is_one_sentence_and_exit_code_2(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zero_shot.main(command(corpus, "--queries", "written")) == 2
    assert "name it with --llm-model" in capsys.readouterr().err
    assert write_queries.main(["--task", "csn", "--llm-model", "tiny"]) == 2
    assert "--llm-url" in capsys.readouterr().err
