"""From a folder with recordings and tables to the result, the scores and the model card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines import evaluate
from suprem.concepts.vocabulary import load_terms
from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.inference import query_vectors
from suprem.inference.predictor import Predictor
from tests.fakes import FakeEmbedder
from tests.tiny import ecg, write_checkpoint, write_wfdb


def test_a_folder_of_another_hospital_is_evaluated_and_noted_in_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path / "home"))
    checkpoint = write_checkpoint(tmp_path / "checkpoint", vocabulary=load_terms())
    data = tmp_path / "clinic"
    rows = ["record,finding,present"]
    readers = ["record,finding,reader,present"]
    for number in range(6):
        write_wfdb(data / f"{number}", ecg(seed=number))
        rows += [f"{number},atrial fibrillation,{number % 2}", f"{number},a rare thing,{int(number == 0)}"]
        readers += [f"{number},atrial fibrillation,R1,{int(number > 2)}"]
    rows += ["missing,atrial fibrillation,1"]
    (data / "labels.csv").write_text("\n".join(rows))
    (data / "readers.csv").write_text("\n".join(readers))

    command = ["--data", str(data), "--checkpoint", str(checkpoint), "--bootstrap", "20", "--card"]
    assert evaluate.main(command) == 0
    assert "clinic: 6 recordings, 1 not read" in capsys.readouterr().out
    predictor = Predictor.load(checkpoint)
    place = tmp_path / "home" / "evaluations" / predictor.id
    about = EvaluationFolder(
        folder=place / "any", checkpoint=predictor.id, run="", encoder="fake", labels="exact", queries="simplified",
        created=0.0, tasks=(),
    )  # fmt: skip
    (result,) = about.external()
    assert [(one.finding, one.records, one.positives) for one in result.findings] == [
        ("atrial fibrillation", 6, 3),
        ("a rare thing", 6, 1),
    ]
    assert [one.reader for one in result.findings[0].readers] == ["R1"]
    scores = about.external_scores(result)
    assert scores.present[:, 0].tolist() == [0, 1, 0, 1, 0, 1]
    stored = json.loads((checkpoint / "model_card.json").read_text())["external"]["clinic"]
    assert stored[0]["queries"] == ["AFIB"]
    (found,) = predictor.elsewhere("auricular fibrillation") or predictor.elsewhere("atrial fibrillation")
    assert (found.hospital, found.records, found.positives) == ("clinic", 6, 3)
    assert predictor.score(ecg(seed=1), ["atrial fibrillation"])[0].elsewhere == (found,)
