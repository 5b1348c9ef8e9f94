"""The tasks against the labels they must give, the corpus' own statement table and the published counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.catalog import LABEL_VARIANTS, TASK_NAMES, load_task
from suprem.datasets.crop import CROPS
from suprem.datasets.index import COLUMNS, RecordIndex
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.task import Task
from suprem.errors import DatasetError

CLASSES = {
    "ptbxl_superclass": 5,
    "ptbxl_subclass": 23,
    "ptbxl_form": 19,
    "ptbxl_rhythm": 12,
    "ptbxl_all": 71,
    "cpsc2018": 9,
    "csn": 38,
    "challenge": 26,
}

# Labelled records and positives per class in folds 1-8 and in fold 9, as in published split tables.
PUBLISHED: dict[str, tuple[tuple[int, int], dict[str, tuple[int, int]]]] = {
    "ptbxl_superclass": (
        (17084, 2146),
        {"HYP": (2119, 268), "NORM": (7596, 955), "MI": (4379, 540), "CD": (3907, 495), "STTC": (4186, 528)},
    ),
    "ptbxl_subclass": (
        (17084, 2146),
        {
            "AMI": (2466, 306),
            "LAFB/LPFB": (1437, 181),
            "LVH": (1708, 210),
            "STTC": (1792, 225),
            "IMI": (2618, 326),
            "SEHYP": (24, 3),
            "CRBBB": (432, 55),
            "WPW": (64, 7),
            "LAO/LAE": (341, 43),
            "NORM": (7596, 955),
            "ISC": (1019, 125),
            "AVB": (658, 83),
            "RAO/RAE": (79, 10),
            "LMI": (161, 20),
            "ISCI": (318, 39),
            "ISCA": (756, 92),
            "NST": (615, 75),
            "CLBBB": (428, 54),
            "ILBBB": (62, 7),
            "IRBBB": (894, 112),
            "PMI": (13, 2),
            "RVH": (102, 12),
            "IVCD": (630, 78),
        },
    ),
    "ptbxl_form": (
        (7197, 901),
        {
            "PAC": (318, 40),
            "DIG": (145, 18),
            "HVOLT": (49, 7),
            "STD": (807, 101),
            "LPR": (272, 34),
            "QWAVE": (438, 55),
            "VCLVH": (701, 87),
            "NDT": (1461, 182),
            "TAB": (28, 4),
            "LOWT": (350, 44),
            "ABQRS": (2683, 322),
            "LNGQT": (94, 12),
            "PRC(S)": (8, 1),
            "NT": (340, 41),
            "STE": (22, 3),
            "NST": (615, 75),
            "PVC": (915, 114),
            "INVT": (235, 30),
            "LVOLT": (145, 19),
        },
    ),
    "ptbxl_rhythm": (
        (16832, 2100),
        {
            "SVARR": (128, 15),
            "BIGU": (66, 8),
            "STACH": (661, 83),
            "SARRH": (618, 77),
            "SBRAD": (509, 64),
            "TRIGU": (16, 2),
            "AFIB": (1211, 151),
            "SR": (13404, 1670),
            "SVTAC": (21, 3),
            "PSVT": (19, 3),
            "AFLT": (59, 7),
            "PACE": (237, 29),
        },
    ),
}


def index_of(*codes: tuple[str, ...]) -> RecordIndex:
    """An index whose records carry the given statements."""
    table = pd.DataFrame({name: [""] * len(codes) for name in COLUMNS})
    table["record_id"] = [f"r{row}" for row in range(len(codes))]
    table["patient_id"] = [f"p{row // 2}" for row in range(len(codes))]
    table["codes"] = list(codes)
    table["fold"] = 9
    return RecordIndex(corpus="test", root=Path(), table=table)


def members(task: Task) -> dict[str, set[str]]:
    return {entry.code: set(entry.members) for entry in task.classes}


@pytest.mark.parametrize("name", TASK_NAMES)
def test_every_task_has_its_classes_each_with_its_own_query(name: str) -> None:
    task = load_task(name)
    assert len(task.classes) == CLASSES[name]
    assert len(set(task.queries)) == len(task.queries)
    assert all(query.strip() == query != "" for query in task.queries)
    assert all(entry.members for entry in task.classes)
    assert task.citation
    assert task.defects
    assert task.crop in CROPS


def test_an_unknown_task_is_named_with_the_nearest_one() -> None:
    with pytest.raises(DatasetError, match=r"'ptbxl_rythm'.*Did you mean ptbxl_rhythm\?"):
        load_task("ptbxl_rythm")


def test_labels_of_an_unknown_variant_are_refused() -> None:
    with pytest.raises(DatasetError, match="no labels 'right'; choose exact or merl"):
        load_task("csn", "right")


def test_the_published_labels_of_csn_differ_in_seven_classes_and_those_of_other_tasks_in_none() -> None:
    for name in TASK_NAMES:
        exact, merl = (load_task(name, labels) for labels in LABEL_VARIANTS)
        differ = [a.code for a, b in zip(exact.classes, merl.classes, strict=True) if a.members != b.members]
        assert differ == (["2AVB", "VB", "SA", "CR", "AF", "AVB", "ST"] if name == "csn" else [])
    assert not any("substring" in defect or "searched within" in defect for defect in load_task("csn").defects)
    assert any("searched within" in defect for defect in load_task("csn", "merl").defects)


def test_atrial_fibrillation_is_atrial_flutter_in_the_published_labels_of_csn_only() -> None:
    index = index_of(("164889003",), ("164890007", "426783006"))
    flutter = load_task("csn").codes.index("AF")
    assert load_task("csn").label(index).present[:, flutter].tolist() == [False, True]
    assert load_task("csn", "merl").label(index).present[:, flutter].tolist() == [True, True]


def test_a_csn_record_without_any_of_the_classes_is_a_negative_of_all_of_them() -> None:
    """A plain sinus bradycardia is one; a record without any diagnosis is not known to be."""
    index = index_of(("426783006",), ("426177001",), ())
    assert load_task("csn").label(index).record_ids == ("r0", "r1")
    assert load_task("csn", "merl").label(index).record_ids == ("r0",)


def test_cpsc_is_read_in_full_and_as_published_where_its_labels_are() -> None:
    assert [load_task("cpsc2018", labels).crop for labels in LABEL_VARIANTS] == ["full", "published"]


def test_a_class_is_present_when_any_of_its_statements_is() -> None:
    labelled = load_task("ptbxl_subclass").label(index_of(("ASMI", "SR"), ("INJIL", "1AVB"), ("LPFB",)))
    present = {
        name: {code for code, yes in zip(labelled.task.codes, row, strict=True) if yes}
        for name, row in zip(labelled.record_ids, labelled.present, strict=True)
    }
    assert present == {"r0": {"AMI"}, "r1": {"IMI", "AVB"}, "r2": {"LAFB/LPFB"}}


def test_statements_are_compared_whole_and_never_as_parts_of_others() -> None:
    """Published label tables of another corpus take AF for present in AFIB; here AVB is not in 1AVB, MI not in IMI."""
    labelled = load_task("ptbxl_all").label(index_of(("1AVB",), ("ILMI",), ("NST_",)))
    assert labelled.present.sum() == 3


def test_records_without_a_label_of_the_task_are_left_out() -> None:
    labelled = load_task("ptbxl_rhythm").label(index_of(("NORM",), ("SR", "NORM"), (), ("AFIB",)))
    assert labelled.record_ids == ("r1", "r3")
    assert labelled.patients == ("p0", "p1")
    assert labelled.present.shape == (2, 12)
    kept = labelled.take([1])
    assert (kept.record_ids, kept.present.shape) == (("r3",), (1, 12))


def test_an_index_without_any_label_of_the_task_is_refused() -> None:
    with pytest.raises(DatasetError, match="None of 2 records of test has a label of ptbxl_form"):
        load_task("ptbxl_form").label(index_of(("SR",), ("NORM",)))


def test_published_records_are_known_for_the_evaluation_folds_only() -> None:
    task = load_task("ptbxl_form")
    assert task.published_in([9]) == 901
    assert task.published_in([9, 10, 9]) == 901 + 880
    assert task.published_in([8, 9]) is None


def test_the_groups_of_a_task_do_not_overlap_and_superclasses_unite_subclasses() -> None:
    fine, coarse = members(load_task("ptbxl_subclass")), members(load_task("ptbxl_superclass"))
    for groups in (fine, coarse):
        assert len(set().union(*groups.values())) == sum(map(len, groups.values())) == 44
    for group in fine.values():
        assert sum(group <= wider for wider in coarse.values()) == 1


def test_all_statements_are_those_of_the_four_other_tasks() -> None:
    others = [members(load_task(name)) for name in PUBLISHED]
    together = {statement for groups in others for group in groups.values() for statement in group}
    assert together == set(load_task("ptbxl_all").codes)


def test_groups_are_those_of_the_corpus_own_statement_table(test_data: Path) -> None:
    statements = pd.read_csv(test_data / "ptb-xl" / "scp_statements.csv", index_col=0)
    assert set(load_task("ptbxl_all").codes) == set(statements.index)
    for task, column in (("ptbxl_superclass", "diagnostic_class"), ("ptbxl_subclass", "diagnostic_subclass")):
        expected = statements[statements["diagnostic"] == 1].groupby(column).groups
        assert members(load_task(task)) == {code.strip("_"): set(group) for code, group in expected.items()}
    for task, column in (("ptbxl_form", "form"), ("ptbxl_rhythm", "rhythm")):
        expected_codes = set(statements.index[statements[column] == 1])
        assert members(load_task(task)) == {code.strip("_"): {code} for code in expected_codes}


@pytest.fixture(scope="module")
def ptbxl(test_data: Path) -> RecordIndex:
    return index_ptbxl(test_data / "ptb-xl", folds=range(1, 10))


@pytest.mark.parametrize("name", PUBLISHED)
def test_label_counts_equal_the_published_ones(name: str, ptbxl: RecordIndex) -> None:
    """Fold 9 exactly; in folds 1-8 release 1.0.3 has at most three records more than the published tables."""
    task = load_task(name)
    (train_records, validation_records), positives = PUBLISHED[name]
    assert set(positives) == set(task.codes)
    assert task.published_in([9]) == validation_records
    for folds, records, which, tolerance in ((range(1, 9), train_records, 0, 3), ([9], validation_records, 1, 0)):
        labelled = task.label(ptbxl.take(ptbxl.rows_in_folds(folds)))
        published = np.array([positives[code][which] for code in task.codes])
        assert abs(len(labelled.record_ids) - records) <= tolerance
        assert np.abs(labelled.present.sum(axis=0) - published).max() <= tolerance


def test_labels_equal_the_published_split_table_row_for_row(test_data: Path, ptbxl: RecordIndex) -> None:
    for name in PUBLISHED:
        short = name.removeprefix("ptbxl_")
        folder = short.replace("class", "_class")
        table = pd.read_csv(test_data / "splits" / "ptbxl" / folder / f"ptbxl_{folder}_val.csv")
        labelled = load_task(name).label(ptbxl.take(ptbxl.rows_in_folds([9])))
        order = {record: row for row, record in enumerate(labelled.record_ids)}
        rows = [order[f"{ecg:05d}"] for ecg in table["ecg_id"]]
        expected = table[list(labelled.task.codes)].to_numpy(bool)
        assert list(table.columns[-len(labelled.task.codes) :]) == list(labelled.task.codes)
        assert np.array_equal(labelled.present[rows], expected)


def test_every_record_of_the_evaluation_fold_has_a_statement(ptbxl: RecordIndex) -> None:
    task = load_task("ptbxl_all")
    assert len(task.label(ptbxl.take(ptbxl.rows_in_folds([9]))).record_ids) == task.published_in([9]) == 2183
