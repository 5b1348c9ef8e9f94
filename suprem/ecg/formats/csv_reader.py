"""Separated text: with or without header, preamble, time column or units; one column or one row per lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES, millivolts_per
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.sampling_rate import StatedRate, rate_among, rate_in_text, rate_of_times, seconds_of
from suprem.ecg.formats.table import Table, TableFormat, read_table
from suprem.ecg.formats.table_words import counts_per_millivolt, stated_unit
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

MAX_TEXT_BYTES = 64 * 2**20
MAX_CELLS = MAX_SAMPLES * 13 // 12
"""Cells of a table: the samples that are read and a column of times, counted before any is looked at."""

_MAX_CELL = 64
"""Characters of a cell that may be a number, or the heading of a lead or a time."""

_MAX_PREAMBLE = 300
"""Lines before the numbers."""

_SEPARATORS = ("\t", ";", ",", None)
_NO_VALUE = ("", "na", "n/a", "n.a.", "#n/a", "#na", "null", "none", "nan", "-", "--", ".", "?", "missing")
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}[ T]+")
_TIME = re.compile(
    r"(?:elapsed |sample |rel(?:ative)? ?)?(?:time|times|time ?stamps?|zeit|tiempo|temps|tempo|t|s|sec|seconds|"
    r"ms|us|ns|milliseconds|microseconds|nanoseconds)",
    re.IGNORECASE,
)
_INDEX = re.compile(
    r"(?:|nan|#|n|nr|no|idx|index|row|samples?|sample ?(?:number|index|no|nr)|unnamed: 0)", re.IGNORECASE
)
_WITH_UNIT = re.compile(r"([^(\[]*?) ?[(\[] ?([^)\]]+?) ?[)\]]|(.*)[ _]([mnuµμ]v|ms|us|µs|ns|s|sec)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class _Text:
    """A text cut into cells: lines before and beside the numbers, and the numbers with the first cell of each line."""

    words: tuple[str, ...]
    headers: tuple[tuple[str, ...], ...]
    first_cells: tuple[str, ...]
    values: NDArray[np.float64]  # (line, cell); NaN where a cell is no number
    wordy: frozenset[int]
    """Columns that hold words."""


def read_csv(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read a table of separated text.

    Raises:
        UnreadableEcg: The text is no table of numbers, or larger than any ECG.
        EcgError: Rate, leads or unit are missing and do not follow.
    """
    if len(data) > MAX_TEXT_BYTES or any(data.count(mark) > MAX_CELLS for mark in (b",", b";", b"\t")):
        raise UnreadableEcg(
            f"The table is larger than {MAX_TEXT_BYTES // 2**20} MB or {MAX_CELLS} cells, more than twelve leads for "
            "ten minutes at 1000 Hz; cut out the stretch of interest."
        )
    return read_table(_describe(_cut(data), given or TableFormat()), given, record_id)


def is_lead_table(head: bytes) -> bool:
    """Tell from a text's beginning whether it is an ECG: it names leads, or is all numbers in 8 or 12 columns."""
    try:
        text = _cut(head[: head.rfind(b"\n") + 1] or head)
    except UnreadableEcg:
        return False
    named = [sum(map(_lead, row)) for row in (*text.headers, text.first_cells[:100])]
    return max(named) >= 2 or (not text.headers and text.values.shape[1] in (8, 9, 12, 13) and len(text.values) > 1)


