"""The command gives the numbers of `suprem.inference.explain`, as rows and as JSON."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from pipelines import explain as command
from suprem.ecg.formats.readers import read_ecg
from suprem.inference.explain import explain, read_record
from suprem.inference.predictor import Predictor
from tests.tiny import ecg, write_checkpoint, write_wfdb


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("explain")
    write_wfdb(folder / "ecg", ecg(seed=3))
    write_checkpoint(folder / "checkpoint")
    return ["--ecg", str(folder / "ecg.hea"), "--checkpoint", str(folder / "checkpoint")]


def test_rows_and_json_hold_the_same_numbers(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    query = ["--query", "atrial fibrillation", "LBBB"]
    assert command.main([*words, *query]) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(StringIO(printed.out)))
    assert command.main([*words, *query, "--minus", "normal ECG", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)

    predictor = Predictor.load(Path(words[3]))
    found = explain(predictor, read_record(predictor, read_ecg(Path(words[1]))), query[1:])
    assert [entry["query"] for entry in content["explanations"]] == query[1:]
    first = content["explanations"][0]
    assert first["attention"]["map"] == pytest.approx(found[0].attention.weights, abs=1e-6)
    assert first["occlusion"]["map"] == pytest.approx(found[0].occlusion.cells, abs=1e-5)
    assert first["contribution"]["map"] == pytest.approx(found[0].contribution.blocks, abs=1e-5)
    assert first["contribution"]["rank_correlation_with_occlusion"] == pytest.approx(found[0].upheld, abs=1e-3)
    assert found[1].contribution_sentence() in printed.err
    assert first["agreement"]["sentence"] == found[0].sentence()
    assert found[1].sentence() in printed.err
    assert [row["part"] for row in rows[:8]] == list(predictor.spec.leads)
    assert [row["part"] for row in rows[8:18]] == [f"{second}-{second + 1} s" for second in range(10)]
    assert float(rows[0]["attention"]) == pytest.approx(first["attention"]["leads"]["I"], abs=1e-5)
    assert float(rows[0]["contribution"]) == pytest.approx(first["contribution"]["leads"]["I"], abs=1e-5)
    assert float(rows[0]["logit_change"]) == pytest.approx(first["occlusion"]["leads"]["I"], abs=1e-5)
    assert len(rows) == 2 * 18
    (af, lbbb) = content["differences"]
    assert af["queries"] == ["atrial fibrillation", "normal ECG"]
    assert lbbb["score"] - af["score"] == pytest.approx(content["explanations"][1]["score"] - first["score"])


def test_what_cannot_be_read_or_asked_is_said_in_a_sentence(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*words[2:], "--ecg", str(tmp_path / "none.hea"), "--query", "AF"]) == 2
    assert command.main(words) == 2
    assert "No query was given" in capsys.readouterr().err
