"""The process that `read_apart` starts: reads uploads from standard input, one after another, within its limits."""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any

from suprem.ecg.formats.read_apart import CPU_SECONDS, MEMORY, receive, record_to, send
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES, read_upload
from suprem.ecg.formats.table import TableFormat
from suprem.errors import EcgError, UnreadableEcg


def serve(source: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the source ends."""
    _limit_memory()
    while True:
        try:
            asked, content = receive(source, most=MAX_UPLOAD_BYTES)
        except EOFError:
            return
        _limit_time()
        send(answers, *_answer(asked, content))


def _answer(asked: dict[str, Any], content: bytes) -> tuple[bytes, bytes]:
    files, begin = {}, 0
    for name, size in asked["files"]:
        files[name] = content[begin : begin + size]
        begin += size
    try:
        return record_to(read_upload(files, table=_table(asked["table"]), record_id=asked["record_id"]))
    except EcgError as error:
        return _refusal(error)
    except Exception as error:  # not in a log nor in a message: what it quotes may be a patient's
        return _refusal(UnreadableEcg(f"The file cannot be read ({type(error).__name__}); export it again."))


def _refusal(error: EcgError) -> tuple[bytes, bytes]:
    return json.dumps({"error": type(error).__name__, "message": str(error)}).encode(), b""


def _table(stated: dict[str, Any] | None) -> TableFormat | None:
    if stated is None:
        return None
    return TableFormat(**{**stated, "leads": tuple(stated["leads"]) if stated["leads"] else None})


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold what was uploaded


def _limit_time() -> None:
    """Let the process compute for so many seconds more before the system ends it."""
    if sys.platform != "win32":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soon = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (soon, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    # What a library prints while it reads must not stand among the answers.
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, own)
