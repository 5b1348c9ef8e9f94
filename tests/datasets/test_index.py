"""The one table shape for every corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.index import COLUMNS, NO_FILE, RecordIndex, contents_of, fold_of_patient, shared_patients
from suprem.errors import DatasetError


@pytest.fixture
def index() -> RecordIndex:
    table = pd.DataFrame(
        {
            "record_id": ["00001", "00002", "00003", "00004"],
            "patient_id": ["7", "7", "8", "9"],
            "path": ["a/1", "a/2", "a/3", "a/4"],
            "fold": [1, 2, 2, 9],
            "age": [40.0, 41.5, np.nan, 89.0],
            "sex": ["male", None, "female", "male"],
            "device": ["CS-12", "x", "y", "z"],
            "codes": [("AFIB", "LVH"), (), ("NORM",), ("LVH",)],
        }
    )
    return RecordIndex(corpus="toy", root=Path("/corpus"), table=table)


def test_labels_are_multi_hot_in_the_asked_order(index: RecordIndex) -> None:
    labels = index.labels(("LVH", "NORM", "PACE"))
    assert labels.dtype == bool
    assert labels.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_rows_in_folds_are_positions(index: RecordIndex) -> None:
    assert index.rows_in_folds((2,)).tolist() == [1, 2]
    assert index.rows_in_folds([9, 1]).tolist() == [0, 3]
    with pytest.raises(DatasetError, match="No record of toy is in fold 3, 10; there are folds 1, 2, 9"):
        index.rows_in_folds((2, 3, 10))


def test_shared_patients_are_named(index: RecordIndex) -> None:
    assert shared_patients(index, index.rows_in_folds((1,)), index.rows_in_folds((2,))) == {"7"}
    assert shared_patients(index, index.rows_in_folds((1, 2)), index.rows_in_folds((9,))) == set()


def test_take_keeps_order_and_numbers_anew(index: RecordIndex) -> None:
    some = index.take([3, 0])
    assert some.table["record_id"].tolist() == ["00004", "00001"]
    assert some.labels(("AFIB",)).tolist() == [[False], [True]]
    assert some.rows_in_folds((9,)).tolist() == [0]


def test_a_csv_round_trip_gives_the_same_table(index: RecordIndex, tmp_path: Path) -> None:
    index.to_csv(tmp_path / "index.csv")
    again = RecordIndex.from_csv(tmp_path / "index.csv", corpus="toy", root=index.root)
    for column in COLUMNS:
        before, after = index.table[column], again.table[column]
        assert ((before == after) | (before.isna() & after.isna())).all(), column
    assert again.table["record_id"].tolist()[0] == "00001", "leading zeros stay"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("", "cannot be read"), ("record_id,path\n1,a\n", "missing: patient_id, fold, age")],
)
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "index.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DatasetError, match=message):
        RecordIndex.from_csv(path, corpus="toy", root=tmp_path)


def test_a_record_that_stands_twice_is_refused(index: RecordIndex) -> None:
    with pytest.raises(DatasetError, match="Record 00002 stands twice in the index of toy"):
        index.take([0, 1, 1])


def test_records_whose_file_is_not_there_are_listed(index: RecordIndex, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/2.hea").touch()
    (tmp_path / "a/4").touch()
    before = replace(index, root=tmp_path, skipped=(("x", "told before"),))
    found = before.existing()
    assert found.table["record_id"].tolist() == ["00002", "00004"]
    assert found.skipped == (("x", "told before"), ("00001", NO_FILE), ("00003", NO_FILE))
    assert found.take([0]).skipped == found.skipped


def test_in_folds_keeps_all_where_none_is_named(index: RecordIndex) -> None:
    assert index.in_folds(None) is index
    assert index.in_folds((2,)).table["record_id"].tolist() == ["00002", "00003"]


@pytest.mark.parametrize(
    ("patient", "digits", "fold"),
    [("JS00000", "6d80cffb5b07", 2), ("JS00001", "bdbb8824a8d1", 6), ("10000032", "3a09ddc8be73", 10)],
)
def test_the_fold_of_a_patient_follows_from_sha_256(patient: str, digits: str, fold: int) -> None:
    """The digits are those of `printf ID | sha256sum`; stores built elsewhere or years later must split alike."""
    draw = int(digits, 16) / 16**12
    share = (draw - 0.28) / 0.72
    assert fold == (10 if draw < 0.28 else 1 + int(8 * share))
    assert fold_of_patient(patient, validation=0.08, test=0.20) == fold


def test_every_fold_has_its_share_and_no_test_fold_appears_unasked() -> None:
    folds = [fold_of_patient(str(number), validation=0.02, test=0.0) for number in range(20_000)]
    share = np.bincount(folds, minlength=11) / len(folds)
    assert share[10] == share[0] == 0.0
    assert abs(share[9] - 0.02) < 0.004
    assert np.abs(share[1:9] - 0.1225).max() < 0.01


def test_a_folder_is_described_without_any_name_in_it(tmp_path: Path) -> None:
    for name in ("DOE.JANE", "a.hea", "b.csv"):
        (tmp_path / name).touch()
    (tmp_path / "ROE").mkdir()
    assert contents_of(tmp_path) == "it holds 1 folders and 3 files (.csv, .hea among them)"
    assert contents_of(tmp_path / "ROE") == "it holds 0 folders and 0 files"
    assert contents_of(tmp_path / "none") == "there is no such folder"
