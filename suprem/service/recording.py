"""A recording out of the body of a request, and what the sender states about it."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from suprem.ecg.formats.archive import unpack
from suprem.ecg.formats.read_apart import read_upload_apart
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, UnreadableEcg

ZIP = "application/zip"
"""Media type of a body with several files: a WFDB header and its signal file."""

RECORD = "recording"
"""What every recording is called; nothing that a sender calls it is kept."""


def record_of(body: bytes, media_type: str, table: TableFormat | None) -> EcgRecord:
    """Return the recording in a body: one file of any format that is read, or a ZIP archive with one recording.

    Raises:
        EcgError: It cannot be read, or lacks a fact.
    """
    if media_type.partition(";")[0].strip().lower() != ZIP:
        return read_upload_apart({RECORD: body}, table=table, record_id=RECORD)
    found = list(unpack(body))
    if len(found) != 1:
        raise UnreadableEcg(f"The archive holds {len(found)} recordings; send one at a time.")
    return read_upload_apart(found[0], table=table, record_id=RECORD)


def table_of(asked: QueryParams) -> TableFormat | None:
    """Return what the address states about a table: `fs`, `unit`, `leads` separated by commas.

    Raises:
        EcgError: A value cannot be meant.
    """
    fs, unit, leads = (asked.get(name) for name in ("fs", "unit", "leads"))
    if fs is None and unit is None and leads is None:
        return None
    units = {"mV": "mV", "uV": "uV", "V": "V"}
    if unit is not None and unit not in units:
        raise EcgError(f"The unit {unit[:20]!r} is none that is read; expected mV, uV or V.")
    try:
        rate = None if fs is None else float(fs)
    except ValueError:
        raise EcgError(
            f"The sampling rate {fs[:20] if fs else ''!r} is no number; expected Hz, for example 500."
        ) from None
    names = tuple(name.strip() for name in leads.split(",")) if leads else None
    return TableFormat(rate, units[unit] if unit else None, names)  # type: ignore[arg-type]  # one of the three
