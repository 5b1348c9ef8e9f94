from __future__ import annotations

from pathlib import Path

import pytest

from suprem.errors import ReportError
from suprem.reports.report import MAX_CHARACTERS, Report, read_reports


def write(folder: Path, text: str) -> Path:
    path = folder / "reports.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    table = read_reports(write(tmp_path, 'record_id,age,text\n7,60,"sinus rhythm, normal ecg"\n'))
    assert table.reports == (Report("7", "sinus rhythm, normal ecg"),)


def test_the_english_report_of_ptb_xl_comes_first(tmp_path: Path) -> None:
    path = write(tmp_path, "ecg_id,report,report_en\n1,sinusrhythmus,sinus rhythm\n")
    assert read_reports(path).reports == (Report("1", "sinus rhythm"),)
    assert read_reports(path, text_column="report").reports == (Report("1", "sinusrhythmus"),)


def test_the_statements_of_mimic_are_joined(tmp_path: Path) -> None:
    header = "subject_id,study_id," + ",".join(f"report_{number}" for number in range(18))
    path = write(tmp_path, f"{header}\n9,40,Sinus rhythm,Normal ECG.{',' * 16}\n")
    assert read_reports(path).reports == (Report("40", "Sinus rhythm. Normal ECG"),)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_three_delimiters_are_read(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, f"id{delimiter}report\n1{delimiter}normal ecg\n")
    assert read_reports(path).reports == (Report("1", "normal ecg"),)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2,", "empty"),
        ("2,nan", "empty"),
        ("2", "number of fields"),
        ("2,a,b", "number of fields"),
        ('2,"broken" quote', "not CSV"),
        ("1,again", "id was there before"),
        (f"2,{'sinus rhythm ' * (MAX_CHARACTERS // 10)}", "longer than"),
        ('2,"never closed', "not CSV"),
    ],
)
def test_a_bad_row_is_set_aside_and_the_rest_is_kept(tmp_path: Path, row: str, reason: str) -> None:
    table = read_reports(write(tmp_path, f"id,report\n1,normal ecg\n{row}\n3,sinus rhythm\n"))
    assert [report.report_id for report in table.reports] == ["1", "3"]
    (skipped,) = table.skipped
    assert reason in skipped.reason


def test_short_reports_are_set_aside_on_request(tmp_path: Path) -> None:
    table = read_reports(write(tmp_path, "id,report\n1,normal ecg\n2,sinus rhythm normal ecg\n"), min_words=3)
    assert [report.report_id for report in table.reports] == ["2"]


def test_a_report_may_have_several_lines(tmp_path: Path) -> None:
    table = read_reports(write(tmp_path, 'id,report\n1,"sinus rhythm\nnormal ecg"\n2,pac\n'))
    assert [report.text for report in table.reports] == ["sinus rhythm\nnormal ecg", "pac"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("age,report\n1,a\n", "--id-column"), ("id,age\n1,2\n", "--text-column"), ("", "empty"), ("\0\1\2", "not text")],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        read_reports(write(tmp_path, text))


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no report table"):
        read_reports(tmp_path / "none.csv")
