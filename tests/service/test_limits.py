from __future__ import annotations

import asyncio
from threading import Event

import pytest
from starlette.exceptions import HTTPException

from suprem.service.limits import Limits, Workers


def test_who_comes_when_too_many_wait_is_turned_away_and_places_become_free() -> None:
    async def scene() -> list[object]:
        workers, go = Workers(Limits(at_once=1, waiting=1)), Event()
        first, second = (asyncio.create_task(workers.run(lambda: go.wait(60))) for _ in range(2))
        await asyncio.sleep(0)  # both have taken their place
        with pytest.raises(HTTPException) as refused:
            await workers.run(lambda: None)
        go.set()
        answers = [refused.value.status_code, await first, await second, await workers.run(lambda: "served")]
        workers.close()
        return answers

    assert asyncio.run(scene()) == [503, True, True, "served"]


def test_an_error_of_the_work_reaches_who_asked() -> None:
    async def scene() -> None:
        workers = Workers(Limits())
        try:
            await workers.run(lambda: 1 / 0)
        finally:
            workers.close()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scene())
