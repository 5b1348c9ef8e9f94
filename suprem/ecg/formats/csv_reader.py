"""Separated text: with or without header, preamble, time column or units; one column or one row per lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import millivolts_per
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.table import Table, TableFormat, read_table
from suprem.ecg.record import EcgRecord
from suprem.errors import BadSamplingRate, UnreadableEcg

_SEPARATORS = ("\t", ";", ",", None)
_NO_VALUE = ("", "na", "n/a", "null", "none")
_RATE = re.compile(r"(?:sampl\w*[\s_]*(?:rate|freq\w*)|\bfreq\w*|\bfs\b|\brate\b)\D*(\d+(?:\.\d+)?)", re.IGNORECASE)
_GAIN = re.compile(
    r"gain.*(?:digit|adu|lsb|bit|count)s?\s*(?:/|per)\s*m(?:v|illivolt)\D*(\d+(?:\.\d+)?)", re.IGNORECASE
)
_COUNTS_PER_MILLIVOLT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:digit|adu|lsb|bit|count)s?\s*(?:/|per)\s*m(?:v|illivolt)", re.IGNORECASE
)
_STEP = re.compile(
    r"(\d+(?:\.\d+)?)\s*([a-zµμ]*v(?:olts?)?)\s*(?:/|per)\s*(?:digit|adu|lsb|bit|count|step)", re.IGNORECASE
)
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}[ T]+")
_USUAL_RATES = (100, 125, 128, 180, 200, 240, 250, 256, 257, 360, 400, 480, 500, 512, 600, 800, 1000, 1024, 1200, 2000)
_UNIT = re.compile(r"\bunits?\b\W*([a-zµμ]*v(?:olts?)?)\b", re.IGNORECASE)
_TIME = re.compile(r"(?:elapsed[\s_]*)?(?:time|timestamp|zeit|t|s|sec|seconds|ms|milliseconds)", re.IGNORECASE)
_INDEX = re.compile(r"(?:|nan|#|n|nr|no|index|row|samples?|sample[\s_]*(?:number|index)|unnamed: 0)", re.IGNORECASE)
_WITH_UNIT = re.compile(r"(.*?)\s*(?:[(\[]\s*([^)\]]+?)\s*[)\]]|[\s_]([mnuµμ]v|ms|s|sec))", re.IGNORECASE)
_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "milliseconds": 1e-3, "us": 1e-6}


@dataclass(frozen=True, eq=False)
class _Text:
    """A text cut into cells: lines before the numbers, and the numbers with the first cell of each line."""

    preamble: tuple[str, ...]
    headers: tuple[tuple[str, ...], ...]
    first_cells: tuple[str, ...]
    values: NDArray[np.float64]  # (line, cell); NaN where the first cell is no number


def read_csv(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read a table of separated text.

    Raises:
        UnreadableEcg: The text is no table of numbers.
        EcgError: Rate, leads or unit are missing and do not follow.
    """
    return read_table(_describe(_cut(data)), given, record_id)


def is_lead_table(head: bytes) -> bool:
    """Tell from a text's beginning whether it is an ECG: it names leads, or is all numbers in 8 or 12 columns."""
    try:
        text = _cut(head[: head.rfind(b"\n") + 1] or head)
    except UnreadableEcg:
        return False
    named = [sum(map(_lead, row)) for row in (*text.headers, text.first_cells)]
    return max(named) >= 2 or (not text.headers and text.values.shape[1] in (8, 9, 12, 13) and len(text.values) > 1)


