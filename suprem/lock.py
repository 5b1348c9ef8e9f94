"""One process at a time writes a folder: the lock is the process's own and ends with it, however that ends.

Linux and macOS; Windows has no such lock, and there only the table of jobs keeps two of them apart.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suprem.errors import FolderInUse

LOCK = ".lock"
"""File in a folder that is being written, with who writes it."""


@contextmanager
def only_writer(folder: Path, *, replaces: bool = False, waits: bool = False) -> Iterator[None]:
    """Be the only process that writes a folder, which is made where it is missing.

    Args:
        folder: The folder.
        replaces: Whether it is replaced as a whole; its lock then lies beside it, and it is not made.
        waits: Whether to wait until another process has ended; what it writes must take moments.

    Raises:
        FolderInUse: Another process is at it, on this machine or, where the disk passes locks on, on another.
    """
    path = folder.with_name(f".{folder.name}{LOCK}") if replaces else folder / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    file = _locked(path, folder.name, waits)
    try:
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _locked(path: Path, name: str, waits: bool) -> int:
    import fcntl  # Windows has none

    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
            if _is_there(path, file):
                return file
        except BlockingIOError:
            owner = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise FolderInUse(
                f"The folder {name} is being written by {owner}. Wait until that has ended, or stop it first."
            ) from None
        os.close(file)  # its owner ended in this moment and took the file away


def _is_there(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
