"""The command that integrators script: its two forms, its exit codes, and what it does with bad input."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import score, score_folders
from suprem.concepts.vocabulary import load_terms
from suprem.ecg.disturb import record_in_turn
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.preprocess import crop, preprocess_all
from suprem.errors import EcgError
from suprem.inference import files as scored_files
from suprem.inference import predictor as predictor_module
from suprem.inference import query_vectors
from suprem.inference.cohort import Cohort, QualityVerdict
from suprem.inference.predictor import Predictor
from suprem.model.checkpoint import load_checkpoint, write_card
from suprem.model.ecg_encoder import EcgEncoder
from suprem.model_card import MissingLoss, MissingSignal
from tests.fakes import FakeEmbedder
from tests.tiny import SPEC, ecg, write_checkpoint, write_wfdb

FIELDS = [
    *("record_id", "query", "score", "logit", "support"),
    *("prompt", "nearest", "code", "reference_percentile", "probability", "auroc_lost", "missing"),
]
HEADING = ",".join([*FIELDS, "remarks"])
QUERIES = ["atrial fibrillation", "LBBB", "delta wave in the afternoon"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint with the shipped vocabulary."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=load_terms())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two good records with one between them that cannot be read."""
    folder = tmp_path_factory.mktemp("files")
    for name, seed in (("a", 1), ("c", 2)):
        write_wfdb(folder / name, ecg(seed=seed, noise=0.02))
    (folder / "b.csv").write_text("<html>not an ECG</html>")
    return [folder / "a.hea", folder / "b.csv", folder / "c.hea"]


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))


@pytest.fixture
def command(checkpoint: Path) -> list[str]:
    return ["--checkpoint", str(checkpoint), *(part for query in QUERIES for part in ("--query", query))]


