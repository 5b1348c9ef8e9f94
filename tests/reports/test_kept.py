"""Tables of reports that were handed in: kept under their digest, readable by their owner only, found by digest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from suprem.errors import ReportError
from suprem.reports.kept import keep_table, kept_tables, table_digest, table_of

TABLE = b"id,report\n1,sinus rhythm\n2,atrial fibrillation\n"


def test_a_table_is_kept_under_its_digest_for_its_owner_only(tmp_path: Path) -> None:
    path, reports = keep_table(TABLE, tmp_path / "reports")
    assert reports == 2
    assert (path.name, path.read_bytes()) == (f"{table_digest(TABLE)}.csv", TABLE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keep_table(TABLE, tmp_path / "reports")[0] == path
    assert kept_tables(tmp_path / "reports") == [path]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"id,report\n1,\n"])
def test_what_holds_no_report_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ReportError):
        keep_table(content, tmp_path / "reports")
    assert kept_tables(tmp_path / "reports") == []


def test_a_table_is_found_by_its_content_and_never_by_anything_else(tmp_path: Path) -> None:
    named = tmp_path / "own.csv"
    named.write_bytes(TABLE)
    other = tmp_path / "other.csv"
    other.write_bytes(TABLE + b"3,pacing\n")
    candidates = [tmp_path / "missing.csv", other, named]
    assert table_of(table_digest(TABLE), candidates) == named
    assert table_of(table_digest(b"gone"), candidates) is None
    assert table_of("", candidates) is None