def _cut(data: bytes) -> _Text:
    """Find separator and decimal sign, and separate the numbers from what stands before them."""
    lines = [line for line in _decode(data).replace('"', "").replace("'", "").splitlines() if line.strip(" \t,;")]
    sample = lines[: len(lines) // 2 + 1][-20:] + lines[-20:]
    separator = _separator(sample)
    cut = [_cells(line, separator) for line in sample if not line.startswith(("#", "%"))]
    width, _ = Counter(map(len, cut)).most_common(1)[0] if cut else (0, 0)
    full = [row for row in cut if len(row) == width]
    loose = frozenset(i for i in range(width) if i and not any(_is_number(row[i]) for row in full))
    before: list[list[str]] = []
    for line in lines[:_MAX_PREAMBLE]:
        row = _cells(line, separator)
        if len(row) == width and _count_numbers(row, loose) >= 2 and not line.startswith(("#", "%")):
            break
        before.append(row)
    start = len(before)
    if start in (len(lines), _MAX_PREAMBLE):
        raise UnreadableEcg("The text holds no table of numbers; expected one column per lead and one line per sample.")
    body = [line for line in lines[start:] if not line.startswith(("#", "%"))]
    values, first_cells, wordy = _numbers(body, separator, width, loose, start)
    headers = [row for row in before if len(row) in (width, width - 1)]
    comments = [line for line in lines[start:] if line.startswith(("#", "%"))][:_MAX_PREAMBLE]
    if width > 2 and width - 1 in loose - wordy and not any(len(row) == width and row[-1] != "nan" for row in headers):
        # A separator ends each line of numbers; the headings may do without.
        headers = [row[:-1] if len(row) == width else row for row in headers]
        if headers and width > 1:
            values, width = values[:, :-1], width - 1
    return _Text(
        words=tuple(lines[:start] + comments),
        headers=tuple(("",) * (width - len(row)) + tuple(row) for row in headers),
        first_cells=first_cells,
        values=values,
        wordy=wordy,
    )


def _separator(sample: Sequence[str]) -> str | None:
    """Return what separates most cells that are numbers, on lines of nothing else where there are any."""
    cut = {mark: [_cells(line, mark) for line in sample] for mark in _SEPARATORS}
    strict = {mark: sum(map(_count_numbers, rows)) for mark, rows in cut.items()}
    loose = {mark: sum(_is_number(cell) for row in rows for cell in row) for mark, rows in cut.items()}
    return max(_SEPARATORS, key=lambda mark: (strict[mark], loose[mark]))


def _numbers(
    body: Sequence[str], separator: str | None, width: int, loose: frozenset[int], start: int
) -> tuple[NDArray[np.float64], tuple[str, ...], frozenset[int]]:
    """Return the numbers (line, cell), the first cell of each line, and which of the `loose` columns hold words."""
    if not loose:
        try:  # by far the usual case, and twenty times as fast
            plain = body if separator == "," else [line.replace(",", ".") for line in body]
            values = np.loadtxt(plain, delimiter=separator, comments=None, ndmin=2, dtype=np.float64)
        except ValueError:
            pass
        else:
            if values.shape == (len(body), width):
                return values, (), frozenset()
    rows, first_cells = [], []
    wordy: set[int] = set()
    for number, line in enumerate(body, start=start + 1):
        row = _cells(line, separator)
        if len(row) != width or not _count_numbers(row, loose):
            raise UnreadableEcg(f"Line {number} of the table does not hold {width} numbers as its first lines do.")
        first_cells.append(row[0])
        wordy.update(i for i in loose if row[i] != "nan" and not _is_number(row[i]))
        rows.append([_time_or_number(row[0]), *(float(cell) if _is_number(cell) else np.nan for cell in row[1:])])
    return np.array(rows), tuple(first_cells), frozenset(wordy)


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


def _is_number(cell: str) -> bool:
    """Tell whether a cell is a number; an absent value is none."""
    try:
        return len(cell) <= _MAX_CELL and not np.isnan(float(cell))
    except ValueError:
        return False


def _count_numbers(cells: Sequence[str], loose: frozenset[int] = frozenset()) -> int:
    """Return the count of numbers and absent values where all cells but the first and the loose are such; else 0."""
    strict = [cell for i, cell in enumerate(cells) if i and i not in loose]
    if not all(cell == "nan" or _is_number(cell) for cell in strict):
        return 0
    return len(strict) + (not np.isnan(_time_or_number(cells[0])))


def _time_or_number(cell: str) -> float:
    """Return a cell as a number; a clock time such as 0:01.250 in seconds, its date left out, NaN for text."""
    try:
        seconds = 0.0
        for part in _DATE.sub("", cell[:_MAX_CELL], count=1).rstrip("Z").split(":"):
            seconds = 60.0 * seconds + float(part)
    except ValueError:
        return float("nan")
    return seconds


def _describe(text: _Text, given: TableFormat) -> Table:
    """Tell leads, time and other columns apart, and collect what the text says about them."""
    stated, unit = rate_in_text(text.words), stated_unit(text.words)
    per_millivolt = counts_per_millivolt(text.words)
    units: tuple[str, ...] | None = (unit,) if unit else None
    if sum(map(_lead, text.first_cells[:100])) >= 2:  # one line per lead
        return Table(text.values[:, 1:], "CSV", text.first_cells, units, stated, per_millivolt)
    header = max(text.headers, key=lambda row: sum(map(_lead, row)), default=None)
    column_units = _column_units(text.headers) or (None,) * text.values.shape[1]
    kept = [i for i in range(text.values.shape[1]) if i not in text.wordy or (header and _lead(header[i]))]
    is_clock = bool(text.first_cells) and all(":" in cell for cell in text.first_cells)
    kind = "time" if is_clock else _kind_of_first(header, text.values)
    if kind == "time":
        stated = _by_times(text.values[:, 0], "s" if is_clock else column_units[0], stated)
    if kind is not None:
        kept = [i for i in kept if i != 0]
    if header and any(map(_lead, header)):
        for i in list(kept):
            name, in_heading = _split_unit(header[i])
            if kind != "time" and _TIME.fullmatch(name) and not _lead(header[i]):
                stated, kind = _by_times(text.values[:, i], in_heading or column_units[i], stated), "time"
                kept.remove(i)
            elif not _lead(header[i]) and _is_constant(text.values[:, i]):
                found = rate_among([(header[i], float(text.values[0, i]))])
                stated = found if found.fs or found.unclear else stated
    elif text.values.shape[1] - 1 in kept and np.isnan(text.values[:, -1]).all() and len(kept) != _count(given.leads):
        kept.remove(text.values.shape[1] - 1)  # a separator ends each line
    names = tuple(_split_unit(header[i])[0] for i in kept) if header and any(map(_lead, header)) else None
    if names and all(column_units[i] for i, name in zip(kept, names, strict=True) if _lead(name)):
        units = tuple(column_units[i] or "" for i in kept)
    wordy = sum(i in text.wordy for i in range(text.values.shape[1]) if i not in kept)
    notes = (f"{wordy} column(s) of words were left out.",) if wordy else ()
    return Table(text.values[:, kept], "CSV", names, units, stated, per_millivolt, notes)


def _count(names: Sequence[str] | None) -> int:
    return len(names) if names else 0


def _by_times(times: NDArray[np.float64], unit: str | None, stated: StatedRate) -> StatedRate:
    """Return the rate of a column of times; unclear where its unit is, or where the text states another."""
    fs = rate_of_times(times, unit)
    if fs is None:
        return replace(stated, unclear=True)
    differs = stated.fs is not None and abs(stated.fs - fs) > 0.01 * fs
    return StatedRate(unclear=True) if differs else StatedRate(fs)


def _is_constant(column: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(column).all() and np.all(column == column[0]))


def _lead(cell: str) -> bool:
    return canonical_lead(_split_unit(cell)[0]) is not None


def _split_unit(cell: str) -> tuple[str, str | None]:
    """Return name and unit of a column heading such as "I (mV)", "V1_uV" or "Time [s]"."""
    plain = " ".join(cell[: 4 * _MAX_CELL].split())
    match = _WITH_UNIT.fullmatch(plain) if len(plain) <= _MAX_CELL else None
    if match is None:
        return plain, None
    name, unit = (match[1], match[2]) if match[2] else (match[3], match[4])
    return (name.replace("_", " ").strip(), unit) if _is_unit(unit) else (plain, None)


def _is_unit(text: str) -> bool:
    return millivolts_per(text) is not None or seconds_of(text) is not None


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
        name = _split_unit(header[0])[0].replace("_", " ")
        if _TIME.fullmatch(name):
            return "time"
        return "index" if _INDEX.fullmatch(name) and regular else None
    if values.shape[1] not in (9, 13) or not regular:
        return None
    return "index" if step == 1 else "time"