def ecg_files(files: list[Path]) -> list[str]:
    return ["--ecg", *map(str, files)]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_is_one_row_per_record_and_query(
    command: list[str], files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main([*command, *ecg_files(files)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == HEADING
    rows = rows_of(captured.out)
    assert [(row["record_id"], row["query"]) for row in rows] == [(name, query) for name in "ac" for query in QUERIES]
    assert {row["support"] for row in rows} <= {"trained", "near", "outside"}
    assert [row["support"] for row in rows[:2]] == ["trained", "trained"]
    for row in rows:
        assert float(row["score"]) == pytest.approx(1 / (1 + np.exp(-float(row["logit"]))), abs=1e-5)
    assert captured.err.startswith("b: ")
    assert captured.err.count("\n") == 1


def test_json_is_one_object_with_scores_and_errors(
    command: list[str], files: list[Path], checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main([*command, *ecg_files(files), "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert list(result) == [
        "checkpoint",
        "encoder",
        "scores",
        "withheld",
        "familiarity",
        "remarks",
        "errors",
        "not_scored",
        "cautions",
    ]
    assert (result["checkpoint"], result["encoder"]) == (Predictor.load(checkpoint).id, "fake")
    assert [list(row) for row in result["scores"]] == [FIELDS] * 6
    unknown = {"likeness": "unknown", "distance": None, "nearer": None}
    assert result["familiarity"] == [{"record_id": name, **unknown} for name in "ac"]
    assert [row["record_id"] for row in result["errors"]] == ["b"]
    assert list(result["errors"][0]) == ["record_id", "reason"]
    assert captured.err == "", "an error is told once"


def test_other_systems_get_the_same_numbers(
    command: list[str], files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score.main([*command, *ecg_files(files), "--json"])
    expected = [row["score"] for row in json.loads(capsys.readouterr().out)["scores"]]
    assert score.main([*command, *ecg_files(files), "--format", "fhir", "--out", str(tmp_path / "b.json")]) == 0
    resources = [entry["resource"] for entry in json.loads((tmp_path / "b.json").read_text())["entry"]]
    found = [one["valueQuantity"]["value"] for one in resources if one["resourceType"] == "Observation"]
    assert found == pytest.approx(expected, abs=1e-6)
    assert score.main([*command, *ecg_files(files), "--format", "fhir"]) == 0
    assert len(json.loads(capsys.readouterr().out)["entry"]) == len(resources)
    assert score.main([*command, *ecg_files(files), "--format", "dicom-sr", "--out", str(tmp_path / "sr")]) == 0
    assert "3 reports in sr." in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "sr").iterdir()) == ["000001-a.dcm", "000002-c.dcm", "000003-b.dcm"]


@pytest.mark.parametrize(
    "words", [["--format", "dicom-sr"], ["--format", "fhir", "--windows", "all"], ["--results", "x", "--json"]]
)
def test_a_format_refuses_what_it_cannot_hold(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        score.main(["--folder", "x", "--query", "af", *words])


def test_the_numbers_are_those_of_the_predictor(
    command: list[str], files: list[Path], checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score.main([*command, *ecg_files(files), "--json"])
    found = json.loads(capsys.readouterr().out)["scores"]
    predictor = Predictor.load(checkpoint, embedder=FakeEmbedder(32))
    expected = [answer for path in (files[0], files[2]) for answer in predictor.score(read_ecg(path), QUERIES)]
    assert [row["logit"] for row in found] == pytest.approx([answer.logit for answer in expected], abs=1e-5)
    assert [row["support"] for row in found] == [answer.support for answer in expected]


def test_the_encoder_runs_once_for_scores_and_likeness(
    command: list[str], files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    batches: list[int] = []
    forward = EcgEncoder.forward

    def counted(self: EcgEncoder, signals: Any, **options: Any) -> Any:
        batches.append(len(signals))
        return forward(self, signals, **options)

    monkeypatch.setattr(EcgEncoder, "forward", counted)
    assert score.main([*command, *ecg_files(files), "--json"]) == 0
    assert batches == [2]


def test_all_windows_of_a_long_recording_give_the_highest_where_it_is_and_the_mean(
    command: list[str], checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (ecg(seed=seed, noise=0.02) for seed in (1, 5, 9))
    signal = np.concatenate([first.signal, second.signal, third.signal[:, :2500]], axis=1)
    write_wfdb(tmp_path / "long", replace(first, signal=signal))
    assert score.main([*command, "--ecg", str(tmp_path / "long.hea"), "--windows", "all"]) == 0
    rows = rows_of(capsys.readouterr().out)
    record = read_ecg(tmp_path / "long.hea")
    predictor = Predictor.load(checkpoint, embedder=FakeEmbedder(32))
    starts = (0.0, 7.5, 15.0)
    windows = [predictor.score(crop(record, start, 10.0), QUERIES) for start in starts]
    for row, answers in zip(rows, zip(*windows, strict=True), strict=True):
        scores = [answer.score for answer in answers]
        assert float(row["score"]) == pytest.approx(max(scores), abs=1e-5)
        assert float(row["mean_score"]) == pytest.approx(np.mean(scores), abs=1e-5)
        assert float(row["from_second"]) == starts[int(np.argmax(scores))]
        assert row["windows"] == "3"


def test_a_window_without_a_signal_is_left_out(tmp_path: Path) -> None:
    record = ecg()
    long = replace(record, signal=np.concatenate([record.signal, np.full_like(record.signal, np.nan)], axis=1))
    assert [one.start for one in preprocess_all(long, SPEC)] == [0.0]
    with pytest.raises(EcgError):
        preprocess_all(replace(record, signal=np.full_like(record.signal, np.nan)), SPEC)


def test_out_takes_the_rows_and_standard_error_the_reasons(
    command: list[str], files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "scores.csv"
    assert score.main([*command, *ecg_files(files), "--out", str(out)]) == 0
    assert len(rows_of(out.read_text())) == 6
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("b: ")
    assert [path.name for path in out.parent.iterdir()] == ["scores.csv"]


def test_out_and_json_together_give_both(
    command: list[str], files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main([*command, *ecg_files(files), "--out", str(tmp_path / "s.csv"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["scores"]) == len(rows_of((tmp_path / "s.csv").read_text())) == 6


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_exit_code_2_when_no_record_could_be_read(
    command: list[str], files: list[Path], form: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    missing = files[0].with_name("missing.hea")
    assert score.main([*command, "--ecg", str(files[1]), str(missing), *form]) == 2
    captured = capsys.readouterr()
    told = json.loads(captured.out)["errors"] if form else captured.err.splitlines()
    assert len(told) == 2
    assert "No such file" in str(told[1])
    assert "Traceback" not in captured.err
    if not form:
        assert captured.out == HEADING + "\n"


def test_a_folder_is_scored_in_batches_in_order_around_what_cannot_be_read(
    command: list[str], files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = files[0].with_suffix(".dat").read_bytes()
    header = files[0].read_text()
    for number in range(predictor_module.BATCH + 3):
        (tmp_path / f"r{number:02d}.hea").write_text(
            header.replace("a.dat", f"r{number:02d}.dat").replace("a ", "r ", 1)
        )
        (tmp_path / f"r{number:02d}.dat").write_bytes(data if number != 20 else b"")
    assert score.main([*command, "--folder", str(tmp_path), "--ignore-quality", "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    ids = [row["record_id"] for row in result["scores"]][:: len(QUERIES)]
    assert ids == [f"r{number:02d}" for number in range(predictor_module.BATCH + 3) if number != 20]
    assert [row["record_id"] for row in result["errors"]] == ["r20"]
    logits = np.array([row["logit"] for row in result["scores"]]).reshape(-1, len(QUERIES))
    assert np.ptp(logits, axis=0).max() < 1e-5, "the same signal, the same scores, in whichever batch"
    assert "records, 1 without scores" in captured.err


def test_equal_names_in_different_folders_get_distinct_ids(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("one", "two", "two/deep"):
        write_wfdb(tmp_path / place / "ecg", ecg(seed=len(place)))
    write_wfdb(tmp_path / "other", ecg(seed=9))
    assert score.main([*command, "--folder", str(tmp_path), "--json"]) == 0
    ids = {row["record_id"] for row in json.loads(capsys.readouterr().out)["scores"]}
    assert ids == {"one/ecg", "two/ecg", "deep/ecg", "other"}


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["x/a.hea", "y/b.hea"], ["a", "b"]),
        (["x/a.hea", "y/a.hea", "y/b.hea"], ["x/a", "y/a", "b"]),
        (["p/x/a.hea", "q/x/a.hea"], ["p/x/a", "q/x/a"]),
        (["x/a.csv", "x/a.npy"], ["x/a.csv", "x/a.npy"]),
        (["x/a.1.csv", "x/a.2.csv"], ["a.1", "a.2"]),
    ],
)
def test_record_ids_are_as_short_as_they_can_be(paths: list[str], ids: list[str]) -> None:
    assert scored_files.record_ids([Path(path) for path in paths]) == ids


def test_a_cell_that_a_spreadsheet_would_run_is_escaped(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wfdb(tmp_path / "=cmd", ecg())
    arguments = ["--checkpoint", str(checkpoint), "--folder", str(tmp_path), "--query", "@SUM(atrial)", "+fibrillation"]
    assert score.main(arguments) == 0
    rows = rows_of(capsys.readouterr().out)
    assert [(row["record_id"], row["query"]) for row in rows] == [
        ("'=cmd", "'@SUM(atrial)"),
        ("'=cmd", "'+fibrillation"),
    ]
    score.main([*arguments, "--json"])
    assert json.loads(capsys.readouterr().out)["scores"][0]["query"] == "@SUM(atrial)", "JSON runs nowhere"


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert len(captured.err) < 400
    return captured.err


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ([], "No query was given"),
        (["--query", ""], "The query is empty"),
        (["--query", "   "], "The query is empty"),
        (["--query", "a" * 10_000], "10,000 characters, at most 200"),
        (["--query", "atrial fibrillation", "word " * 2000], "10,000 characters"),
        (["--query", "12345"], "no letters"),
        (["--query", "atrial\x00fibrillation"], "cannot be printed"),
        (["--queries", "nowhere.txt"], "The query file cannot be read"),
    ],
)
def test_a_query_that_cannot_be_used_is_one_sentence_and_exit_code_2(
    checkpoint: Path, files: list[Path], query: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main(["--checkpoint", str(checkpoint), *ecg_files(files), *query]) == 2
    assert message in one_sentence(capsys)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--checkpoint": "nowhere"}, "is not a complete checkpoint"),
        ({"--folder": "nowhere"}, "There is no folder nowhere"),
        ({}, "No ECG was given"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_sentence_and_exit_code_2(
    checkpoint: Path, files: list[Path], change: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {"--checkpoint": str(checkpoint), "--query": "LBBB", **change}
    if "--checkpoint" in change:
        arguments["--ecg"] = str(files[0])
    assert score.main([part for pair in arguments.items() for part in pair]) == 2
    assert message in one_sentence(capsys)


def test_a_folder_without_an_ecg_is_told(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    assert score.main([*command, "--folder", str(tmp_path)]) == 2
    assert "No ECG was given" in one_sentence(capsys)


def test_queries_come_from_a_file_one_a_line(
    checkpoint: Path, files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "queries.txt"
    path.write_bytes("\ufeff# my set\nmyocardial infarction, anterior\r\n\r\nLBBB\nlbbb\n".encode())
    arguments = ["--checkpoint", str(checkpoint), "--ecg", str(files[0]), "--queries", str(path), "--query", "AFIB"]
    assert score.main(arguments) == 0
    queries = [row["query"] for row in rows_of(capsys.readouterr().out)]
    assert queries == ["AFIB", "myocardial infarction, anterior", "LBBB"]
    path.write_bytes(b"\xff\xfe\xff")
    assert score.main(arguments) == 2
    assert "The query file cannot be read" in one_sentence(capsys)


def test_what_the_quality_gate_blocks_is_an_error_unless_asked_for(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ecg()
    write_wfdb(tmp_path / "few", replace(record, signal=record.signal[:3], leads=record.leads[:3]))
    write_wfdb(tmp_path / "good", record)
    arguments = [*command, "--folder", str(tmp_path), "--json"]
    assert score.main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["record_id"] for row in result["errors"]] == ["few"]
    assert {row["record_id"] for row in result["scores"]} == {"good"}
    assert score.main([*arguments, "--ignore-quality"]) == 0
    assert json.loads(capsys.readouterr().out)["errors"] == []


@pytest.fixture
def measured(checkpoint: Path, tmp_path: Path) -> Path:
    """The tiny checkpoint with a table of what missing signal costs: much of one finding and little of the others."""
    folder = Path(shutil.copytree(checkpoint, tmp_path / "measured"))
    known = load_checkpoint(folder)
    losses = MissingLoss(0.01, {"AFIB": 0.09, "CLBBB": 0.02}, layout="3x4 with II")
    table = MissingSignal(known.id, "ptbxl_all, folds 9", 1000, (losses,))
    write_card(folder, replace(known.card, missing_signal=table))
    return folder


def test_what_a_print_lacks_costs_each_finding_something_and_one_its_score(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wfdb(tmp_path / "print", record_in_turn(ecg(noise=0.01), rhythm="II"))
    arguments = ["--checkpoint", str(measured), "--ecg", str(tmp_path / "print.hea")]
    arguments += ["--query", "atrial fibrillation", "--query", "LBBB"]
    assert score.main([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert [(row["query"], row["auroc_lost"]) for row in result["scores"]] == [("LBBB", 0.02)]
    held = "Scored from 2.5 s of 11 leads and 10 s of II; for this finding that costs 0.02 of AUROC."
    assert result["scores"][0]["missing"] == held
    assert [(row["query"], row["auroc_lost"]) for row in result["withheld"]] == [("atrial fibrillation", 0.09)]
    assert "withheld until it is asked for" in result["withheld"][0]["reason"]
    assert "--withheld" in captured.err
    assert score.main([*arguments, "--withheld"]) == 0
    assert {row["query"] for row in rows_of(capsys.readouterr().out) if row["score"]} == {"atrial fibrillation", "LBBB"}
    assert score.main(arguments) == 0
    rows = {row["query"]: row for row in rows_of(capsys.readouterr().out)}
    assert rows["atrial fibrillation"]["score"] == ""
    assert rows["atrial fibrillation"]["auroc_lost"] == "0.090000"
    for windows in ("fhir", "--windows"):
        more = ["--format", "fhir"] if windows == "fhir" else ["--windows", "all"]
        assert score.main([*arguments, *more]) == 0
        assert "withheld until it is asked for" in capsys.readouterr().out


def test_a_cohort_keeps_what_is_missing_and_what_is_withheld(measured: Path, tmp_path: Path) -> None:
    write_wfdb(tmp_path / "in" / "print", record_in_turn(ecg(noise=0.01), rhythm="II"))
    write_wfdb(tmp_path / "in" / "whole", ecg(noise=0.01))
    arguments = ["--checkpoint", str(measured), "--folder", str(tmp_path / "in"), "--results", str(tmp_path / "out")]
    assert score.main([*arguments, "--query", "atrial fibrillation", "--query", "LBBB"]) == 0
    cohort = Cohort.open(tmp_path / "out")
    assert cohort.lost.tolist() == [pytest.approx([0.09, 0.02]), [0.0, 0.0]]
    assert cohort.withheld.tolist() == [[True, False], [False, False]]
    assert np.isfinite(cohort.given(withheld=False)).tolist() == [[False, True], [True, True]]
    assert cohort.ranks(0, withheld=False).tolist() == [0, 1]
    assert "2.5 s of 11 leads" in cohort.notes[0]


def test_a_table_is_read_with_what_the_person_states_about_it(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ecg(noise=0.02)
    np.save(tmp_path / "bare.npy", record.signal[:, :3600] * 1000)
    stated: list[Any] = ["--fs", "500", "--unit", "uV", "--leads", ", ".join(record.leads), "--json"]
    assert score.main([*command, "--ecg", str(tmp_path / "bare.npy"), *stated]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    write_wfdb(tmp_path / "same", replace(record, signal=record.signal[:, :3600]))
    assert score.main([*command, "--ecg", str(tmp_path / "same.hea"), "--json"]) == 0
    same = json.loads(capsys.readouterr().out)["scores"]
    assert [row["logit"] for row in scores] == pytest.approx([row["logit"] for row in same], abs=0.01)


def test_help_says_what_it_is_not_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        score.main(["--help"])
    assert stopped.value.code == 0
    assert "Research use only" in capsys.readouterr().out


def test_a_denied_finding_is_scored_under_its_own_name_and_that_is_said(
    checkpoint: Path, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--checkpoint", str(checkpoint), *ecg_files(files[:1]), "--query"]
    assert score.main([*arguments, "no atrial fibrillation", "risk of death", "no zebra waves", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["query"] for row in result["scores"]] == ["atrial fibrillation", "risk of death"]
    assert [(row["query"], row["instead"]) for row in result["not_scored"]] == [
        ("no atrial fibrillation", "atrial fibrillation"),
        ("no zebra waves", None),
    ]
    assert [row["query"] for row in result["cautions"]] == ["risk of death"]
    assert "outcome" in result["cautions"][0]["caution"]

    assert score.main([*arguments, "no AF"]) == 0
    printed = capsys.readouterr()
    assert [row["query"] for row in rows_of(printed.out)] == ["AF"]
    assert "Scored instead: “AF”" in printed.err
    assert score.main([*arguments, "no zebra waves"]) == 2
    assert "asks for an absence" in capsys.readouterr().err


@pytest.fixture
def many(files: list[Path], tmp_path: Path) -> Path:
    """A folder of six records, one of which cannot be read and one is a link."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(4):
        write_wfdb(folder / f"r{number}", ecg(seed=number))
    (folder / "r2.dat").write_bytes(b"")
    (folder / "r4.hea").symlink_to(files[0])
    return folder


def test_a_cohort_is_written_in_parts_and_gone_on_with(
    command: list[str],
    many: Path,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = many.parent / "cohort"
    words = [*command, "--folder", str(many), "--no-links", "--results", str(results)]
    monkeypatch.setattr(scored_files, "PART", 2)

    @contextmanager
    def stopped_at_once() -> Iterator[Callable[[], bool]]:
        yield lambda: True

    with monkeypatch.context() as stopping:
        stopping.setattr(score_folders, "stop_on_signal", stopped_at_once)
        assert score.main(words) == 143
    assert (Cohort.open(results).done, Cohort.open(results).finished) == (2, False)
    first = (results / "parts" / "000000.npz").stat().st_mtime_ns

    assert score.main(words) == 0
    cohort = Cohort.open(results)
    assert (results / "parts" / "000000.npz").stat().st_mtime_ns == first, "what is done is not done again"
    assert (cohort.finished, cohort.plan.files) == (True, ("r0.hea", "r1.hea", "r2.hea", "r3.hea"))
    assert cohort.verdicts[2] is QualityVerdict.UNREADABLE
    predictor = Predictor.load(checkpoint, embedder=FakeEmbedder(32))
    records = [read_ecg(many / f"r{number}.hea") for number in (0, 1, 3)]
    expected = [[answer.logit for answer in answers] for answers in predictor.score_batch(records, QUERIES)]
    assert cohort.logits[[0, 1, 3]] == pytest.approx(np.array(expected), abs=1e-4)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "r2" not in captured.err, "names of files may be in a log, so no record is named"


def test_results_go_with_a_folder_alone(command: list[str], files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        score.main([*command, *ecg_files(files), "--results", str(tmp_path)])
