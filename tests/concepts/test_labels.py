from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from suprem.concepts.labels import MASKED, LabelMatrix, ReportFindings, label_matrix, read_findings
from suprem.errors import ConceptError
from suprem.reports.entity import Certainty

CARRIED = {"lvh": "LVH", "left ventricular hypertrophy": "LVH", "sinus rhythm": "SR"}


def report(*findings: tuple[str, str], report_id: str = "1", understood: bool = True) -> ReportFindings:
    return ReportFindings(report_id, tuple((name, name, Certainty(level)) for name, level in findings), understood)


def label(*findings: tuple[str, str]) -> int:
    return int(label_matrix([report(*findings)], CARRIED, ["LVH"]).values[0, 0])


@pytest.mark.parametrize(("certainty", "value"), [("normal", 1), ("abnormal", 1), ("uncertain", -1), ("negated", 0)])
def test_each_certainty_has_its_label(certainty: str, value: int) -> None:
    assert label(("lvh", certainty)) == value


def test_what_is_not_mentioned_is_absent() -> None:
    assert label(("sinus rhythm", "normal"), ("elephant", "abnormal")) == 0


@pytest.mark.parametrize("other", ["uncertain", "negated"])
def test_a_plain_statement_outweighs_the_rest_in_either_order(other: str) -> None:
    assert label(("lvh", "abnormal"), ("left ventricular hypertrophy", other)) == 1
    assert label(("left ventricular hypertrophy", other), ("lvh", "abnormal")) == 1


def test_a_doubt_outweighs_a_denial() -> None:
    assert label(("lvh", "negated"), ("lvh", "uncertain")) == label(("lvh", "uncertain"), ("lvh", "negated")) == -1


def test_a_report_that_was_not_understood_is_masked() -> None:
    assert (label_matrix([report(understood=False)], CARRIED, ["LVH", "SR"]).values == -1).all()


def test_records_are_those_of_the_index_and_masked_without_a_report() -> None:
    labels = label_matrix([report(("lvh", "abnormal"), report_id="7")], CARRIED, ["LVH"], record_ids=["00008", "00007"])
    assert labels.record_ids == ("00008", "00007")
    assert labels.values.tolist() == [[-1], [1]]


def test_the_file_loads_without_pickle(tmp_path: Path) -> None:
    with (tmp_path / "labels.npz").open("wb") as file:
        LabelMatrix(("1",), ("LVH", "SR"), np.array([[1, -1]], np.int8)).save(file)
    with np.load(tmp_path / "labels.npz", allow_pickle=False) as found:
        assert found["record_ids"].tolist() == ["1"]
        assert found["codes"].tolist() == ["LVH", "SR"]
        assert found["values"].dtype == np.int8


def test_damaged_lines_are_counted_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "entities.jsonl"
    good = {"report_id": 3, "entities": [{"text": "LVH", "certainty": "abnormal", "name": "lvh"}]}
    path.write_text(json.dumps(good) + '\n{"half\n[]\n\n' + json.dumps({"report_id": 4, "entities": [{}]}) + "\n")
    reports, damaged = read_findings(path)
    assert reports == [ReportFindings("3", (("LVH", "lvh", Certainty.ABNORMAL),))]
    assert damaged == 3


def test_a_file_without_one_usable_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("prose")
    with pytest.raises(ConceptError, match=r"entities\.jsonl"):
        read_findings(tmp_path / "x")


def test_records_are_found_with_and_without_leading_zeros_and_the_unknown_are_masked() -> None:
    matrix = LabelMatrix(("1", "2"), ("SR", "AFIB"), np.array([[1, 0], [-1, 1]], np.int8))
    assert matrix.of(["00002", "7", "1"]).tolist() == [[-1, 1], [MASKED, MASKED], [1, 0]]
    assert matrix.of([]).shape == (0, 2)