def _cut(data: bytes) -> _Text:
    """Find separator and decimal sign, and separate the numbers from what stands before them."""
    lines = [line for line in _decode(data).replace('"', "").replace("'", "").splitlines() if line.strip(" \t,;")]
    sample = lines[: len(lines) // 2 + 1][-20:] + lines[-20:]
    separator = max(_SEPARATORS, key=lambda mark: sum(_count_numbers(_cells(line, mark)) for line in sample))
    rows = [_cells(line, separator) for line in lines]
    width, _ = Counter(len(row) for row in rows[len(rows) // 2 :]).most_common(1)[0] if rows else (0, 0)
    start = next((i for i, row in enumerate(rows) if len(row) == width and _count_numbers(row) >= 2), None)
    if start is None:
        raise UnreadableEcg("The text holds no table of numbers; expected one column per lead and one line per sample.")
    body = [row for row in rows[start:] if not row[0].startswith(("#", "%"))]
    for number, row in enumerate(body, start=start + 1):
        if len(row) != width or not _count_numbers(row):
            raise UnreadableEcg(f"Line {number} of the table does not hold {width} numbers as its first lines do.")
    headed = any(len(row) == width and row[-1] != "nan" for row in rows[:start])
    if width > 2 and not headed and all(row[-1] == "nan" for row in body):
        width -= 1  # a separator ends each line of numbers; the headings may do without
        body = [row[:-1] for row in body]
        rows[:start] = [row[:-1] if len(row) == width + 1 and row[-1] == "nan" else row for row in rows[:start]]
    values = np.array([[_number(row[0]), *map(float, row[1:])] for row in body])
    headers = [row for row in rows[:start] if len(row) in (width, width - 1)]
    preamble = tuple(line for line, row in zip(lines[:start], rows, strict=False) if len(row) not in (width, width - 1))
    return _Text(
        preamble=preamble,
        headers=tuple(("",) * (width - len(row)) + tuple(row) for row in headers),
        first_cells=tuple(row[0] for row in body),
        values=values,
    )


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _cells(line: str, separator: str | None) -> list[str]:
    """Split a line; a comma that does not separate cells is a decimal comma, an absent value is "nan"."""
    cells = [cell.strip() for cell in line.strip(" ").split(separator)]
    if separator != ",":
        cells = [cell.replace(",", ".") if cell[-1:].isdigit() else cell for cell in cells]
    return ["nan" if cell.casefold() in _NO_VALUE else cell for cell in cells]


def _count_numbers(cells: Sequence[str]) -> int:
    """Return the count of numbers where all cells but the first, which may be a label, are numbers; else 0."""
    try:
        for cell in cells[1:]:
            float(cell)
    except ValueError:
        return 0
    return len(cells) - 1 + (not np.isnan(_number(cells[0])))


def _number(cell: str) -> float:
    """Return a cell as a number; a clock time such as 0:01.250 in seconds, its date left out, NaN for text."""
    try:
        seconds = 0.0
        for part in _DATE.sub("", cell, count=1).rstrip("Z").split(":"):
            seconds = 60.0 * seconds + float(part)
    except ValueError:
        return float("nan")
    return seconds


def _describe(text: _Text) -> Table:
    """Tell leads, time and other columns apart, and collect what the text says about them."""
    stated = "\n".join(text.preamble)
    rate, unit = _RATE.search(stated), _UNIT.search(stated)
    fs = float(rate[1]) if rate and float(rate[1]) > 0 else None
    per_millivolt = _counts_per_millivolt(stated)
    units: tuple[str, ...] | None = (unit[1],) if unit else None
    if sum(map(_lead, text.first_cells)) >= 2:  # one line per lead
        return Table(text.values[:, 1:], "CSV", text.first_cells, units, fs, per_millivolt)
    header = max(text.headers, key=lambda row: sum(map(_lead, row)), default=None)
    column_units = _column_units(text.headers) or (None,) * text.values.shape[1]
    values = text.values
    is_clock = all(":" in cell for cell in text.first_cells)
    kind = "time" if is_clock else _kind_of_first(header, values)
    if kind == "time":
        fs = _rate(values[:, 0], "s" if is_clock else column_units[0]) or fs
    if kind is not None:
        values, column_units, header = values[:, 1:], column_units[1:], header and header[1:]
    names = tuple(_split_unit(name)[0] for name in header) if header and any(map(_lead, header)) else None
    if names and all(found for name, found in zip(names, column_units, strict=True) if _lead(name)):
        units = tuple(found or "" for found in column_units)
    return Table(values, "CSV", names, units, fs, per_millivolt)


def _counts_per_millivolt(stated: str) -> float | None:
    """Return how many counts of the converter a millivolt is, where the text says it in either direction."""
    gain = _GAIN.search(stated) or _COUNTS_PER_MILLIVOLT.search(stated)
    if gain:
        return float(gain[1]) or None
    step = _STEP.search(stated)
    millivolts = float(step[1]) * (millivolts_per(step[2]) or 0.0) if step else 0.0
    return 1.0 / millivolts if millivolts > 0 else None


def _lead(cell: str) -> bool:
    return canonical_lead(_split_unit(cell)[0]) is not None


def _split_unit(cell: str) -> tuple[str, str | None]:
    """Return name and unit of a column heading such as "I (mV)", "V1_uV" or "Time [s]"."""
    match = _WITH_UNIT.fullmatch(cell.strip())
    if match is None:
        return cell.strip(), None
    unit = match[2] or match[3]
    return (match[1], unit) if _is_unit(unit) else (cell.strip(), None)


def _is_unit(text: str) -> bool:
    return millivolts_per(text) is not None or text.casefold() in _SECONDS


def _column_units(headers: Sequence[Sequence[str]]) -> tuple[str | None, ...] | None:
    """Return the unit of each column, from a line of units or from the headings themselves."""
    for row in headers:
        if all(_is_unit(cell) or cell in ("", "nan") for cell in row) and any(map(_is_unit, row)):
            return tuple(cell if _is_unit(cell) else None for cell in row)
        units = tuple(_split_unit(cell)[1] for cell in row)
        if any(units):
            return units
    return None


def _kind_of_first(header: Sequence[str] | None, values: NDArray[np.float64]) -> str | None:
    """Tell whether the first column is "time", an "index" or label, or a channel (None)."""
    column = values[:, 0]
    if column.size < 2:
        return None
    if np.isnan(column).all():
        return "index"
    step = column[1] - column[0]
    regular = step > 0 and np.allclose(np.diff(column), step, rtol=0.01)
    if header is not None:
        name = _split_unit(header[0])[0]
        if _TIME.fullmatch(name):
            return "time"
        return "index" if _INDEX.fullmatch(name) and regular else None
    if values.shape[1] not in (9, 13) or not regular:
        return None
    return "index" if step == 1 else "time"


def _rate(times: NDArray[np.float64], unit: str | None) -> float | None:
    """Return the sampling rate in Hz of a time column, or None where its unit is neither stated nor evident."""
    span = float(times[-1] - times[0])
    step = span / max(len(times) - 1, 1)
    steps = np.diff(times)
    if not step > 0 or not np.all(steps >= 0):
        raise BadSamplingRate("The time column does not rise evenly; remove it and give the sampling rate in Hz (fs).")
    rounded = bool(np.any(np.abs(steps - step) > 0.5 * step))
    if rounded and np.abs(times - np.linspace(times[0], times[-1], len(times))).max() > steps[steps > 0].min():
        raise BadSamplingRate("The time column does not rise evenly; remove it and give the sampling rate in Hz (fs).")
    if unit is not None and unit.casefold() in _SECONDS:
        seconds = step * _SECONDS[unit.casefold()]
    elif step < 0.05:
        seconds = step
    elif 2 <= step <= 20:  # a rate of 50 to 500 Hz; one a step could as well be an index
        seconds = step * 1e-3
    else:
        return None
    rate = 1.0 / seconds
    if rounded:  # to fewer digits than the step needs: only the usual rate near by is believed
        usual = min(_USUAL_RATES, key=lambda known: abs(known - rate))
        return float(usual) if abs(usual - rate) < 0.005 * usual else None
    return float(round(rate)) if abs(rate - round(rate)) < 1e-3 * rate else rate
