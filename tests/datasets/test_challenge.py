"""Records of several hospitals below one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.datasets.catalog import load_task
from suprem.datasets.challenge import index_challenge
from suprem.errors import CorpusNotFound
from suprem.evaluation.leakage import audit_patients
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


@pytest.mark.parametrize("told_by", ["header", "table", "nobody"])
def test_records_of_one_patient_are_in_one_fold_where_it_is_told(tmp_path: Path, told_by: str) -> None:
    for number in range(1, 13):
        path = tmp_path / f"st_petersburg_incart/g1/I{number:04d}"
        write_challenge(path, "426783006", seed=1)
        if told_by == "header":
            with path.with_suffix(".hea").open("a") as file:
                file.write(f"# patient {number % 3}\n")
    write_challenge(tmp_path / "georgia/g1/E00001", "426783006", seed=2)
    if told_by == "table":
        rows = "".join(f"I{number:04d}.hea,{number % 3}\n" for number in range(1, 13))
        (tmp_path / "records.csv").write_text(f"Record name,Patient ID\n{rows}")
    index = index_challenge(tmp_path)
    table = index.table
    patients = 13 if told_by == "nobody" else 4
    assert table["patient_id"].nunique() == patients
    assert (table.groupby("patient_id")["fold"].nunique() == 1).all()
    said = audit_patients(table, {9}, range(1, 11), index.made_of).message
    assert "1 of Georgia" in said
    assert ("of 12 of which the patient is not known" in said) is (told_by == "nobody")


def test_patients_of_two_hospitals_with_one_number_are_two(tmp_path: Path) -> None:
    for name in ("I0001", "S0001"):
        write_challenge(tmp_path / name, "426783006")
    (tmp_path / "patients.csv").write_text("record,patient\nI0001,7\nS0001,7\n")
    assert index_challenge(tmp_path).table["patient_id"].nunique() == 2


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
