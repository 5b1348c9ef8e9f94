"""The project's databases: SQLite on a local disk by default, PostgreSQL by URL. One way to open, one way to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, inspect, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from suprem.errors import ConfigError, DatabaseUnavailable

BUSY_SECONDS = 10
"""How long a writer waits for another before it gives up."""

SQLITE_REASONS = {
    "SQLITE_BUSY": "is locked by another program",
    "SQLITE_LOCKED": "is locked by another program",
    "SQLITE_READONLY": "is read-only for this program, or its disk is",
    "SQLITE_FULL": "cannot grow: its disk is full",
    "SQLITE_IOERR": "cannot be read or written: its disk reports an error",
    "SQLITE_CANTOPEN": "cannot be opened: its folder is gone or closed to this program",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup",
    "SQLITE_NOTADB": "is damaged: the file is no database; restore it from a backup",
    "SQLITE_PERM": "is closed to this program",
}
"""What SQLite reports of its file, not of a statement."""

POSTGRES_REASONS = {
    "08": "cannot be reached",
    "25006": "is read-only at present",
    "28": "refuses this program's user or password",
    "3D": "is not there",
    "53": "has no room, memory or connection left",
    "55P03": "is locked by another program",
    "57": "is starting, stopping or was told to stop",
    "58": "reports an error of its disk",
    "XX": "is damaged",
}
"""What PostgreSQL reports of itself, by the beginning of its error code."""

_WRITER = 0x5375505245  # the advisory lock that PostgreSQL's writers share


def open_database(url: str) -> Engine:
    """Return an engine; the file of a SQLite database is created with its folder.

    SQLite runs in WAL mode, so that readers never wait for the writer; it must lie on a local disk.

    Raises:
        ConfigError: The URL names no database that can be used. The message holds no password.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(url)
        engine = create_engine(parsed, pool_pre_ping=True)
        event.listen(engine, "handle_error", _unavailable)
        return engine
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            "The database URL cannot be used; expected sqlite:///FILE or postgresql+pg8000://USER:PASSWORD@HOST/NAME "
            "with its driver installed."
        ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that no other writer of this database runs beside, so what it read is still true when it
    writes. It is committed at the end and rolled back by an error."""
    with engine.connect().execution_options(suprem_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER})
        yield connection


def complete_tables(connection: Connection, tables: MetaData) -> None:
    """Create the tables that are missing, and in those of an earlier version the columns and indexes that came later.

    A column that came later is empty in the rows that were there, so it must be one that may be.
    """
    tables.create_all(connection)
    for table in tables.sorted_tables:
        present = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                kind = column.type.compile(connection.dialect)
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _unavailable(context: ExceptionContext) -> None:
    """Turn what a driver reports of the database itself into an error for a person; errors of a statement pass.

    The message has neither statement nor address, which may hold a password.

    Raises:
        DatabaseUnavailable: The database does not answer, or cannot be written or read.
    """
    error = context.original_exception
    code = getattr(error, "sqlite_errorname", "")
    reason = next((said for name, said in SQLITE_REASONS.items() if code.startswith(name)), None)
    details = error.args[0] if error.args else None
    if isinstance(details, dict):  # pg8000
        code = str(details.get("C", ""))
        reason = next((said for start, said in POSTGRES_REASONS.items() if code.startswith(start)), None)
    if reason is None and (context.is_disconnect or (context.connection is None and not code)):
        reason = "does not answer; see whether its server runs"
    if reason is not None:
        raise DatabaseUnavailable(
            f"The database {reason}. What was done last may not be saved; reload the page and try again."
        ) from error


def _open_sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():  # its journals get the same mode
            with suppress(OSError):  # which opening it tells better
                file.touch(mode=0o600)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could fail half way; a writer takes its place at once.
        writes = connection.get_execution_options().get("suprem_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "handle_error", _unavailable)
    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine
