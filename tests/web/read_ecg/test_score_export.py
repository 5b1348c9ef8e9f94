"""The CSV file opens safely in a spreadsheet and carries the notice."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from suprem.concepts.query import Support
from suprem.export import RESEARCH_USE, text_cell
from suprem.inference.missing_signal import MissingCost
from suprem.inference.score import QueryScore
from suprem.web.read_ecg.score_export import COLUMNS, scores_as_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =HYPERLINK(1)", "\n=1"])
def test_a_text_that_could_be_a_formula_is_escaped(text: str) -> None:
    assert text_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["atrial fibrillation", "ST-elevation", "T wave = flat", ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert text_cell(text) == text


def test_rows_are_in_order_numbers_stay_numbers_and_the_notice_is_last() -> None:
    cost = MissingCost("5 s of 12 leads", 0.02, measured=True, sparse=False)
    scores = [
        QueryScore("=cmd", "=cmd", 0.75, 1.0986, Support.OUTSIDE, (("-x", 0.5), ("y, z", 0.25)), "abc", missing=cost),
        QueryScore('say "AF"', "atrial fibrillation", 0.25, -1.0986, Support.TRAINED, (), "abc"),
    ]
    rows = list(csv.reader(StringIO(scores_as_csv(scores, "Upload 1 (WFDB)"))))
    assert rows[0] == list(COLUMNS)
    assert rows[1] == [
        *("Upload 1 (WFDB)", "'=cmd", "'=cmd", "0.750000", "1.098600"),
        *("0.020000", "Scored from 5 s of 12 leads; for this finding that costs 0.02 of AUROC."),
        *("outside", "'-x (0.50); y, z (0.25)", "abc"),
    ]
    assert rows[2][1:5] == ['say "AF"', "atrial fibrillation", "0.250000", "-1.098600"]
    assert rows[-1] == [RESEARCH_USE]
