"""A backup of the installation's database: decisions, audit log and jobs in one file that any database takes back.

The file is gzipped JSON lines: first what it is, with the head of the audit log, then a row a line as [table, values],
the columns in the order that the first line states. It is the same for SQLite and PostgreSQL, so a restored backup also
moves an installation from one to the other. It holds the names of reviewers; keep it as the database is kept.

The vocabulary versions that the decisions speak of are folders below `SUPREM_HOME`, and backed up as files.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from suprem.administration.schema import TABLES, columns_of
from suprem.atomic import replacing
from suprem.audit.log import AUDIT, HEAD, START, AuditHead, transaction
from suprem.concepts.review.store import ReviewStore
from suprem.errors import ConceptError

FORMAT = 1
"""Version of the file's form."""

_MARK = "suprem_backup"
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Attributes:
        created: UTC, ISO 8601.
        head: Head of the audit log when it was made; a copy kept elsewhere proves later that nothing was changed.
        rows: Table -> number of its rows.
    """

    created: str
    head: AuditHead
    rows: dict[str, int]


def write_backup(engine: Engine, path: Path) -> Backup:
    """Write all rows of a database as of one moment; nobody has to stop working.

    Args:
        engine: Of `open_review_database`.
        path: File to write, as a whole or not at all.

    Raises:
        ConceptError: The audit log is not as it was written, or the database does not answer.
    """
    broken = ReviewStore(engine).verify()
    if broken:
        raise ConceptError(
            f"Row {broken.number} {broken.reason}: this database is not as it was written, so it is not backed up in "
            "place of an older backup that is. Compare the two before anything else."
        )
    try:
        with engine.connect().execution_options(isolation_level=_snapshot(engine)) as connection, connection.begin():
            # A database of an earlier version, backed up before it is upgraded, lacks some columns.
            columns = {table.name: found for table in TABLES if (found := columns_of(connection, table))}
            tables = [table for table in TABLES if table.name in columns]
            newest = connection.execute(select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc())).first()
            content = Backup(
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                head=AuditHead(*newest) if newest else AuditHead(0, START),
                rows={table.name: _count(connection, table) for table in tables},
            )
            first = {_MARK: FORMAT, "created": content.created, "head": str(content.head), "rows": content.rows}
            with replacing(path) as temporary, gzip.open(temporary, "wt", encoding="utf-8") as file:
                file.write(json.dumps({**first, "columns": columns}) + "\n")
                for table in tables:
                    rows = select(*(table.columns[name] for name in columns[table.name])).order_by(
                        *table.primary_key.columns
                    )
                    for row in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(rows):
                        file.write(json.dumps([table.name, list(row)]) + "\n")
    except DBAPIError as error:
        raise ConceptError("The database did not answer; nothing was backed up. Try again.") from error
    return content


def restore_backup(path: Path, engine: Engine) -> Backup:
    """Write a backup into a database that holds no rows yet, and check the audit log there.

    Args:
        path: What `write_backup` wrote.
        engine: Of `open_review_database`.

    Raises:
        ConceptError: The file is no backup or is damaged, or the database holds rows already; it is as it was.
    """
    with transaction(engine) as connection:
        for table in TABLES:
            table.create(connection, checkfirst=True)
            if table is not HEAD and _count(connection, table):
                raise ConceptError(
                    f"The database holds rows already (table {table.name}); a backup is restored into an empty one, so "
                    "that nothing is mixed or lost. Make one and give its address with --database."
                )
        content = _fill(connection, path)
    broken = ReviewStore(engine).verify(content.head if content.head.number else None)
    if broken:
        raise ConceptError(
            f"The backup was restored, but row {broken.number} {broken.reason}; the file was changed after it was "
            "written. Take another backup, and an empty database."
        )
    return content


def _fill(connection: Connection, path: Path) -> Backup:
    damaged = f"{path.name} is not a whole backup; expected a file that `suprem database backup` wrote"
    tables = {table.name: table for table in TABLES}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            first = json.loads(file.readline())
            if first.get(_MARK) != FORMAT:
                raise ConceptError(f"{damaged}, in form {FORMAT}; found form {first.get(_MARK, 'none')}.")
            content = Backup(str(first["created"]), AuditHead.parse(first["head"]), dict(first["rows"]))
            columns: dict[str, list[str]] = first["columns"]
            _refuse_later(columns, tables)
            written = dict.fromkeys(content.rows, 0)
            for name, rows in _by_table(map(json.loads, file)):
                _write(connection, tables[name], [dict(zip(columns[name], row, strict=True)) for row in rows])
                written[name] += len(rows)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, SQLAlchemyError) as error:
        if isinstance(error, ConceptError):
            raise
        raise ConceptError(f"{damaged} ({type(error).__name__}). Nothing was restored.") from error
    if written != content.rows:
        raise ConceptError(f"{damaged}: it ends early. Nothing was restored.")
    _continue_numbers(connection)
    return content


def _refuse_later(columns: dict[str, list[str]], tables: dict[str, Table]) -> None:
    for name, found in columns.items():
        unknown = set(found) - set(tables[name].columns.keys()) if name in tables else {name}
        if unknown:
            raise ConceptError(
                f"The backup holds {min(unknown)}, which this version does not know: a later version wrote it. Install "
                "that version or a newer one."
            )


def _by_table(lines: Iterator[list[Any]]) -> Iterator[tuple[str, list[list[Any]]]]:
    """Yield name and some rows of a table at a time."""
    for name, group in groupby(lines, key=itemgetter(0)):
        while several := [row for _, row in islice(group, _ROWS_AT_ONCE)]:
            yield name, several


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if table is HEAD and connection.execute(select(HEAD)).first():
        # A database that a page has opened has the head of an empty log, which may only move forward.
        ahead = [row for row in rows if row["number"]]
        for row in ahead:
            connection.execute(update(HEAD).values(row))
    else:
        connection.execute(insert(table), rows)


def _continue_numbers(connection: Connection) -> None:
    """Let PostgreSQL count on from the restored rows, which brought their numbers; SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in TABLES:
        column = table.autoincrement_column
        if column is not None:
            newest = f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), max({column.name}))"
            connection.execute(text(f"{newest} FROM {table.name} HAVING max({column.name}) IS NOT NULL"))


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _snapshot(engine: Engine) -> str:
    """Return the isolation under which every statement of a transaction sees the same moment."""
    return "REPEATABLE READ" if engine.dialect.name == "postgresql" else "SERIALIZABLE"
