from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.build_vocabulary import main
from suprem.concepts.mapping.versions import open_version
from suprem.concepts.vocabulary import Vocabulary
from suprem.experiments import vocabulary_building
from tests.fakes import FakeEmbedder

REPORTS = {
    "1": [("sinus rhythm", "normal"), ("LVH", "abnormal")],
    "2": [("Sinus rhythm", "normal"), ("LVH", "uncertain"), ("atrial fibrillation", "negated")],
    "3": [("old inferior infarction", "abnormal"), ("purple elephants", "uncertain")],
}


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary_building, "load_embedder", lambda _name: FakeEmbedder())


@pytest.fixture
def entities(tmp_path: Path) -> Path:
    path = tmp_path / "entities.jsonl"
    lines = [
        {"report_id": key, "entities": [{"text": text, "name": text, "certainty": level} for text, level in found]}
        for key, found in REPORTS.items()
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def build(entities: Path, out: Path, capsys: pytest.CaptureFixture[str], *options: str) -> Path:
    capsys.readouterr()
    assert main(["--entities", str(entities), "--out", str(out), *options]) == 0
    return Path(capsys.readouterr().out.strip())


def test_reports_become_a_vocabulary_with_labels(
    entities: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = build(entities, tmp_path / "out", capsys)
    assert sorted(path.name for path in folder.iterdir()) == [
        "clusters.csv",
        "entities.jsonl",
        "labels.npz",
        "manifest.json",
        "mapping.csv",
        "reference.json",
        "tables.json",
        "vocabulary.json",
    ]
    # Atrial fibrillation is only denied: without an example it is no concept to learn.
    assert Vocabulary.from_json((folder / "vocabulary.json").read_text()).codes == ("IMI", "LVH", "SR")
    with np.load(folder / "labels.npz", allow_pickle=False) as labels:
        assert labels["values"].tolist() == [[0, 1, 1], [0, -1, 1], [1, 0, 0]]
    with (folder / "clusters.csv").open(newline="") as file:
        clusters = list(csv.DictReader(file))
    assert sum(int(row["size"]) for row in clusters) == 6


def test_the_tables_are_the_papers(entities: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = json.loads((build(entities, tmp_path, capsys) / "tables.json").read_text())
    counts = tables["table_14"]
    assert (counts["raw"], counts["unique"], counts["unique_after_filtering_uncertain"]) == (7, 5, 4)
    assert counts["concepts"] == 3
    assert tables["table_15"]["min_size"] == 1
    assert tables["figure_10"][0] == {"code": "SR", "concept": "sinus rhythm", "present": 2, "masked": 0}


def test_the_same_input_gives_the_same_version(
    entities: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = build(entities, tmp_path / "a", capsys)
    assert build(entities, tmp_path / "b", capsys).name == first.name
    entities.write_text("\n".join(entities.read_text().splitlines()[:2]))
    assert build(entities, tmp_path / "b", capsys).name != first.name


def test_an_index_names_the_records(entities: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.csv").write_text("record_id,fold\n00003,1\n00009,1\n")
    folder = build(entities, tmp_path / "out", capsys, "--index", str(tmp_path / "index.csv"))
    with np.load(folder / "labels.npz", allow_pickle=False) as labels:
        assert labels["record_ids"].tolist() == ["00003", "00009"]
        assert labels["values"].tolist() == [[1, 0, 0], [-1, -1, -1]]


def test_reports_go_in_and_a_numbered_version_comes_out_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path / "home"))
    (tmp_path / "reports.csv").write_text(
        "id,report\n1,sinus rhythm. left ventricular hypertrophy.\n"
        "2,Az elektrokardiogram alapján heveny szívroham gyanúja.\n"
    )
    assert main(["--reports", str(tmp_path / "reports.csv")]) == 0
    version = open_version(Path(capsys.readouterr().out.strip()))
    assert version.folder.parent == tmp_path / "home" / "vocabularies"
    assert (version.number, version.parent, version.records) == (1, None, 2)
    assert version.vocabulary().codes == ("LVH", "SR")
    # What is not understood is not an ECG without findings.
    assert version.labels().values.tolist() == [[1, 1], [-1, -1]]
    assert "ventricular hypertrophy" in (version.folder / "entities.jsonl").read_text()


@pytest.mark.parametrize("content", ["", "prose", json.dumps({"report_id": "1", "entities": []})])
def test_entities_without_a_concept_are_one_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "entities.jsonl").write_text(content)
    assert main(["--entities", str(tmp_path / "entities.jsonl"), "--out", str(tmp_path / "out")]) == 2
    assert "error: " in capsys.readouterr().err
