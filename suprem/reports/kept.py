"""Tables of reports that were handed in on a page, kept for the job that reads them and for the person who reviews.

A table is called by the beginning of its SHA-256, never by the name of the file it came in, and only the program's own
account can read it. A vocabulary version remembers the digest of its table, so that the sentence an entity was read
from is looked up in the table it came from and in no other with the same numbers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from suprem.atomic import replacing
from suprem.errors import ReportError
from suprem.reports.report import read_reports

DIGITS = 16
PATTERN = "*.csv"


def table_digest(content: bytes) -> str:
    """Return what a table of reports is called by."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def keep_table(content: bytes, folder: Path) -> tuple[Path, int]:
    """Keep a table of reports as a file that only the program's own account can read.

    Args:
        content: The table, see `suprem.reports.report.read_reports`.
        folder: Where it goes; made where it is missing.

    Returns:
        The file, and how many reports it holds.

    Raises:
        ReportError: It is not a table of reports, or none of its rows holds one.
    """
    reports = len(read_reports(content).reports)
    if not reports:
        raise ReportError("No row of the table holds a report; expected an id and a text in each.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{table_digest(content)}.csv"
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
    return path, reports


def kept_tables(folder: Path) -> list[Path]:
    """Return the tables that are kept, the newest first."""
    return sorted(folder.glob(PATTERN), key=os.path.getmtime, reverse=True)


def table_of(digest: str, candidates: Iterable[Path]) -> Path | None:
    """Return the table with a digest; None where no candidate has it.

    Args:
        digest: `VocabularyVersion.table`; nothing has an empty one.
        candidates: Files that may be it; those that are missing are passed over.
    """
    for path in candidates:
        if digest and path.is_file() and (path.stem == digest or table_digest(path.read_bytes()) == digest):
            return path
    return None
