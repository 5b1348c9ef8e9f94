"""Reports and the tables they come in.

Three shapes are known: any CSV with an id and a text column, PTB-XL's `ptbxl_database.csv` (`ecg_id`, `report_en`), and
MIMIC-IV-ECG's `machine_measurements.csv`, whose statements stand in `report_0` to `report_17` and are joined by ". ".
A row that cannot be used is set aside with the reason; the rest is kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

from suprem.errors import ReportError

MAX_CHARACTERS = 20_000
"""Longer texts are not one ECG report (the longest of PTB-XL has 501 characters)."""

ID_COLUMNS = ("report_id", "ecg_id", "study_id", "record_id", "record", "id")
TEXT_COLUMNS = ("report_en", "report", "text", "report_text", "total_report", "statements", "findings", "diagnosis")
MIMIC_COLUMNS = tuple(f"report_{number}" for number in range(18))
_MISSING = frozenset({"", "nan", "none", "null"})


@dataclass(frozen=True)
class Report:
    """The text of one ECG's report."""

    report_id: str
    text: str


@dataclass(frozen=True)
class SkippedReport:
    """A report or row that is not read, and why."""

    report_id: str
    reason: str


@dataclass(frozen=True)
class ReportTable:
    """The reports of a file in its order, and what was set aside."""

    reports: tuple[Report, ...]
    skipped: tuple[SkippedReport, ...]


def read_reports(
    source: Path | bytes, *, id_column: str | None = None, text_column: str | None = None, min_words: int = 1
) -> ReportTable:
    """Read a table of reports.

    Args:
        source: A CSV file (comma, semicolon or tab) with a header, or the content of one.
        id_column: Column of the report id; one of `ID_COLUMNS` by default.
        text_column: Column of the report text; one of `TEXT_COLUMNS` or `report_0`... by default.
        min_words: Reports with fewer words are set aside (the paper drops those with fewer than 3).

    Raises:
        ReportError: The file is missing, is not a table, or has no such columns.
    """
    reports: list[Report] = []
    skipped: list[SkippedReport] = []
    for row in stream_reports(source, id_column=id_column, text_column=text_column, min_words=min_words):
        if isinstance(row, Report):
            reports.append(row)
        else:
            skipped.append(row)
    return ReportTable(tuple(reports), tuple(skipped))


def stream_reports(
    source: Path | bytes, *, id_column: str | None = None, text_column: str | None = None, min_words: int = 1
) -> Iterator[Report | SkippedReport]:
    """Yield the rows of a table one after the other; of what went before only the ids are remembered.

    Arguments and errors as in `read_reports`; the errors come with the first row.
    """
    header, delimiter = _read_header(source)
    identifier = header.index(_column(header, id_column, ID_COLUMNS, "id", "--id-column"))
    mimic = [name for name in MIMIC_COLUMNS if name in header]
    columns = (
        mimic
        if mimic and text_column is None
        else [_column(header, text_column, TEXT_COLUMNS, "text", "--text-column")]
    )
    positions = [header.index(name) for name in columns]
    seen: set[str] = set()
    for line, row in _rows(source, delimiter):
        if isinstance(row, str):
            yield SkippedReport(f"line {line}", row)
            continue
        if len(row) != len(header):
            yield SkippedReport(f"line {line}", f"the row has another number of fields than the header ({len(header)})")
            continue
        report = Report(row[identifier].strip() or f"line {line}", _text([row[index] for index in positions]))
        reason = _unusable(report, min_words) or ("the id was there before" if report.report_id in seen else "")
        if reason:
            yield SkippedReport(report.report_id, reason)
        else:
            seen.add(report.report_id)
            yield report


def _open(source: Path | bytes) -> TextIO:
    binary = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    return TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="")


def _read_header(source: Path | bytes) -> tuple[list[str], str]:
    if isinstance(source, Path) and not source.is_file():
        raise ReportError(f"There is no report table at {source}; expected a CSV file with an id and a text column.")
    with _open(source) as file:
        line = file.readline(100_000)
    if "\0" in line or not line.strip():
        raise ReportError("The report table is empty or not text; expected a CSV file with a header line.")
    delimiter = max(",;\t", key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter))], delimiter


def _column(header: list[str], wanted: str | None, known: tuple[str, ...], role: str, option: str) -> str:
    candidates = (wanted,) if wanted else known
    lowered = {name.lower(): name for name in header}
    for name in candidates:
        if name.lower() in lowered:
            return lowered[name.lower()]
    raise ReportError(
        f"The report table has no {role} column {' or '.join(candidates)}; "
        f"its columns are {', '.join(header[:30])}. Name the right one with {option}."
    )


def _rows(source: Path | bytes, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line number, row), or (line number, reason) for a line that is not CSV; reading goes on after it."""
    csv.field_size_limit(max(csv.field_size_limit(), 64_000_000))
    done = 1
    while True:
        with _open(source) as file:
            reader = csv.reader(islice(file, done, None), delimiter=delimiter, strict=True)
            start = done
            try:
                for row in reader:
                    if row:
                        yield done + 1, row
                    done = start + reader.line_num
                return
            except csv.Error as error:
                yield done + 1, f"the line is not CSV ({error})"
                done += 1


def _text(fields: list[str]) -> str:
    kept = [field.strip() for field in fields if field.strip().lower() not in _MISSING]
    return kept[0] if len(fields) == 1 and kept else ". ".join(field.rstrip(". ") for field in kept)


def _unusable(report: Report, min_words: int) -> str:
    if not report.text:
        return "the report is empty"
    if len(report.text) > MAX_CHARACTERS:
        return f"the report is longer than {MAX_CHARACTERS:,} characters"
    if len(report.text.split()) < min_words:
        return f"the report has fewer than {min_words} words"
    return ""
