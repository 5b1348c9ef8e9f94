"""An empty review database of each kind, and engines that are given back when a test ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event

from tests.review_databases import _quick_commits, postgres, review_url, store

__all__ = ["_quick_commits", "postgres", "review_url", "store"]


@pytest.fixture(autouse=True)
def _close_connections() -> Iterator[None]:
    """Give back the connections of every engine that a test opens."""
    opened: set[Engine] = set()

    def remember(connection: object) -> None:
        opened.add(connection.engine)  # type: ignore[attr-defined]

    event.listen(Engine, "engine_connect", remember)
    yield
    event.remove(Engine, "engine_connect", remember)
    for engine in opened:
        engine.dispose()
