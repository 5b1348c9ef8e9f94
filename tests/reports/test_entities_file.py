"""What reports state survives its file; lines of another form are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suprem.errors import ConceptError
from suprem.reports.entities_file import Mention, ReportFindings, line_of, read_findings
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language


def test_damaged_lines_are_counted_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "entities.jsonl"
    good = {"report_id": 3, "entities": [{"text": "LVH", "certainty": "abnormal", "name": "lvh"}]}
    path.write_text(json.dumps(good) + '\n{"half\n[]\n\n' + json.dumps({"report_id": 4, "entities": [{}]}) + "\n")
    reports, damaged = read_findings(path)
    assert reports == [ReportFindings("3", (Mention("LVH", "lvh", Certainty.ABNORMAL),))]
    assert damaged == 3


def test_a_file_without_one_usable_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("prose")
    with pytest.raises(ConceptError, match=r"entities\.jsonl"):
        read_findings(tmp_path / "x")


def test_what_a_report_states_survives_its_file(tmp_path: Path) -> None:
    reports = [
        ReportFindings("1", (Mention("af", "atrial fibrillation", Certainty.UNCERTAIN),), Language.PARTLY),
        ReportFindings("2", ()),
    ]
    (tmp_path / "entities.jsonl").write_text("".join(map(line_of, reports)))
    assert read_findings(tmp_path / "entities.jsonl") == (reports, 0)
