"""MERL's tables: read as they are, matched with a corpus, and refused where they are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.catalog import load_task
from suprem.datasets.cpsc2018 import index_cpsc2018
from suprem.datasets.csn import index_csn
from suprem.datasets.merl_splits import read_merl_split
from suprem.errors import DatasetError
from tests.tiny_corpora import write_challenge

CSN_EXACT, CSN_MERL = load_task("csn"), load_task("csn", "merl")
SIZES = {
    "ptbxl_superclass": (17084, 2146, 2158),
    "ptbxl_subclass": (17084, 2146, 2158),
    "ptbxl_form": (7197, 901, 880),
    "ptbxl_rhythm": (16832, 2100, 2098),
    "cpsc2018": (4950, 551, 1376),
    "csn": (16546, 1860, 4620),
}


def csn_table(folder: Path, part: str, rows: dict[str, tuple[str, ...]], **change: object) -> None:
    """Write one of the tables of CSN."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"ecg_path": [f"/chapman/WFDBRecords/01/010/{name}.mat" for name in rows], "age": 12})
    for code in CSN_MERL.codes:
        table[code] = [int(code in present) for present in rows.values()]
    table.assign(**change).to_csv(folder / f"chapman_{part}.csv", index=False)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "splits"
    csn_table(folder / "chapman", "train", {"JS00001": ("AF", "AFIB"), "JS00002": ("SR",)})
    csn_table(folder / "chapman", "val", {"JS00003": ("SR",)})
    csn_table(folder / "chapman", "test", {"JS00005": ("AF",), "JS00004": ("AF", "AFIB")})
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    codes = {"JS00001": "164889003", "JS00004": "164889003", "JS00005": "164890007", "JS00006": "426783006"}
    for seed, (name, dx) in enumerate(codes.items()):
        write_challenge(tmp_path / "csn" / name, dx, seed=seed)
    return tmp_path / "csn"


def test_labels_and_parts_of_the_merl_variant_are_those_of_the_tables(tables: Path, corpus: Path) -> None:
    labelled = read_merl_split(tables, CSN_MERL).label(CSN_MERL, index_csn(corpus))
    assert labelled.record_ids == ("JS00001", "JS00005", "JS00004")
    assert labelled.index.table["fold"].tolist() == [1, 10, 10]
    assert labelled.present[:, CSN_MERL.codes.index("AF")].tolist() == [True, True, True]
    assert labelled.task.published_in([1, 10]) == 4


def test_the_exact_variant_takes_the_parts_and_labels_correctly(tables: Path, corpus: Path) -> None:
    labelled = read_merl_split(tables / "chapman", CSN_EXACT).label(CSN_EXACT, index_csn(corpus))
    assert labelled.present[:, CSN_EXACT.codes.index("AF")].tolist() == [False, True, False]
    assert labelled.present[:, CSN_EXACT.codes.index("AFIB")].tolist() == [True, False, True]


def test_a_corpus_without_any_of_the_records_is_refused(tables: Path, tmp_path: Path) -> None:
    write_challenge(tmp_path / "other" / "JS00009", "426783006")
    with pytest.raises(DatasetError, match="None of the 5 records of MERL's tables of csn is among the 1 records"):
        read_merl_split(tables, CSN_MERL).label(CSN_MERL, index_csn(tmp_path / "other"))


def test_tables_that_are_missing_damaged_or_of_no_split_are_named(tables: Path) -> None:
    with pytest.raises(DatasetError, match=r"There is no icbeb_train\.csv"):
        read_merl_split(tables, load_task("cpsc2018"))
    with pytest.raises(DatasetError, match="MERL has no split of ptbxl_all"):
        read_merl_split(tables, load_task("ptbxl_all"))
    csn_table(tables / "chapman", "val", {"JS00003": ("SR",)}, SR=2)
    with pytest.raises(DatasetError, match=r"chapman_val.csv is not MERL's table of csn: a label is neither 0 nor 1"):
        read_merl_split(tables, CSN_MERL)
    csn_table(tables / "chapman", "val", {"JS00001": ("SR",)})
    with pytest.raises(DatasetError, match="JS00001 stands twice"):
        read_merl_split(tables, CSN_MERL)


@pytest.mark.parametrize("name", SIZES)
def test_the_published_tables_have_their_published_sizes(test_data: Path, name: str) -> None:
    held = read_merl_split(test_data / "splits", load_task(name)).table["fold"].value_counts()
    assert tuple(held[fold] for fold in (1, 9, 10)) == SIZES[name]


def test_labels_made_by_the_substring_rule_are_those_of_the_published_tables(test_data: Path) -> None:
    """All 23,026 rows: the codes under `merl` in csn.toml are the acronyms that the tables take for a class."""
    tables = [
        pd.read_csv(test_data / "splits" / "chapman" / f"chapman_{part}.csv") for part in ("train", "val", "test")
    ]
    diagnoses = [str(cell).split(",") for cell in pd.concat(tables)["diagnose"].fillna("")]
    acronym = {entry.members[0]: entry.code for entry in CSN_EXACT.classes} | {
        "251146004": "LVQRSAL",
        "28189009": "2AVB2",
        "27885002": "3AVB",
    }
    published = read_merl_split(test_data / "splits", CSN_MERL).table
    for entry in CSN_MERL.classes:
        names = {acronym[code] for code in entry.members}
        made = np.array([not names.isdisjoint(present) for present in diagnoses])
        assert np.array_equal(made, published[entry.code].to_numpy()), entry.code


def test_exact_positives_of_the_test_part_are_the_known_ones(test_data: Path) -> None:
    table = pd.read_csv(test_data / "splits" / "chapman" / "chapman_test.csv")
    exact = table["diagnose"].fillna("").str.split(",")
    known = {"2AVB": 3, "VB": 0, "SA": 395, "CR": 12, "AF": 690, "AVB": 39, "ST": 1030}
    assert {code: int(exact.map(lambda present, code=code: code in present).sum()) for code in known} == known


def test_real_headers_agree_with_the_tables(test_data: Path) -> None:
    """CPSC-2018 in every label; CSN but for JS00005, which has a first degree AV block in the Challenge only."""
    cpsc = load_task("cpsc2018", "merl")
    labelled = read_merl_split(test_data / "splits", cpsc).label(cpsc, index_cpsc2018(test_data / "cinc"))
    assert len(labelled.record_ids) == 30
    assert np.array_equal(labelled.present, cpsc.present_in(labelled.index))
    labelled = read_merl_split(test_data / "splits", CSN_MERL).label(CSN_MERL, index_csn(test_data / "cinc"))
    differ = (labelled.present != CSN_MERL.present_in(labelled.index)).any(axis=1)
    assert [name for name, other in zip(labelled.record_ids, differ, strict=True) if other] == ["JS00005"]


@pytest.mark.parametrize("name", SIZES)
def test_published_counts_of_the_class_lists_are_the_sums_of_the_tables(test_data: Path, name: str) -> None:
    task = load_task(name, "merl")
    table = read_merl_split(test_data / "splits", task).table
    for part, fold in enumerate((1, 9, 10)):
        sums = table.loc[table["fold"] == fold, list(task.codes)].sum()
        assert {entry.code: entry.published[part] for entry in task.classes} == sums.to_dict()
