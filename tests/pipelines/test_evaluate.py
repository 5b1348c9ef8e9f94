"""One command from a folder with corpora to a folder with results; tasks without records are named."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import evaluate
from suprem.concepts.vocabulary import load_terms
from suprem.errors import FolderInUse
from suprem.evaluation.evaluation_folder import open_evaluation
from suprem.experiments import zero_shot
from suprem.inference import query_vectors
from suprem.inference.predictor import Predictor
from tests.fakes import FakeEmbedder
from tests.tiny import write_checkpoint, write_ptbxl
from tests.tiny_corpora import write_challenge


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small PTB-XL and two records of CPSC-2018; no record has a form statement."""
    root = tmp_path_factory.mktemp("data")
    codes: list[dict[str, float]] = [{"AFIB": 0.0, "IMI": 50.0}, {"SR": 0.0, "NORM": 100.0}] * 3
    write_ptbxl(root / "ptb-xl", codes, [9] * 6)
    write_challenge(root / "cinc" / "A0001", "164889003", seed=1)
    write_challenge(root / "cinc" / "A0002", "426783006", seed=2)
    return root


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=load_terms())


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path))
    return tmp_path


def test_every_task_with_records_is_evaluated_and_the_others_are_named(
    data: Path, checkpoint: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data", str(data), "--checkpoint", str(checkpoint), "--bootstrap", "20", "--name", "one"]
    assert evaluate.main(command) == 0
    predictor = Predictor.load(checkpoint)
    found = open_evaluation(home / "evaluations" / predictor.id / "one")
    assert found.tasks == ("ptbxl_superclass", "ptbxl_subclass", "ptbxl_rhythm", "ptbxl_all", "cpsc2018", "challenge")
    reasons = {entry.name: entry.reason for entry in found.missing}
    assert set(reasons) == {"ptbxl_form", "csn"}
    assert "has a label of ptbxl_form" in reasons["ptbxl_form"]
    assert "no usable header such as WFDBRecords/01/010/JS00001.hea" in reasons["csn"]
    printed = capsys.readouterr()
    for words in ("csn: not evaluated.", "cpsc2018, all records: 2 records, macro AUROC", "6 tasks evaluated"):
        assert words in printed.out
    assert "evaluate 100.0 %" in printed.err, "the page follows this line"

    alone = zero_shot.ZeroShotConfig("ptbxl_rhythm", data / "ptb-xl", bootstrap=20)
    (expected,) = zero_shot.run(alone, predictor, lambda _fraction, _message: None)
    assert replace(found.result("ptbxl_rhythm"), scores="").to_json() == expected.result.to_json()
    scores = found.scores("ptbxl_rhythm")
    assert scores.record_ids == expected.scores.record_ids
    assert len(found.records("cpsc2018")) == 2
    assert all(path.is_file() for task in found.tasks for path in found.records(task).files())
    assert "python -m pipelines." in (found.folder / "report.md").read_text()
    assert (found.folder / "classes.csv").read_text().count("cpsc2018") == 9
    assert "cpsc2018,AFIB,1,A0001," in (found.folder / "worst_cases.csv").read_text()

    assert evaluate.main(command) == 2
    assert "There is an evaluation in" in capsys.readouterr().err


def test_a_folder_without_any_corpus_is_told_task_by_task(
    checkpoint: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert evaluate.main(["--data", str(tmp_path / "empty"), "--checkpoint", str(checkpoint)]) == 2
    told = capsys.readouterr().err
    for words in ("No task has records", "ptbxl_form:", "ptbxl_database.csv is missing", "is not a CPSC-2018 folder"):
        assert words in told
    assert not [path for path in (home / "evaluations").rglob("*") if path.is_file()]


def test_labels_that_cannot_be_ranked_are_no_result(
    checkpoint: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_challenge(tmp_path / "data" / "A0001", "164889003")
    command = ["--data", str(tmp_path / "data"), "--checkpoint", str(checkpoint), "--tasks", "cpsc2018"]
    assert evaluate.main([*command, "--bootstrap", "5"]) == 2
    assert "cpsc2018: None of its classes is both present and absent among 1 records" in capsys.readouterr().err


def test_two_that_begin_in_one_second_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "strftime", lambda *_: "now")
    with evaluate.own_folder(tmp_path, "") as first, evaluate.own_folder(tmp_path, "") as second:
        assert (first.name, second.name) == ("now", "now-2")
        first.mkdir()
    with evaluate.own_folder(tmp_path, "") as third:
        assert third.name == "now-2"
    with (
        evaluate.own_folder(tmp_path, "mine") as mine,
        pytest.raises(FolderInUse),
        evaluate.own_folder(tmp_path, "mine"),
    ):
        pytest.fail("two write one folder")
    assert mine == tmp_path / "mine"


def test_a_name_cannot_leave_the_folder() -> None:
    with pytest.raises(SystemExit):
        evaluate.main(["--data", ".", "--name", "../elsewhere"])
