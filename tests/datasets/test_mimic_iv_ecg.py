"""MIMIC-IV-ECG's layout, from a miniature of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.index import NO_FILE, TRAIN_FOLDS, VALIDATION_FOLDS, shared_patients
from suprem.datasets.mimic_iv_ecg import index_mimic_iv_ecg
from suprem.datasets.signal_store import build_signal_store
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.record import LEADS
from suprem.errors import CorpusNotFound, DatasetError
from suprem.reports.report import read_reports
from tests.tiny_corpora import an_ecg, write_mimic

STUDIES = [(10000032, 40689238), (10000032, 44458630), (10000117, 48446569), (10001401, 48445501)]
REPORTS = [["Sinus rhythm", "Normal ECG"], ["Sinus tachycardia"], ["Atrial fibrillation", "LBBB", "Abnormal ECG"], [""]]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_mimic(tmp_path / "mimic", STUDIES, REPORTS)


def test_every_record_is_indexed_under_its_study(corpus: Path) -> None:
    index = index_mimic_iv_ecg(corpus)
    assert index.table["record_id"].tolist() == ["40689238", "44458630", "48446569", "48445501"]
    assert index.table["patient_id"].tolist() == ["10000032", "10000032", "10000117", "10001401"]
    assert index.table["path"].iloc[0] == "files/p1000/p10000032/s40689238/40689238"
    assert index.table["age"].isna().all(), "MIMIC-IV itself has it"
    assert index.skipped == ()


def test_reports_are_found_under_the_ids_of_the_index(corpus: Path) -> None:
    table = read_reports(corpus / "machine_measurements.csv")
    index = index_mimic_iv_ecg(corpus)
    assert [report.report_id for report in table.reports] == index.table["record_id"].tolist()[:3]
    assert table.reports[2].text == "Atrial fibrillation. LBBB. Abnormal ECG"
    assert [entry.report_id for entry in table.skipped] == ["48445501"], "its report is empty"


def test_avf_before_avl_in_the_file_is_read_by_name(corpus: Path) -> None:
    """Read by position, aVL and aVF of every MIMIC record would be exchanged, and nothing would say so."""
    header = corpus / "files/p1000/p10000032/s40689238/40689238.hea"
    order = [line.split()[-1] for line in header.read_text().splitlines()[1:13]]
    assert order.index("aVF") == order.index("aVL") - 1 == 4
    record, truth = read_ecg(header), an_ecg(40689238)
    assert record.leads == LEADS
    for lead in ("aVL", "aVF"):
        assert np.abs(record.lead(lead) - truth.lead(lead)).max() <= 0.0026, "half a unit of 1/200 mV"
    assert np.abs(record.lead("aVL") - truth.lead("aVF")).max() > 0.2, "the two differ in this record"


def test_the_store_holds_every_lead_where_the_model_expects_it(corpus: Path, tmp_path: Path) -> None:
    spec = SignalSpec(fs=500, leads=LEADS)
    store = build_signal_store(index_mimic_iv_ecg(corpus), spec, tmp_path / "store", workers=1)
    truth = preprocess(an_ecg(48446569), spec).signal
    assert np.abs(store.read(np.array([2]))[0] - truth).max() < 0.006


def test_a_patient_is_in_one_fold_and_folds_do_not_depend_on_the_copy(tmp_path: Path) -> None:
    studies = [(10_000_000 + subject, 40_000_000 + 3 * subject + n) for subject in range(3000) for n in range(2)]
    rows = [(subject, study, study, "", f"files/{study}") for subject, study in studies]
    columns = ["subject_id", "study_id", "file_name", "ecg_time", "path"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "record_list.csv", index=False)
    (tmp_path / "files").mkdir()
    for _, study in studies:
        (tmp_path / f"files/{study}.hea").touch()
    index = index_mimic_iv_ecg(tmp_path)
    train, validation = index.rows_in_folds(TRAIN_FOLDS), index.rows_in_folds(VALIDATION_FOLDS)
    assert shared_patients(index, train, validation) == set()
    assert len(train) + len(validation) == 6000
    assert 0.01 < len(validation) / 6000 < 0.03
    part = index_mimic_iv_ecg(tmp_path, folds=(9,))
    assert part.table["record_id"].tolist() == index.take(validation).table["record_id"].tolist()
    pd.DataFrame(rows[:100], columns=columns).to_csv(tmp_path / "record_list.csv", index=False)
    assert index_mimic_iv_ecg(tmp_path).table["fold"].tolist() == index.table["fold"].tolist()[:100]


def test_what_this_copy_does_not_hold_is_listed_and_what_cannot_be_read_too(corpus: Path, tmp_path: Path) -> None:
    (corpus / "files/p1000/p10000032/s44458630/44458630.hea").unlink()
    (corpus / "files/p1000/p10000117/s48446569/48446569.dat").write_bytes(b"\0" * 240)
    index = index_mimic_iv_ecg(corpus)
    assert index.skipped == (("44458630", NO_FILE),)
    store = build_signal_store(index, SignalSpec(), tmp_path / "store", workers=1)
    assert store.index.table["record_id"].tolist() == ["40689238", "48445501"]
    assert [name for name, _ in store.skipped] == ["44458630", "48446569"]
    assert "holds 10" in store.skipped[1][1]


def test_a_record_without_any_signal_is_skipped(corpus: Path, tmp_path: Path) -> None:
    path = corpus / "files/p1000/p10000032/s44458630/44458630.dat"
    path.write_bytes(bytes(path.stat().st_size))
    store = build_signal_store(index_mimic_iv_ecg(corpus), SignalSpec(), tmp_path / "store", workers=1)
    assert [name for name, _ in store.skipped] == ["44458630"]


def test_another_folder_is_not_the_corpus(tmp_path: Path) -> None:
    (tmp_path / "MIMIC.zip").touch()
    with pytest.raises(
        CorpusNotFound, match=r"not a MIMIC-IV-ECG folder: it holds 0 folders and 1 files \(\.zip among"
    ):
        index_mimic_iv_ecg(tmp_path)
    with pytest.raises(CorpusNotFound, match=r"there is no such folder, and no record_list\.csv\. Give the folder"):
        index_mimic_iv_ecg(tmp_path / "nowhere")


def test_tables_without_the_signals_are_told(corpus: Path) -> None:
    (corpus / "files").rename(corpus / "elsewhere")
    with pytest.raises(DatasetError, match=r"None of the 4 records that record_list\.csv lists"):
        index_mimic_iv_ecg(corpus)
    with pytest.raises(DatasetError, match="No record of mimic-iv-ecg is in fold 10"):
        index_mimic_iv_ecg(corpus, folds=(10,))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no column": lambda path: path.write_text("subject_id,study_id\n1,2\n"),
    "no study": lambda path: path.write_text("subject_id,study_id,path\n1,,files/1\n"),
    "cut row": lambda path: path.write_text("subject_id,study_id,path\n1,2,files/1\n1,3\n"),
    "empty file": lambda path: path.write_text(""),
    "not text": lambda path: path.write_bytes(b"\xff\x00\xfe" * 50),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_told(corpus: Path, damage: Callable[[Path], object]) -> None:
    damage(corpus / "record_list.csv")
    with pytest.raises(DatasetError, match=r"record_list\.csv is not MIMIC-IV-ECG's table as released"):
        index_mimic_iv_ecg(corpus)
