"""What all that leaves the program shares: the research-use notice, and cells that a spreadsheet takes for text."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from io import StringIO

RESEARCH_USE = (
    "Research use only. Not a medical device. Scores are model outputs from a research re-implementation, not "
    "diagnoses, and are not validated for any patient population. Do not use for patient care. A qualified clinician "
    "must read the ECG itself."
)


def text_cell(text: str) -> str:
    """Return a cell that a spreadsheet will not run as a formula (OWASP, "CSV injection").

    Spreadsheets pass over blanks and signs that are not seen, such as a byte order mark, and take the wide forms of
    East Asian text for the usual ones.
    """
    seen = text.lstrip(_unseen(text))
    begins = unicodedata.normalize("NFKC", seen[:1]).startswith(("=", "+", "-", "@"))
    return f"'{text}" if begins or text.startswith(("\t", "\r", "\n")) else text


def _unseen(text: str) -> str:
    return "".join({sign for sign in text if sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc")} | {" "})


def plain_name(name: str) -> str:
    """Return a file's name as text that can be shown, logged and written anywhere: bytes that are no UTF-8, line ends
    and other signs that are not seen stand as escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in name)


def plain_cell(cell: str) -> str:
    """Return what `text_cell` was given."""
    return cell[1:] if cell.startswith("'") and text_cell(cell[1:]) == cell else cell


def csv_text(header: Iterable[object], rows: Iterable[Iterable[object]], notes: Iterable[str] = ()) -> str:
    """Return a table as CSV, with notes and the research-use notice below it.

    Args:
        header: Names of the columns.
        rows: Their cells; a text that a person wrote goes through `text_cell` first.
        notes: Sentences between the table and the notice.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    writer.writerow(())
    writer.writerows((note,) for note in (*notes, RESEARCH_USE))
    return out.getvalue()
