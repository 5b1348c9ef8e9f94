"""Excel workbooks (.xlsx, .xlsm): the first sheet that is a table of leads, read as if it had been saved as text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta

from openpyxl import load_workbook

from suprem.ecg.formats.csv_reader import is_lead_table, read_csv
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.record import EcgRecord
from suprem.errors import SupremError, UnreadableEcg

_MAX_UNPACKED = 128 * 2**20
_MAX_MEMBERS = 500
_MAX_CELLS = 500_000
"""Ten seconds at 1000 Hz have 130,000 with a time column."""
_MAX_COLUMNS = 64
_MAX_SHEETS = 20
_HEAD = 65_536
"""Bytes of a sheet from which it is told whether it is a table of leads."""


def is_excel(head: bytes) -> bool:
    """Tell from its beginning whether a ZIP archive is a workbook: its parts lie in folders of known names."""
    return head.startswith(b"PK\x03\x04") and (b"xl/" in head or b"[Content_Types].xml" in head[:200])


def read_excel(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read a sheet as separated text is read; formulas count with the values they were saved with.

    Raises:
        UnreadableEcg: The workbook is damaged, too large, or no sheet is a table of numbers.
        EcgError: Rate, leads or unit are missing and do not follow.
    """
    try:
        _check_size(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = [_as_text(sheet.iter_rows(values_only=True)) for sheet in book.worksheets[:_MAX_SHEETS]]
    except SupremError:
        raise
    except Exception as error:  # a damaged archive makes zipfile, zlib and the library raise almost anything
        raise UnreadableEcg(
            f"The Excel workbook is damaged or protected ({type(error).__name__}); save it again, or as CSV."
        ) from None
    filled = [sheet for sheet in sheets if sheet]
    if not filled:
        raise UnreadableEcg("The Excel workbook holds no cells; expected one column per lead and one row per sample.")
    chosen = next((sheet for sheet in filled if is_lead_table(sheet[:_HEAD])), filled[0])
    record = read_csv(chosen, given, record_id)
    left_out = len(filled) - 1
    notes = (f"One sheet of the workbook was read; {left_out} other(s) were left out.",) if left_out else ()
    return replace(record, source="Excel", notes=(*record.notes, *notes))


def _check_size(data: bytes) -> None:
    """Refuse an archive that unpacks to more than any ECG needs, before anything of it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > _MAX_MEMBERS or unpacked > _MAX_UNPACKED:
        raise UnreadableEcg(
            f"The Excel workbook unpacks to {unpacked // 2**20} MB in {len(parts)} parts; at most "
            f"{_MAX_UNPACKED // 2**20} MB are read. Save the sheet of interest as CSV."
        )


def _as_text(rows: Iterable[tuple[object, ...]]) -> bytes:
    """Return rows of cells as lines with tabs, without empty columns at their ends; a line of one text stands alone."""
    lines, cells, width = [], 0, 0
    for row in rows:
        texts = [_cell(value) for value in row[:_MAX_COLUMNS]]
        cells += len(texts)
        if cells > _MAX_CELLS:
            raise UnreadableEcg(
                f"A sheet of the Excel workbook has more than {_MAX_CELLS} cells; cut out the stretch of interest."
            )
        width = max(width, max((place for place, text in enumerate(texts, start=1) if text), default=0))
        lines.append(texts)
    return "\n".join(
        "\t".join(texts[:width] if any(texts[1:]) else texts[:1]) for texts in lines if any(texts)
    ).encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return repr(value.total_seconds())
    if isinstance(value, datetime | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value).replace("\t", " ").replace("\n", " ").replace("\r", " ")
