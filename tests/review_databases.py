"""An empty review database of each kind, as fixtures for every room that writes to one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from suprem.concepts.review.store import ReviewStore
from tests.postgres import postgres_binaries, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a database on a private PostgreSQL server."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("needs PostgreSQL's server programs (Debian: apt-get install postgresql)")
    pytest.importorskip("pg8000")
    with running_postgres(binaries) as url:
        yield url


def _without_fsync(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def _quick_commits() -> Iterator[None]:
    """Do not wait for the disk, which is most of the time of these tests; no power is cut in them."""
    event.listen(Engine, "connect", _without_fsync)
    yield
    event.remove(Engine, "connect", _without_fsync)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def review_url(request: pytest.FixtureRequest, tmp_path: Path, _quick_commits: None) -> str:
    """URL of an empty database; every test that takes it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.sqlite'}"
    url: str = request.getfixturevalue("postgres")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def store(review_url: str) -> Iterator[ReviewStore]:
    store = ReviewStore.open(review_url)
    yield store
    store.close()
