"""From the folder of a corpus to a signal store, by the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines import index_datasets
from pipelines.stage import parse_folds
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.preprocess import SPECS
from tests.tiny import write_ptbxl
from tests.tiny_corpora import write_challenge, write_cpsc_original, write_mimic


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_ptbxl(tmp_path / "ptb-xl", [{"NORM": 100.0}, {"AFIB": 0.0}, {}], [1, 8, 9])


def command(corpus: Path, *more: str) -> list[str]:
    return ["--ptbxl", str(corpus), "--workers", "1", *more]


def test_the_store_lies_below_the_home_of_the_installation(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index_datasets.main(command(corpus)) == 0
    folder = tmp_path / "artifacts" / "datasets" / "ptb-xl-compact"
    store = SignalStore.open(folder)
    assert (len(store.index), store.spec) == (3, SPECS["compact"])
    captured = capsys.readouterr()
    assert captured.out == f"3 records in {folder}, 0 skipped\n"
    assert "100.0 %" in captured.err


def test_folds_and_place_are_those_asked_for_and_what_was_skipped_is_named(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus / "records100/00000/00002_lr.dat").unlink()
    assert index_datasets.main(command(corpus, "--folds", "8-9", "--out", str(tmp_path / "store"))) == 0
    assert SignalStore.open(tmp_path / "store").index.table["record_id"].tolist() == ["00003"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 records in")
    assert lines[1].startswith("  00002: ")


def test_each_corpus_becomes_a_store_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mimic(tmp_path / "mimic", [(10000032, 40689238)])
    write_cpsc_original(tmp_path / "cpsc2018", {"A0001": [5]})
    write_challenge(tmp_path / "csn/WFDBRecords/01/010/JS00001", "426783006")
    stored = {"mimic": "mimic-iv-ecg", "cpsc2018": "cpsc2018", "csn": "csn"}
    for option, name in stored.items():
        assert index_datasets.main([f"--{option}", str(tmp_path / option), "--workers", "1"]) == 0
        folder = tmp_path / "artifacts" / "datasets" / f"{name}-compact"
        assert SignalStore.open(folder).index.corpus == name
        assert capsys.readouterr().out == f"1 records in {folder}, 0 skipped\n"


def test_many_skipped_records_are_counted_and_named_in_the_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "csn"
    write_challenge(root / "JS00001", "426783006")
    for number in range(30):
        (root / f"X{number:02d}.hea").touch()
    assert index_datasets.main(["--csn", str(root), "--out", str(tmp_path / "store")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("30 skipped")
    assert len(lines) == 22
    assert lines[-1] == f"  and 10 more, all named in {tmp_path / 'store' / 'manifest.json'}"
    assert len(SignalStore.open(tmp_path / "store").skipped) == 30


@pytest.mark.parametrize("options", [[], ["--csn", "a", "--mimic", "b"]])
def test_exactly_one_corpus_is_named(options: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        index_datasets.main(options)


@pytest.mark.parametrize("option", ["ptbxl", "mimic", "cpsc2018", "csn"])
def test_a_folder_that_is_not_the_corpus_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert index_datasets.main([f"--{option}", str(tmp_path)]) == 2
    assert re.fullmatch(r"error: .+ is not a .+ folder: .+ Give the folder that holds .+\.\n", capsys.readouterr().err)


@pytest.mark.parametrize("more", [["--ptbxl", "nowhere"], ["--folds", "4"], ["--signal", "paper"]])
def test_a_wrong_request_is_one_sentence_and_exit_code_2(
    corpus: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert index_datasets.main(command(corpus, *more)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    ("text", "folds"), [("9", (9,)), ("1-8", (1, 2, 3, 4, 5, 6, 7, 8)), ("1,3,5-7", (1, 3, 5, 6, 7)), ("2-2", (2,))]
)
def test_folds_are_read(text: str, folds: tuple[int, ...]) -> None:
    assert parse_folds(text) == folds


@pytest.mark.parametrize("text", ["", "nine", "-", "1;2"])
def test_folds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_folds(text)
