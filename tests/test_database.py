"""A database is opened one way, and a writer is never surprised by another."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from suprem.database import open_database, writing
from suprem.errors import ConfigError


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
