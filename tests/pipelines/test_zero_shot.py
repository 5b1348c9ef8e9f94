"""The command from a PTB-XL folder to numbers, with synthetic recordings and a model whose answers are known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipelines import zero_shot
from suprem.concepts.query import Support
from suprem.datasets.catalog import load_task
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import build_signal_store
from suprem.ecg.preprocess import SignalSpec
from suprem.ecg.record import LEADS
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.score_table import ScoreTable
from suprem.inference import predictor
from tests.tiny import VOCABULARY
from tests.tiny_corpora import write_challenge

RHYTHMS = ("SR", "AFIB", "STACH")
RECORDS = 24


class FakePredictor:
    """Knows three rhythms by the size of lead I; every other query gets a zero."""

    spec = SignalSpec()
    vocabulary = VOCABULARY
    id = "fake-checkpoint"
    encoder = SimpleNamespace(name="fake-encoder")

    @classmethod
    def configured(cls, _settings: object, _checkpoint: Path | None = None) -> FakePredictor:
        return cls()

    def vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        known = {"sinus rhythm": 0, "atrial fibrillation": 1, "sinus tachycardia": 2}
        vectors = np.zeros((len(queries), 3), np.float32)
        for row, query in enumerate(queries):
            if query in known:
                vectors[row, known[query]] = 1
        return vectors

    def score_signals(self, signals: NDArray[np.float32], queries: Sequence[object]) -> list[list[SimpleNamespace]]:
        return [[SimpleNamespace(support=Support.OUTSIDE) for _ in queries] for _ in signals]

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        size = signals[:, 0].max(axis=1, keepdims=True)
        return -np.abs(size - np.arange(1, 4, dtype=np.float32)) @ vectors.T


@pytest.fixture(autouse=True)
def _fake_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "Predictor", FakePredictor)


def write_wfdb(path: Path, millivolts: NDArray[np.float64]) -> None:
    """Write a signal (time, 12 leads) sampled at 100 Hz as PTB-XL does: 16-bit integers, 1000 to the millivolt."""
    integers = np.rint(millivolts * 1000).astype("<i2")
    integers.tofile(path.with_suffix(".dat"))
    rows = [
        f"{path.name}.dat 16 1000.0(0)/mV 16 0 {column[0]} {column.sum(dtype=np.int16)} 0 {lead.upper()}"
        for lead, column in zip(LEADS, integers.T, strict=True)
    ]
    path.with_suffix(".hea").write_text("\n".join([f"{path.name} 12 100 {len(integers)}", *rows]) + "\n")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PTB-XL folder of 24 records in fold 9 and one in fold 8, in its layout; lead I is 1, 2 or 3 mV high."""
    root = tmp_path_factory.mktemp("ptb-xl")
    (root / "records100").mkdir()
    rows = []
    for record in range(RECORDS + 1):
        rhythm = record % 3
        beats = np.zeros((1000, 12))
        beats[50::100] = 1.0 + rhythm
        name = f"{record + 1:05d}_lr"
        write_wfdb(root / "records100" / name, beats)
        rows.append(
            {
                "ecg_id": record + 1,
                "patient_id": float(record // 2),
                "age": 50.0,
                "sex": 0,
                "device": "test",
                "scp_codes": str({RHYTHMS[rhythm]: 0.0, "NORM": 100.0}),
                "strat_fold": 9 if record < RECORDS else 8,
                "filename_lr": f"records100/{name}",
                "filename_hr": f"records500/{name}",
            }
        )
    pd.DataFrame(rows).to_csv(root / "ptbxl_database.csv", index=False)
    return root


def command(corpus: Path, *more: str, task: str = "ptbxl_rhythm") -> list[str]:
    return ["--task", task, "--data", str(corpus), "--folds", "9", "--bootstrap", "50", *more]


def test_json_is_one_object_on_standard_output_and_the_same_in_the_file(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "result.json"
    assert zero_shot.main(command(corpus, "--json", "--out", str(out))) == 0
    printed = capsys.readouterr().out
    result = json.loads(printed)
    assert EvaluationResult.from_json(out.read_text()).to_json() == printed.strip()
    assert (result["task"], result["records"], result["patients"]) == ("ptbxl_rhythm", 24, 12)
    assert (result["checkpoint"], result["encoder"]) == ("fake-checkpoint", "fake-encoder")
    by_code = {entry["code"]: entry for entry in result["classes"]}
    assert len(by_code) == 12
    for code in RHYTHMS:
        assert by_code[code]["positives"] == 8
        assert by_code[code]["auroc"] == 1.0
    assert by_code["PACE"]["auroc"] is None
    assert len(result["skipped"]) == 9
    assert result["macro"] == 1.0
    assert result["macro_10"] is None


def test_text_names_what_a_reader_of_the_number_needs(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zero_shot.main(command(corpus)) == 0
    captured = capsys.readouterr()
    for part in ("fake-checkpoint", "fake-encoder", "atrial fibrillation", "95 % interval", "1.000-1.000", "folds 9"):
        assert part in captured.out
    assert "macro AUROC 1.0000" in captured.out
    assert "fewer than 10 positives, so the interval is too narrow: STACH, AFIB, SR" in captured.out
    assert "left out of the mean, none of 24 records has it; nothing can be ranked: SVARR" in captured.out
    assert "2076 of 2100 records that the release has in these folds are absent" in captured.err


def test_folds_are_those_asked_for(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zero_shot.main(command(corpus, "--folds", "8,9", "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["records"], result["split"], result["published_records"]) == (25, "folds 8,9", None)


def test_an_unreadable_record_is_told_counted_and_left_out(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "records100").mkdir()
    for path in corpus.rglob("*.*"):
        (tmp_path / path.relative_to(corpus)).write_bytes(path.read_bytes())
    (tmp_path / "records100" / "00005_lr.dat").write_bytes(b"\0" * 100)
    assert zero_shot.main(command(tmp_path, "--json")) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["records"] == 23
    assert [entry["name"] for entry in result["unreadable"]] == ["00005"]
    assert "record 00005 could not be read" in captured.err
    assert "1 record(s) could not be read and are not in the numbers" in captured.err


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"--task": "ptbxl_rythm"}, "Did you mean ptbxl_rhythm"),
        ({"--data": "nowhere"}, "is not a PTB-XL folder"),
        ({"--folds": "7"}, "folds"),
        ({"--folds": "7,9"}, "fold 7"),
        ({"--task": "ptbxl_form"}, "has a label of ptbxl_form"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_exit_code_2(
    corpus: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], expected: str
) -> None:
    arguments = command(corpus)
    for option, value in change.items():
        arguments[arguments.index(option) + 1] = value
    assert zero_shot.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert expected in captured.err
    assert captured.out == ""


def test_help_says_what_it_is_not_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        zero_shot.main(["--help"])
    assert stopped.value.code == 0
    assert "Research use only" in capsys.readouterr().out


def csn(folder: Path, *, records: int = 8) -> Path:
    """A small CSN folder: sinus rhythm, atrial fibrillation and plain sinus bradycardia in turn."""
    for row in range(records):
        write_challenge(folder / f"JS{row + 1:05d}", ("426783006", "164889003", "426177001")[row % 3], seed=row)
    return folder


def test_a_small_csn_folder_gives_the_promised_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = csn(tmp_path / "held-back")
    assert zero_shot.main(["--task", "csn", "--labels", "exact", "--data", str(data), "--json"]) == 0
    printed = capsys.readouterr().out
    result = json.loads(printed, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (result["task"], result["labels"], result["protocol"], result["records"]) == ("csn", "exact", "clean", 8)
    assert (result["split"], result["queries"], result["crop"]) == ("all records", "simplified", "cleanest")
    assert len(result["classes"]) == 38
    positives = {entry["code"]: entry["positives"] for entry in result["classes"] if entry["positives"]}
    assert positives == {"SR": 3, "AFIB": 3}
    assert {entry["name"] for entry in result["skipped"]} == {entry["code"] for entry in result["classes"]} - {
        "SR",
        "AFIB",
    }


def test_published_labels_count_fibrillation_as_flutter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = csn(tmp_path / "held-back")
    assert zero_shot.main(["--task", "csn", "--labels", "merl", "--data", str(data), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["labels"], result["protocol"], result["records"]) == ("merl", "merl", 6)
    assert {entry["code"]: entry["positives"] for entry in result["classes"]}["AF"] == 3


def test_several_query_sets_are_several_results_of_one_pass(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(dict.fromkeys(load_task("ptbxl_rhythm").codes, "sinus rhythm")))
    sets = ["--queries", "simplified", "members", str(mine)]
    assert zero_shot.main(command(corpus, "--json", *sets)) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["queries"] for result in results] == ["simplified", "members", "mine.json"]
    assert results[0]["macro"] == 1.0
    assert results[2]["macro"] < 1.0
    assert zero_shot.main(command(corpus, *sets)) == 0
    assert "macro AUROC by query set\nsimplified  1.0000" in capsys.readouterr().out


def test_merl_tables_choose_the_records_and_say_what_else_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, codes = csn(tmp_path / "csn"), load_task("csn").codes
    for part, names in {"train": ["JS00001"], "val": ["JS00004"], "test": ["JS09999"]}.items():
        table = pd.DataFrame({"ecg_path": [f"/chapman/WFDBRecords/{name}.mat" for name in names]})
        table[list(codes)] = [int(code == "SR") for code in codes]
        table.to_csv(tmp_path / f"chapman_{part}.csv", index=False)
    arguments = ["--task", "csn", "--labels", "merl", "--data", str(data), "--splits", str(tmp_path), "--json"]
    assert zero_shot.main(arguments) == 2
    assert "1 in fold 1, 1 in fold 9" in capsys.readouterr().err
    assert zero_shot.main([*arguments, "--folds", "1-10"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["records"] == 2
    assert json.loads(captured.out)["split"] == "MERL's tables, folds 1,2,3,4,5,6,7,8,9,10"


@pytest.mark.parametrize(("labels", "windows"), [("exact", "full"), ("merl", "published")])
def test_cpsc_is_cropped_as_its_task_says(
    tmp_path: Path, labels: str, windows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for row, code in enumerate(["426783006", "164889003"] * 2):
        write_challenge(tmp_path / f"A{row + 1:04d}", code, seed=row)
    assert zero_shot.main(["--task", "cpsc2018", "--labels", labels, "--data", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["records"], result["crop"]) == (4, windows)


def test_the_result_says_how_known_queries_are_and_what_was_checked(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zero_shot.main(command(corpus, "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert {part["name"]: part["codes"] for part in result["strata"]} == {"seen": ["AFIB"], "unseen": ["STACH", "SR"]}
    assert {entry["code"]: entry["stratum"] for entry in result["classes"]}["AFIB"] == "seen"
    assert result["groups"] == []
    assert [fit["method"] for fit in result["calibration"]] == ["raw"]
    checks = {(entry["check"], entry["passed"]): entry["message"] for entry in result["audit"]}
    assert checks["patients", True] == "0 of 12 patients are also in folds outside"
    assert "incomplete" in checks["labels", None]
    # The recordings of a rhythm are alike in this miniature, as copies would be.
    assert checks["recordings", False].startswith("21 of 24 recordings repeat another one: 00004 = 00001")


def test_calibrations_are_fitted_on_other_folds_and_other_patients(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(corpus / "ptbxl_database.csv")
    shutil.copytree(corpus / "records100", tmp_path / "records100")
    table.assign(patient_id=table["patient_id"].clip(upper=11)).to_csv(tmp_path / "ptbxl_database.csv", index=False)
    assert zero_shot.main(command(tmp_path, "--calibrate", "8")) == 2
    assert "1 patients have records both among those evaluated and those of --calibrate" in capsys.readouterr().err
    table.to_csv(tmp_path / "ptbxl_database.csv", index=False)
    assert zero_shot.main(command(tmp_path, "--calibrate", "8", "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert [(fit["method"], fit["fitted_on"]) for fit in result["calibration"]] == [
        ("raw", ""),
        ("temperature", "folds 8"),
        ("isotonic", "folds 8"),
    ]
    assert result["records"] == 24
    assert result["calibration"][2]["classes"] == []


def test_recordings_of_a_training_store_are_found_among_the_evaluated(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_signal_store(index_ptbxl(corpus, folds=[8]), FakePredictor.spec, tmp_path / "store", workers=1)
    assert zero_shot.main(command(corpus, "--against", str(tmp_path / "store"), "--json")) == 0
    messages = [entry["message"] for entry in json.loads(capsys.readouterr().out)["audit"]]
    assert messages[-1].startswith("8 of 24 recordings are also among the 1 of --against: 00001")


def test_scores_of_every_record_are_saved_for_each_query_set(corpus: Path, tmp_path: Path) -> None:
    assert zero_shot.main(command(corpus, "--scores", str(tmp_path / "scores.npz"))) == 0
    scores = ScoreTable.load(tmp_path / "scores.npz")
    assert scores.logits.shape == (24, 12)
    assert (scores.origin.task, scores.origin.queries) == ("ptbxl_rhythm", "simplified")
    assert scores.patients[:3] == ("0", "0", "1")
    sets = ["--queries", "simplified", "members", "--scores", str(tmp_path / "both.npz")]
    assert zero_shot.main(command(corpus, *sets)) == 0
    assert {path.name for path in tmp_path.glob("both*")} == {"both-simplified.npz", "both-members.npz"}
