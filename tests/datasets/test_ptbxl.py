"""PTB-XL's layout, from a miniature of it, and from the real table where that is at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from suprem.datasets.index import TRAIN_FOLDS, VALIDATION_FOLDS, shared_patients
from suprem.datasets.ptbxl import index_ptbxl
from suprem.errors import CorpusNotFound, DatasetError
from tests.tiny import write_ptbxl

CODES = [{"NORM": 100.0, "LVOLT": 0.0, "SR": 0.0}, {"AFIB": 0.0}, {"LVH": 50.0}, {}, {"NORM": 80.0}, {"NORM": 15.0}]
FOLDS = [1, 2, 8, 9, 9, 10]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_ptbxl(tmp_path, CODES, FOLDS, patients=[15709.0, 15709.0, 2.0, 3.0, 4.0, 5.0])


def edit(corpus: Path, change: Callable[[pd.DataFrame], object]) -> None:
    table = pd.read_csv(corpus / "ptbxl_database.csv", dtype=object)
    change(table)
    table.to_csv(corpus / "ptbxl_database.csv", index=False)


def test_every_record_is_indexed_with_what_the_table_says(corpus: Path) -> None:
    index = index_ptbxl(corpus)
    assert len(index) == 6
    assert index.table["record_id"].tolist()[:2] == ["00001", "00002"]
    assert index.table["patient_id"].tolist()[:3] == ["15709", "15709", "2"], "not 15709.0"
    assert index.table["fold"].tolist() == FOLDS
    assert index.table["age"].tolist()[:2] == [89, 42], "300 stands for over 89"
    assert index.table["sex"].tolist()[:2] == ["female", "male"]
    assert index.table["device"].tolist()[0] == "CS-12   E"
    assert all((index.root / f"{path}.hea").is_file() for path in index.table["path"])


def test_a_statement_counts_whatever_its_likelihood(corpus: Path) -> None:
    labels = index_ptbxl(corpus).labels(("NORM", "LVOLT", "AFIB"))
    assert labels[:, 0].tolist() == [True, False, False, False, True, True]
    assert labels[:, 1].tolist() == [True, False, False, False, False, False]
    assert labels[1, 2]


def test_only_the_asked_folds_and_only_files_that_are_there(corpus: Path) -> None:
    assert index_ptbxl(corpus, folds=(9,)).table["record_id"].tolist() == ["00004", "00005"]
    (corpus / "records100/00000/00005_lr.hea").unlink()
    assert index_ptbxl(corpus, folds=(9,)).table["record_id"].tolist() == ["00004"]
    assert index_ptbxl(corpus, folds=(9,)).rows_in_folds((9,)).tolist() == [0]


def test_a_rate_that_is_not_there_or_not_shipped_is_refused(corpus: Path) -> None:
    with pytest.raises(DatasetError, match="No 500 Hz record"):
        index_ptbxl(corpus, fs=500)
    with pytest.raises(DatasetError, match="100 and 500 Hz, not at 250 Hz"):
        index_ptbxl(corpus, fs=250)
    with pytest.raises(DatasetError, match="No 100 Hz record of the asked folds"):
        index_ptbxl(corpus, folds=(5,))


def test_another_folder_is_not_the_corpus(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CorpusNotFound, match=r"is not a PTB-XL folder: ptbxl_database\.csv is missing"):
            index_ptbxl(folder)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no column": lambda corpus: edit(corpus, lambda t: t.pop("scp_codes")),
    "codes that are no dictionary": lambda corpus: edit(corpus, lambda t: t.__setitem__("scp_codes", "['NORM']")),
    "codes that are a program": lambda corpus: edit(corpus, lambda t: t.__setitem__("scp_codes", "print('x')")),
    "codes that are cut": lambda corpus: edit(corpus, lambda t: t.__setitem__("scp_codes", "{'NORM': ")),
    "no codes": lambda corpus: edit(corpus, lambda t: t.__setitem__("scp_codes", None)),
    "fold that is a word": lambda corpus: edit(corpus, lambda t: t.__setitem__("strat_fold", "nine")),
    "no fold": lambda corpus: edit(corpus, lambda t: t.__setitem__("strat_fold", None)),
    "age that is a word": lambda corpus: edit(corpus, lambda t: t.__setitem__("age", "old")),
    "empty file": lambda corpus: (corpus / "ptbxl_database.csv").write_text(""),
    "not text": lambda corpus: (corpus / "ptbxl_database.csv").write_bytes(b"\xff\x00\xfe" * 50),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_told(corpus: Path, damage: Callable[[Path], object]) -> None:
    damage(corpus)
    with pytest.raises(DatasetError, match=r"ptbxl_database\.csv is not PTB-XL's table as released"):
        index_ptbxl(corpus)


# Records of fold 9 that carry a statement: the validation column that MERL and SuPreME publish for form and rhythm.
FOLD_9 = {
    "PAC": 40, "DIG": 18, "HVOLT": 7, "STD_": 101, "LPR": 34, "QWAVE": 55, "VCLVH": 87, "NDT": 182, "TAB_": 4,
    "LOWT": 44, "ABQRS": 322, "LNGQT": 12, "PRC(S)": 1, "NT_": 41, "STE_": 3, "NST_": 75, "PVC": 114, "INVT": 30,
    "LVOLT": 19, "SVARR": 15, "BIGU": 8, "STACH": 83, "SARRH": 77, "SBRAD": 64, "TRIGU": 2, "AFIB": 151, "SR": 1670,
    "SVTAC": 3, "PSVT": 3, "AFLT": 7, "PACE": 29, "NORM": 955, "CLBBB": 54, "CRBBB": 55, "WPW": 7,
}  # fmt: skip


def test_the_real_table_has_the_published_split(test_data: Path) -> None:
    index = index_ptbxl(test_data / "ptb-xl")
    train, validation = index.rows_in_folds(TRAIN_FOLDS), index.rows_in_folds(VALIDATION_FOLDS)
    assert len(train) + len(validation) == 19_601
    assert shared_patients(index, train, validation) == set()
    counts = index.take(validation).labels(tuple(FOLD_9)).sum(axis=0)
    assert dict(zip(FOLD_9, counts.tolist(), strict=True)) == FOLD_9
    assert index.table["age"].max() == 89
