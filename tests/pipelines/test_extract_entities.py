from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pipelines.extract_entities import main
from tests.reports.fake_server import fake_server, statement_of

TABLE = 'report_id,report\n1,"sinus rhythm. possible lvh."\n2,\n3,sinus rhythm.\n4,blok prawej odnogi zupelny\n'


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "reports.csv"
    path.write_text(TABLE)
    return path


def read_lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "entities.jsonl").read_text().splitlines()]


def test_a_table_becomes_entities_and_a_summary(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--reports", str(table), "--out", str(tmp_path / "out")]) == 0
    first, *others = read_lines(tmp_path / "out")
    assert first == {
        "report_id": "1",
        "entities": [
            {"text": "sinus rhythm", "start": 0, "end": 12, "certainty": "normal", "name": "sinus rhythm"},
            {
                "text": "possible lvh",
                "start": 14,
                "end": 26,
                "certainty": "uncertain",
                "name": "left ventricular hypertrophy",
            },
        ],
    }
    assert [line["report_id"] for line in others] == ["3", "4"]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["raw_entities"], summary["unique_entities"], summary["unique_certain_entities"]) == (3, 2, 1)
    assert summary["saved_calls"] == 1
    assert summary["skipped"] == {"the report is empty": ["2"]}
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "language not understood: 1" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--extractor", "llm"], "--llm-url"),
        (["--text-column", "nothing"], "nothing"),
    ],
)
def test_a_wrong_call_ends_with_one_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["--reports", str(table), "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert message in error[0]


def test_a_table_without_reports_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reports.csv"
    path.write_text("id,report\n1,\n")
    assert main(["--reports", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "no readable report" in capsys.readouterr().err


def test_a_killed_language_model_run_is_resumed(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPREM_LLM_API_KEY", "secret")
    answer = '{"global": ["sinus rhythm"], "classification": {"normal": ["sinus rhythm"]}}'
    with fake_server(
        lambda request: (200, answer) if statement_of(request) == "sinus rhythm" else (400, "{}")
    ) as server:
        arguments = ["--reports", str(table), "--out", str(tmp_path / "out"), "--extractor", "llm"]
        arguments += ["--llm-url", server.url, "--llm-model", "tiny", "--concurrency", "1"]
        assert main(arguments) == 2
        assert not (tmp_path / "out" / "entities.jsonl").exists()
        asked = len(server.requests)
        server.reply = lambda _: (200, '{"global": [], "classification": {}}')
        assert main(arguments) == 0
    assert len(server.requests) == asked + 1
    assert set(server.keys) == {"Bearer secret"}
    assert [entity["text"] for entity in read_lines(tmp_path / "out")[1]["entities"]] == ["sinus rhythm"]  # type: ignore[attr-defined]
    assert "secret" not in capsys.readouterr().err


@pytest.mark.slow
def test_all_reports_of_ptb_xl_take_well_under_a_minute(test_data: Path, tmp_path: Path) -> None:
    start = time.process_time()
    table = test_data / "ptb-xl" / "ptbxl_database.csv"
    assert main(["--reports", str(table), "--out", str(tmp_path)]) == 0
    assert time.process_time() - start < 30
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["reports"] > 19_000
    assert summary["saved_calls"] > summary["unique_statements"]
    assert len(summary["language_not_understood"]) < 0.01 * summary["reports"]
