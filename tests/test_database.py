"""A database is opened one way, and a writer is never surprised by another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, inspect, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError, ProgrammingError

from suprem import database
from suprem.database import complete_tables, open_database, writing
from suprem.errors import ConfigError, DatabaseUnavailable
from tests.postgres import postgres_binaries, running_postgres


def test_writers_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.sqlite'}"
    with writing(open_database(url)) as connection:
        connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))

    def count() -> None:
        engine = open_database(url)
        for _ in range(50):
            with writing(engine) as connection:
                value = connection.execute(text("SELECT value FROM counter")).scalar_one()
                connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_database(url).begin() as connection:
        assert connection.execute(text("SELECT value FROM counter")).scalar_one() == 200
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_an_error_takes_the_whole_transaction_back(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE rows (value INTEGER)"))

    def write_and_fail() -> None:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO rows VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM rows")).scalar_one() == 0


@pytest.mark.parametrize("url", ["nonsense", "mongodb://user:secret@host/name", "postgresql+nodriver://u:secret@h/n"])
def test_an_unusable_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="expected sqlite:///FILE or postgresql") as told:
        open_database(url)
    assert "secret" not in str(told.value)


def damage(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (damage, "is damaged"),
        (lambda path: path.write_bytes(b"no database at all " * 100), "is damaged: the file is no database"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be opened"),
    ],
    ids=["damaged", "other file", "folder"],
)
def test_a_database_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "secret-place.sqlite"
    path.touch()
    spoil(path)
    with pytest.raises(DatabaseUnavailable, match=reason) as told:
        write(open_database(f"sqlite:///{path}"), "CREATE TABLE rows (value INTEGER)")
    assert "secret" not in str(told.value)
    assert "CREATE" not in str(told.value)


def test_a_locked_database_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    with writing(open_database(url)), pytest.raises(DatabaseUnavailable, match="is locked"):
        write(open_database(url), "CREATE TABLE rows (value INTEGER)")


def test_an_error_of_a_statement_is_no_error_of_the_database(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with pytest.raises(OperationalError, match="no such table"):
        write(engine, "SELECT * FROM nowhere")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("57P03", "is starting, stopping"),  # what a server says that recovers, as a ProgrammingError
        ("57P01", "is starting, stopping"),
        ("25006", "is read-only"),
        ("53300", "has no room, memory or connection left"),
        ("08006", "cannot be reached"),
        ("3D000", "is not there"),
        ("28P01", "refuses this program's user or password"),
    ],
)
@pytest.mark.parametrize("connected", [True, False])
def test_what_a_server_says_of_itself_is_a_sentence_and_of_a_statement_is_not(
    code: str, reason: str, connected: bool
) -> None:
    with pytest.raises(DatabaseUnavailable, match=reason) as told:
        database._unavailable(reported({"C": code, "M": "FATAL: DOE at host secret"}, connected=connected))
    assert "DOE" not in str(told.value)
    database._unavailable(reported({"C": "42P01", "M": "no such relation"}, connected=connected))


def test_a_connection_that_broke_is_a_sentence_whatever_the_driver_calls_it() -> None:
    for words in ({"C": "99999"}, "network error"):
        with pytest.raises(DatabaseUnavailable, match="does not answer"):
            database._unavailable(reported(words, connected=True, broken=True))


def reported(words: object, *, connected: bool, broken: bool = False) -> ExceptionContext:
    """Return what SQLAlchemy hands on of an error of PostgreSQL's driver."""
    connection = object() if connected else None
    error = DriverError(words)
    return cast(
        ExceptionContext, SimpleNamespace(original_exception=error, connection=connection, is_disconnect=broken)
    )


class DriverError(Exception):
    """As pg8000's, whose argument is a table of what the server said."""


def write(engine: Engine, statement: str) -> None:
    with writing(engine) as connection:
        connection.execute(text(statement))


@pytest.mark.slow
def test_a_server_that_went_away_is_told_in_a_sentence() -> None:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("needs PostgreSQL's server programs (Debian: apt-get install postgresql)")
    with running_postgres(binaries) as url:
        engine = open_database(url)
        write(engine, "CREATE TABLE rows (value INTEGER)")
        with pytest.raises(ProgrammingError):
            write(engine, "INSERT INTO nowhere VALUES (2)")
        write(engine, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        with pytest.raises(DatabaseUnavailable, match="is read-only"):
            write(engine, "INSERT INTO rows VALUES (1)")
        engine.dispose()
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        write(engine, "INSERT INTO rows VALUES (1)")


def test_a_table_of_an_earlier_version_gets_its_later_columns_and_indexes(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO things VALUES (1)"))
    later = MetaData()
    Table("things", later, Column("id", Integer, primary_key=True), Column("name", String(20), index=True))
    for _ in range(2):
        with writing(engine) as connection:
            complete_tables(connection, later)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT id, name FROM things")).all() == [(1, None)]
        assert [index["column_names"] for index in inspect(connection).get_indexes("things")] == [["name"]]
