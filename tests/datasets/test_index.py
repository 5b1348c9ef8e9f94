"""The one table shape for every corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.index import COLUMNS, RecordIndex, shared_patients
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
