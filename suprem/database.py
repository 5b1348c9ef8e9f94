"""The project's databases: SQLite on a local disk by default, PostgreSQL by URL. One way to open, one way to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from suprem.errors import ConfigError

BUSY_SECONDS = 10
"""How long a writer waits for another before it gives up."""

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
        return create_engine(parsed, pool_pre_ping=True)
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


def _open_sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could fail half way; a writer takes its place at once.
        writes = connection.get_execution_options().get("suprem_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine
