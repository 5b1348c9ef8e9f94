"""What keeps the HTTP interface from being used by strangers, or up: tokens, and limits on size, time and number."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES

Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    Args:
        bytes: Of a recording.
        queries: In one request.
        seconds: Of waiting and working, once the recording has arrived; a slow sender is the proxy's to end.
        at_once: Requests that are worked on at the same time; torch has threads of its own.
        waiting: Requests that may wait for that.
    """

    bytes: int = MAX_UPLOAD_BYTES
    queries: int = 200
    seconds: float = 60.0
    at_once: int = 1
    waiting: int = 16


def check_token(request: Request, tokens: Sequence[str]) -> None:
    """Refuse a request without one of the tokens; without tokens, everybody on this machine may ask.

    Raises:
        HTTPException: 401.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # All are compared, so that the time taken tells nothing.
    equal = [hmac.compare_digest(given.strip().encode(), token.encode()) for token in tokens]
    known = scheme.casefold() == "bearer" and any(equal)
    if tokens and not known:
        raise HTTPException(
            401,
            "A token is needed; send it as the header 'Authorization: Bearer TOKEN'.",
            headers={"WWW-Authenticate": "Bearer"},
        )


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the body of a request, which is held in memory only.

    Raises:
        HTTPException: 413 where it is too large.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.bytes:
            raise HTTPException(413, f"A recording holds at most {limits.bytes // 2**20} MB.")
    return bytes(body)


class Workers:
    """Threads that score, few enough not to stand in each other's way, with a short queue before them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="service")
        self._taken = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns.

        Raises:
            HTTPException: 503 where too many wait already, or it takes too long. A thread cannot be stopped: its place
                is free again when it has ended.
        """
        if self._taken >= self._limits.at_once + self._limits.waiting:
            raise HTTPException(503, "Too many requests wait already; try again.", headers={"Retry-After": "5"})
        self._taken += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._limits.seconds)
        except TimeoutError:
            raise HTTPException(
                503, f"The request took more than {self._limits.seconds:g} s and was given up; ask for less."
            ) from None

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, future: asyncio.Future[Result]) -> None:
        self._taken -= 1
        if not future.cancelled():
            future.exception()  # of one that was given up nobody asks
