from __future__ import annotations

import pytest

from suprem.reports.statement import split_statements


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("sinus rhythm.  normal ecg.", ["sinus rhythm", "normal ecg"]),
        ("sinus rhythm normal ecg 4.46 unconfirmed report", ["sinus rhythm normal ecg 4.46 unconfirmed report"]),
        ("left ant. hemiblock. old infarct", ["left ant. hemiblock", "old infarct"]),
        ("st &amp; t abnormal; normal axis", ["st &amp; t abnormal", "normal axis"]),
        ("sinus rhythm\nnormal ecg", ["sinus rhythm", "normal ecg"]),
        ("normal ecg. Edit: NORM 100, (NORM 100)", ["normal ecg"]),
        (" . ", []),
        ("", []),
    ],
)
def test_reports_are_cut_at_the_ends_of_statements(report: str, expected: list[str]) -> None:
    statements = split_statements(report)
    assert [statement.text for statement in statements] == expected
    assert all(report[item.start : item.start + len(item.text)] == item.text for item in statements)


def test_a_repeated_statement_keeps_its_own_place() -> None:
    assert [statement.start for statement in split_statements("pac. pac. pac")] == [0, 5, 10]
