"""What a reader does while it reads: which files and modules it touches, and whether it comes to an end."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DEAD_SECONDS = 60
"""A reader that cannot be interrupted for so long ends the command, with a traceback of where it is."""


class Hung(BaseException):
    """A reader took too long. No `Exception`, so that no reader takes it for a damaged file."""


class Watch:
    """Notes what the process touches beyond scratch folders, by Python's audit events; it can never be removed."""

    # Reading one's own library is no leak: some parts of it are imported at their first use.
    _OWN = ("/usr/share/zoneinfo", *{os.path.realpath(place) for place in (sys.prefix, sys.base_prefix, *sys.path)})
    _FILES = re.compile(r"open|os\.(remove|rename|mkdir|rmdir|symlink|link|chmod|chown|truncate|listdir|scandir)")
    _WORLD = re.compile(
        r"socket\.(connect|getaddrinfo|bind)|subprocess\.Popen|os\.(system|exec|fork|posix_spawn)|pickle\..*"
    )

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        places = ("/dev/shm", os.path.realpath(tempfile.gettempdir()))
        self._scratch = re.compile("|".join(rf"{re.escape(place)}/suprem-[^/]+(/[^/]+)?" for place in places))
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if self._WORLD.fullmatch(event):
            self.seen.append(event)
        elif self._FILES.fullmatch(event):
            path, directory = arguments[0], arguments[-1]
            if isinstance(path, int):
                return
            path = os.fsdecode(path)
            if event in ("os.remove", "os.rmdir") and isinstance(directory, int) and directory >= 0:
                path = f"{os.readlink(f'/proc/self/fd/{directory}')}/{path}"
            mode = arguments[1] if event == "open" else "w"
            reads = event in ("os.listdir", "os.scandir") or (mode is not None and not re.search("[wax+]", str(mode)))
            if self._scratch.fullmatch(path) or (reads and os.path.realpath(path).startswith(self._OWN)):
                return
            self.seen.append(f"{event} {path}")


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `Hung` in the block when it takes longer, and end the process where even that does not help."""

    def stop(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(DEAD_SECONDS, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)
