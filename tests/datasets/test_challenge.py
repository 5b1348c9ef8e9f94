"""Records of several hospitals below one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.datasets.catalog import load_task
from suprem.datasets.challenge import index_challenge
from suprem.errors import CorpusNotFound
from tests.tiny_corpora import write_challenge


def test_records_of_every_hospital_are_indexed_and_labelled_by_their_codes(tmp_path: Path) -> None:
    write_challenge(tmp_path / "cpsc_2018/g1/A0001", "RBBB", seed=1)
    write_challenge(tmp_path / "georgia/g1/E00001", "426177001,39732003", seed=2)
    write_challenge(tmp_path / "ningbo/g1/JS10647", "164909002", seed=3)
    write_challenge(tmp_path / "ptb-xl/g1/HR00001", "426783006", seed=4)
    index = index_challenge(tmp_path)
    assert index.table["record_id"].tolist() == ["A0001", "E00001", "JS10647"]
    assert [name for name, _ in index.skipped] == ["ptb-xl/g1/HR00001.hea"], "one patient has several records there"
    labelled = load_task("challenge").label(index)
    codes = labelled.task.codes
    present = [[codes[column] for column in row.nonzero()[0]] for row in labelled.present]
    assert present == [["CRBBB"], ["LAD", "SB"], ["CLBBB"]]


def test_every_code_belongs_to_one_class() -> None:
    members = [code for entry in load_task("challenge").classes for code in entry.members]
    assert len(members) == len(set(members))
    assert all(code.isdigit() for code in members)


def test_a_folder_without_such_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusNotFound, match="not a folder of the Challenges"):
        index_challenge(tmp_path)


def test_the_real_records_are_of_four_collections(test_data: Path) -> None:
    index = index_challenge(test_data / "cinc")
    assert len(index) == 66
    assert set(index.table["record_id"].str.rstrip("0123456789")) == {"A", "E", "JS", "Q"}
