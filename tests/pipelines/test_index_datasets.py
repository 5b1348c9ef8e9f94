"""From a PTB-XL folder to a signal store, by the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import index_datasets
from pipelines.index_datasets import parse_folds
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.preprocess import SPECS
from tests.tiny import write_ptbxl


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
