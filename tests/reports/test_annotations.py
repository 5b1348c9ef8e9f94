from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from suprem.errors import ReportError
from suprem.reports.agreement import Span
from suprem.reports.annotations import ANNOTATIONS_FILE, read_annotations
from suprem.reports.entity import Certainty
from suprem.reports.report import read_reports


def write(folder: Path, *lines: object) -> Path:
    path = folder / "annotations.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


def test_both_ways_to_write_a_span_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"report_id": 1, "entities": [{"start": 0, "end": 3, "certainty": "abnormal"}]},
        {"report_id": "2", "text": "pac", "spans": [{"start": 0, "end": 3, "label": "ABNORMAL"}]},
    )
    annotations, unresolved = read_annotations(path, {"1": "lvh"})
    assert [(item.report_id, item.text, item.spans) for item in annotations] == [
        ("1", "lvh", (Span(0, 3, Certainty.ABNORMAL),)),
        ("2", "pac", (Span(0, 3, Certainty.ABNORMAL),)),
    ]
    assert unresolved == []


def test_another_text_than_the_annotated_one_is_left_out(tmp_path: Path) -> None:
    line = {"report_id": "1", "text_sha256": sha256(b"lvh").hexdigest(), "entities": []}
    assert read_annotations(write(tmp_path, line), {"1": "LVH"}) == ([], ["1"])
    assert read_annotations(write(tmp_path, line), {}) == ([], ["1"])


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"entities": []}',
        {"report_id": "1", "entities": [{"start": 0, "end": 9, "certainty": "normal"}]},
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: object) -> None:
    with pytest.raises(ReportError, match="Line 1"):
        read_annotations(write(tmp_path, line), {"1": "lvh"})


def test_the_shipped_file_holds_no_text_and_is_split_in_thirds() -> None:
    lines = [json.loads(line) for line in ANNOTATIONS_FILE.read_text().splitlines()]
    assert len(lines) == len({line["text_sha256"] for line in lines}) == 180
    splits = ("develop", "check", "untouched")
    for line in lines:
        assert set(line) == {"report_id", "text_sha256", "split", "entities"}
        assert line["split"] == splits[int(sha256(line["report_id"].encode()).hexdigest(), 16) % 3]
        spans = [(entity["start"], entity["end"]) for entity in line["entities"]]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_the_shipped_file_resolves_against_the_corpus(test_data: Path) -> None:
    table = read_reports(test_data / "ptb-xl" / "ptbxl_database.csv")
    annotations, unresolved = read_annotations(ANNOTATIONS_FILE, {item.report_id: item.text for item in table.reports})
    assert (len(annotations), unresolved) == (180, [])
