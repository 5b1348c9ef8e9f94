"""Reports are found by id, with or without leading zeros, and equal ones are one text."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.concepts.report_texts import report_texts
from suprem.errors import DatasetError

TABLE = "ecg_id,report\n1,sinus rhythm\n2,atrial fibrillation\n3,sinus rhythm\n"


def test_each_text_stands_once_and_a_record_without_one_is_told(tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text(TABLE)
    found = report_texts(table, ["00003", "00004", "00002", "00001"])
    assert found.texts == ("sinus rhythm", "atrial fibrillation")
    assert found.of_record.tolist() == [0, -1, 1, 0]
    with pytest.raises(DatasetError, match=r"None of the 2 records has a report in reports\.csv"):
        report_texts(table, ["77", "78"])
