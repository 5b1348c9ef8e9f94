"""CPSC-2018 in both packagings, from miniatures of them, and from real records where those are at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.cpsc2018 import ABBREVIATIONS, CLASSES, SNOMED, index_cpsc2018
from suprem.datasets.index import NO_FILE
from suprem.datasets.signal_store import build_signal_store
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.record import LEADS
from suprem.errors import CorpusNotFound, DatasetError
from tests.tiny_corpora import an_ecg, write_challenge, write_cpsc_original

LABELS: dict[str, list[int]] = {"A0001": [5], "A0002": [1], "A0003": [2, 5], "A0004": [8, 6, 9]}
CODES = [("CRBBB",), ("NORM",), ("AFIB", "CRBBB"), ("STD", "PAC", "STE")]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return write_cpsc_original(tmp_path / "cpsc", LABELS)


@pytest.fixture
def challenge(tmp_path: Path) -> Path:
    for seed, (name, classes) in enumerate(LABELS.items()):
        dx = ",".join(SNOMED[number - 1] for number in classes)
        write_challenge(tmp_path / "cpsc_2018" / f"g{seed // 2 + 1}" / name, dx, seed=seed, mark="# ")
    return tmp_path / "cpsc_2018"


def test_both_packagings_give_the_same_records_labels_and_folds(original: Path, challenge: Path) -> None:
    first, second = index_cpsc2018(original), index_cpsc2018(challenge)
    for column in ("record_id", "patient_id", "fold", "codes"):
        assert first.table[column].tolist() == second.table[column].tolist()
    assert first.table["codes"].tolist() == CODES, "first, second and third label, in their order"
    assert first.table["path"].iloc[2] == "TrainingSet2/A0003.mat"
    assert second.table["path"].iloc[2] == "g2/A0003"
    assert second.table["age"].tolist() == [85] * 4
    assert first.skipped == second.skipped == ()


def test_both_packagings_give_the_same_store(original: Path, challenge: Path, tmp_path: Path) -> None:
    spec = SignalSpec(fs=250, leads=LEADS)
    stores = [
        build_signal_store(index_cpsc2018(root), spec, tmp_path / f"store{i}", workers=1)
        for i, root in enumerate((original, challenge))
    ]
    truth = preprocess(an_ecg(2), spec).signal
    for store in stores:
        assert store.skipped == ()
        assert np.abs(store.read(np.array([2]))[0] - truth).max() < 0.002


@pytest.mark.parametrize("names", [SNOMED, ABBREVIATIONS])
def test_each_class_is_known_by_its_code_and_by_the_abbreviation_of_the_first_release(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for number, name in enumerate(names, start=1):
        write_challenge(tmp_path / f"A{number:04d}", name)
    assert [codes for (codes,) in index_cpsc2018(tmp_path).table["codes"]] == list(CLASSES)


def test_what_is_missing_or_unlabelled_is_listed(original: Path) -> None:
    (original / "TrainingSet1/A0002.mat").unlink()
    (original / "TrainingSet2/A0003.mat").rename(original / "TrainingSet2/A0009.mat")
    table = pd.read_csv(original / "REFERENCE.csv")
    table.loc[0, "First_label"] = 12
    table.to_csv(original / "REFERENCE.csv", index=False)
    index = index_cpsc2018(original)
    assert index.table["record_id"].tolist() == ["A0004"]
    assert index.skipped == (
        ("A0001", "Its label in REFERENCE.csv is 12; expected 1 to 9."),
        ("A0002", NO_FILE),
        ("A0003", NO_FILE),
        ("A0009", "REFERENCE.csv does not label it."),
    )


def test_records_of_other_collections_and_unknown_codes_are_listed(challenge: Path) -> None:
    write_challenge(challenge / "g1/Q0001", "164867002")
    write_challenge(challenge / "g1/A0005", "427084000")
    write_challenge(challenge / "g1/A0006", "")
    assert dict(index_cpsc2018(challenge).skipped) == {
        "g1/Q0001.hea": "Not named as a record of cpsc2018.",
        "A0005": "Its #Dx is 427084000, which is none of the nine classes.",
        "A0006": "Its #Dx is empty, which is none of the nine classes.",
    }


def test_a_file_that_cannot_be_read_is_skipped_with_its_reason(original: Path, tmp_path: Path) -> None:
    path = original / "TrainingSet1/A0001.mat"
    path.write_bytes(path.read_bytes()[:3000])
    store = build_signal_store(index_cpsc2018(original), SignalSpec(), tmp_path / "store", workers=1)
    ((name, reason),) = store.skipped
    assert name == "A0001"
    assert reason.startswith("The MATLAB file is damaged")


def test_another_folder_is_not_the_corpus(original: Path, tmp_path: Path) -> None:
    with pytest.raises(
        CorpusNotFound, match=r"neither usable headers .* nor REFERENCE\.csv with A0001\.mat\. Give the"
    ):
        index_cpsc2018(tmp_path / "nowhere")
    write_challenge(tmp_path / "csn/JS00001", "426783006")
    with pytest.raises(CorpusNotFound, match="1 headers were left out; the first: Not named"):
        index_cpsc2018(tmp_path / "csn")
    for path in original.rglob("*.mat"):
        path.unlink()
    with pytest.raises(CorpusNotFound, match=r"it holds 2 folders and 1 files \(\.csv among them\)"):
        index_cpsc2018(original)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no column": lambda path: path.write_text("Recording,First_label\nA0001,5\n"),
    "empty file": lambda path: path.write_text(""),
    "not text": lambda path: path.write_bytes(b"\xff\x00\xfe" * 50),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_told(original: Path, damage: Callable[[Path], object]) -> None:
    damage(original / "REFERENCE.csv")
    with pytest.raises(DatasetError, match=r"REFERENCE\.csv is not CPSC-2018's table as released"):
        index_cpsc2018(original)


def test_real_records_are_indexed_as_the_reference_labels_them(test_data: Path, tmp_path: Path) -> None:
    index = index_cpsc2018(test_data / "cinc")
    assert len(index) == 30
    published = pd.concat(
        pd.read_csv(test_data / f"splits/icbeb/icbeb_{part}.csv") for part in ("train", "val", "test")
    )
    published = published.set_index("filename").loc[index.table["record_id"], list(CLASSES)]
    assert np.array_equal(index.labels(CLASSES), published.to_numpy(bool))
    store = build_signal_store(index, SignalSpec(), tmp_path / "store", workers=1)
    assert (len(store.index), len(store.skipped)) == (30, 36), "36 records of the folder are of other corpora"
