"""CSN's layout, from a miniature of it with its known defects, and from real records where those are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suprem.datasets.csn import index_csn
from suprem.datasets.signal_store import build_signal_store
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.record import LEADS
from suprem.errors import CorpusNotFound, DatasetError
from tests.tiny_corpora import an_ecg, write_challenge


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    records = tmp_path / "csn" / "WFDBRecords"
    write_challenge(records / "01/010/JS00001", "164889003,59118001,164934002", seed=1)
    write_challenge(records / "01/010/JS00344", "426177001,164934002,", seed=2, age="NaN")
    write_challenge(records / "03/033/JS03287", "164890007,,233917008", seed=3, age="97")
    write_challenge(records / "46/463/JS45551", "426783006,426783006", seed=4)
    return tmp_path / "csn"


def test_every_record_is_indexed_with_the_codes_of_its_header(corpus: Path) -> None:
    index = index_csn(corpus)
    assert index.table["record_id"].tolist() == ["JS00001", "JS00344", "JS03287", "JS45551"]
    assert index.table["path"].iloc[2] == "WFDBRecords/03/033/JS03287"
    assert index.table["codes"].tolist() == [
        ("164889003", "59118001", "164934002"),
        ("426177001", "164934002"),  # the list ends with a comma
        ("164890007", "233917008"),  # two commas in a row
        ("426783006",),  # one code twice
    ]
    assert index.table["age"].fillna(-1).tolist() == [85, -1, 89, 85]
    assert set(index.table["sex"]) == {"male"}
    assert index.table["patient_id"].tolist() == index.table["record_id"].tolist(), "one record per patient"
    assert index.skipped == ()


def test_labels_compare_codes_whole(corpus: Path) -> None:
    """MERL's published labels searched acronyms as substrings: there, any AV block is also ventricular bigeminy."""
    write_challenge(corpus / "WFDBRecords/02/020/JS02000", "270492004,4270840001")
    labels = index_csn(corpus).labels(("164889003", "16488900", "270492004", "427084000"))
    assert labels.sum(axis=0).tolist() == [1, 0, 1, 0]


def test_folds_are_72_to_8_to_20_and_stay(tmp_path: Path) -> None:
    text = "JS 12 500 5000\n#Dx: 426783006\n"
    for number in range(2000):
        (tmp_path / f"JS{number:05d}.hea").write_text(text)
    index = index_csn(tmp_path)
    shares = [np.mean(index.table["fold"].isin(folds)) for folds in (range(1, 9), (9,), (10,))]
    assert np.allclose(shares, (0.72, 0.08, 0.20), atol=0.02)
    counts = index.table["fold"].value_counts()
    assert counts[list(range(1, 9))].min() > 140, "180 each are expected"
    assert index_csn(tmp_path, folds=(9,)).table["fold"].unique().tolist() == [9]


def test_known_defects_are_listed_and_stop_nothing(corpus: Path, tmp_path: Path) -> None:
    records = corpus / "WFDBRecords"
    write_challenge(records / "01/019/JS01052", "426177001")
    broken = records / "01/019/JS01052.hea"
    lines = broken.read_text().splitlines()
    broken.write_text("\n".join(["JS01052 12 500 500000/mV 16 0 15 31255 0 I", *lines[2:]]) + "\n")
    (records / "01/010/.hea").write_text("")
    write_challenge(records / "23/236/S23074", "426177001")
    write_challenge(records / "23/236/JS23075", None)
    write_challenge(records / "23/237/JS00001", "426177001")
    index = index_csn(corpus)
    assert dict(index.skipped) == {
        "01/010/.hea": "Not named as a record of csn.",
        "23/236/S23074.hea": "Not named as a record of csn.",
        "JS23075": "The header has no #Dx line, so what the record shows is not known.",
        "23/237/JS00001.hea": "Record JS00001 stands twice; the first was taken.",
    }
    store = build_signal_store(index, SignalSpec(), tmp_path / "store", workers=1)
    assert len(store.index) == 4
    assert dict(store.skipped)["JS01052"] == "The WFDB header announces 12 signals or segments and describes 11."
    assert len(store.skipped) == 5


def test_a_signal_file_that_is_missing_is_listed_with_its_reason(corpus: Path, tmp_path: Path) -> None:
    (corpus / "WFDBRecords/01/010/JS00001.mat").unlink()
    store = build_signal_store(index_csn(corpus), SignalSpec(), tmp_path / "store", workers=1)
    ((name, reason),) = store.skipped
    assert name == "JS00001"
    assert "names a signal file that is not there" in reason


def test_samples_marked_as_missing_are_repaired(corpus: Path, tmp_path: Path) -> None:
    """87 records of Ningbo hold the integer that WFDB keeps for "no sample"."""
    path = corpus / "WFDBRecords/01/010/JS00001.mat"
    data = np.frombuffer(path.read_bytes()[24:], "<i2").reshape(-1, 12).copy()
    data[1000:1003, LEADS.index("V2")] = -32768
    path.write_bytes(path.read_bytes()[:24] + data.tobytes())
    record = read_ecg(path)
    assert np.isnan(record.lead("V2")).sum() == 3
    spec = SignalSpec(fs=500, leads=LEADS)
    store = build_signal_store(index_csn(corpus), spec, tmp_path / "store", workers=1)
    stored = store.read(np.array([0]))[0]
    whole = preprocess(an_ecg(1), spec).signal
    assert np.abs(stored - whole).max() < 0.15, "the mean of six neighbours stands in for 6 ms"
    assert np.abs(np.delete(stored - whole, slice(1000, 1003), axis=1)).max() < 0.002


def test_the_layout_of_the_challenge_is_read_too(tmp_path: Path) -> None:
    write_challenge(tmp_path / "chapman_shaoxing/g1/JS00001", "164889003", mark="# ")
    write_challenge(tmp_path / "ningbo/g1/JS10647", "426177001", mark="# ")
    index = index_csn(tmp_path)
    assert index.table["path"].tolist() == ["chapman_shaoxing/g1/JS00001", "ningbo/g1/JS10647"]
    assert index.table["codes"].tolist() == [("164889003",), ("426177001",)]
    assert index.table["age"].tolist() == [85, 85]


def test_another_folder_is_not_the_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusNotFound, match=r"not a CSN folder: .* Give the folder that holds WFDBRecords\.$"):
        index_csn(tmp_path)
    write_challenge(tmp_path / "g1/A0001", "59118001")
    with pytest.raises(CorpusNotFound, match="1 headers were left out; the first: Not named as a record of csn"):
        index_csn(tmp_path)
    with pytest.raises(CorpusNotFound, match="there is no such folder"):
        index_csn(tmp_path / "nowhere")


def test_a_fold_without_records_is_told(corpus: Path) -> None:
    with pytest.raises(DatasetError, match="No record of csn is in fold 11"):
        index_csn(corpus, folds=(11,))


def test_real_records_are_indexed_and_stored(test_data: Path, tmp_path: Path) -> None:
    index = index_csn(test_data / "cinc")
    assert len(index) == 20
    first = index.table.iloc[0]
    assert (first["record_id"], first["age"], first["sex"]) == ("JS00001", 85, "male")
    assert first["codes"] == ("164889003", "59118001", "164934002")
    assert len(index.skipped) == 46, "the folder holds records of other corpora too"
    store = build_signal_store(index, SignalSpec(), tmp_path / "store", workers=1)
    assert len(store.index) == 20
    assert 0.05 < store.read(np.arange(20)).std() < 1.0, "millivolts"
