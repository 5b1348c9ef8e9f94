"""What PTB-XL's further columns tell of a record, and that evaluation does not read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suprem.datasets.index import RecordIndex
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.ptbxl_annotations import annotate
from tests.tiny import write_ptbxl

CASES: list[tuple[str, dict[str, float], dict[str, Any], set[str], set[str]]] = [
    ("a likelihood below 50 is doubted", {"LVH": 35.0, "NORM": 15.0}, {}, set(), {"LVH", "NORM"}),
    ("50 and more is not, nor one that is not given", {"LVH": 50.0, "CRBBB": 80.0, "SR": 0.0}, {}, set(), set()),
    ("stage I is acute", {"IMI": 100.0}, {"stadia": ("Stadium I", "")}, {"ACUTEMI"}, {"STE_"}),
    ("one of two in stage I", {"IMI": 80.0}, {"stadia": ("Stadium III", "Stadium I")}, {"ACUTEMI", "OLDMI"}, {"STE_"}),
    ("stage III is a scar", {"AMI": 100.0}, {"stadia": ("Stadium III", "")}, {"OLDMI"}, {"STE_"}),
    ("no stage is neither", {"AMI": 100.0}, {"stadia": ("unknown", "")}, set(), {"ACUTEMI", "OLDMI", "STE_"}),
    ("stage II is not old", {"AMI": 100.0}, {"stadia": ("Stadium II", "")}, set(), {"ACUTEMI", "STE_"}),
    (
        "a stage of a doubted infarct decides nothing",
        {"AMI": 15.0},
        {"stadia": ("Stadium I", "")},
        set(),
        {"AMI", "ACUTEMI", "OLDMI", "STE_"},
    ),
    ("an injury may be an infarct", {"INJAS": 100.0}, {}, set(), {"ACUTEMI", "OLDMI", "STE_"}),
    ("a stated ST elevation stays", {"AMI": 100.0, "STE_": 0.0}, {"stadia": ("Stadium III", "")}, {"OLDMI"}, set()),
    ("a normal axis", {"NORM": 100.0}, {"axis": "MID"}, {"AXN"}, set()),
    ("a borderline axis", {"NORM": 100.0}, {"axis": "AXL"}, set(), {"LAD"}),
    ("an axis of another word", {"NORM": 100.0}, {"axis": "SAG"}, set(), set()),
    ("typed extra beats", {"SR": 0.0}, {"extra_beats": "2SVES,VES1,alles"}, {"PAC", "PVC"}, set()),
    ("untyped extra beats", {"PVC": 100.0}, {"extra_beats": "3ES"}, {"PRC(S)"}, {"PAC"}),
    ("a bare number", {"SR": 0.0}, {"extra_beats": "1,V1"}, set(), set()),
    ("a pacemaker without pacing", {"SR": 0.0}, {"pacemaker": "ja, nan"}, set(), {"PACE"}),
    ("a pacemaker with pacing", {"PACE": 100.0}, {"pacemaker": "ja, pacemaker"}, set(), set()),
]


@pytest.mark.parametrize(
    ("statements", "columns", "noted", "doubted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_a_record_is_annotated_with(
    statements: dict[str, float], columns: dict[str, Any], noted: set[str], doubted: set[str]
) -> None:
    found = annotate(statements, **columns)
    assert (set(found.noted), set(found.doubted)) == (noted, doubted)


def test_annotations_travel_with_the_index_and_leave_the_statements_alone(tmp_path: Path) -> None:
    root = write_ptbxl(tmp_path, [{"IMI": 15.0}, {"IMI": 100.0}, {"LVH": 15.0}], [1, 1, 1])
    table = pd.read_csv(root / "ptbxl_database.csv")
    table["heart_axis"] = ["LAD", None, "MID"]
    table["infarction_stadium1"] = [None, "Stadium I", None]
    table["likelihood_known"] = [True, True, False]
    table.to_csv(root / "ptbxl_database.csv", index=False)
    index = index_ptbxl(root)
    index.to_csv(tmp_path / "index.csv")
    for read in (index, RecordIndex.from_csv(tmp_path / "index.csv", corpus="ptb-xl", root=root)):
        assert read.table["codes"].tolist() == [("IMI",), ("IMI",), ("LVH",)]
        assert read.table["noted"].tolist() == [("LAD",), ("ACUTEMI",), ("AXN",)]
        assert read.table["doubted"].tolist()[1:] == [("STE_",), ()], "nobody knows the third likelihood"
        assert read.annotated("noted") == ("ACUTEMI", "AXN", "LAD")
        assert read.labels(("IMI",)).tolist() == [[True], [True], [False]], "evaluation counts any likelihood"
        assert read.labels(("IMI", "LVH"), of="doubted").tolist() == [[True, False], [False, False], [False, False]]


def test_a_table_of_another_corpus_has_no_annotations(tmp_path: Path) -> None:
    index = index_ptbxl(write_ptbxl(tmp_path, [{"SR": 0.0}], [1]))
    plain = RecordIndex(corpus="other", root=tmp_path, table=index.table.drop(columns=["noted", "doubted"]))
    assert plain.annotated("doubted") == ()
    assert plain.count("doubted") == 0
    assert not plain.labels(("SR",), of="noted").any()


def test_the_real_columns_are_read(test_data: Path) -> None:
    index = index_ptbxl(test_data / "ptb-xl")
    noted = dict(zip(index.annotated("noted"), index.labels(index.annotated("noted"), of="noted").sum(0), strict=True))
    assert noted["AXN"] == 7016
    assert 120 < noted["ACUTEMI"] < 140
    assert noted["PAC"] > 400
    stated = index.labels(("STE_", "IMI"))
    doubted = index.labels(("STE_", "IMI"), of="doubted")
    assert not (stated & doubted)[:, 0].any(), "no stated ST elevation is doubted"
    assert (doubted[:, 1] & stated[:, 1]).sum() == doubted[:, 1].sum() == 869
