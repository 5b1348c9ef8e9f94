"""Who may upload, and how much: files reach the server's memory before any page is asked whether it wants them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

MOST_FILES = 2_000
"""Files that one session may have in memory."""

MOST_BYTES = 1 << 30
"""Bytes that one session may have in memory."""

MOST_SESSIONS = 10_000
"""Sessions that are remembered as admitted; one that is forgotten is admitted again by its next run."""

_PLACE = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/[^/]+$")
_admitted: OrderedDict[str, None] = OrderedDict()
_lock = Lock()


def admit_uploads() -> None:
    """Let the present session upload; called once it has accepted the notice, after the login where one is required."""
    context = get_script_run_ctx()
    if context is None:
        return
    with _lock:
        _admitted[context.session_id] = None
        _admitted.move_to_end(context.session_id)
        while len(_admitted) > MOST_SESSIONS:
            _admitted.popitem(last=False)


def refusal_of_upload(admitted: bool, held: Iterable[int], size: int) -> str:
    """Return why a file is not taken, empty where it is.

    Args:
        admitted: Whether its session has passed the gate.
        held: Sizes of the files that the session has in memory already.
        size: Bytes that come.
    """
    if not admitted:
        return "Accept the notice first, and log in where that is asked for."
    sizes = list(held)
    if len(sizes) >= MOST_FILES:
        return f"A session holds at most {MOST_FILES:,} files; remove some, or pack them into one archive."
    if sum(sizes) + size > MOST_BYTES:
        return f"A session holds at most {MOST_BYTES >> 20:,} MB of files; remove some first."
    return ""


class RefuseUploads:
    """ASGI middleware that answers an upload with 403 before a byte of it is read, where it is not to be taken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = _PLACE.search(scope["path"]) if scope["type"] == "http" and scope["method"] in ("PUT", "POST") else None
        if place is not None:
            length = Headers(scope=scope).get("content-length", "")
            size = int(length) if length.isdecimal() and len(length) < 20 else 0
            session = place["session"]
            refused = refusal_of_upload(session in _admitted, _held(session), size)
            if refused:
                await PlainTextResponse(refused, status_code=403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _held(session: str) -> list[int]:
    manager = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if not isinstance(manager, MemoryUploadedFileManager):
        return []
    return [len(file.data) for file in tuple(manager.file_storage.get(session, {}).values())]
