"""Processes that outlive the one that started them: named for ever, stopped as a whole group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

KILLED_WITHIN = 5.0
"""Seconds that a killed group is given to disappear."""


def start_detached(command: Sequence[str], *, log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: neither Ctrl-C on the server nor its end reaches it.

    Args:
        command: Words; no shell reads them.
        log: Receives standard output and error, appended.
        folder: Working directory.
    """
    with log.open("ab") as file:
        return subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=folder, start_new_session=True
        )


def identity(pid: int) -> tuple[int, float]:
    """Return process id and start time, which together are never given to another process."""
    return pid, psutil.Process(pid).create_time()


def is_alive(process: tuple[int, float]) -> bool:
    """Whether exactly this process still runs; one that ended and was not waited for does not."""
    pid, start = process
    try:
        found = psutil.Process(pid)
        return abs(found.create_time() - start) < 0.05 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def group_members(group: int) -> list[psutil.Process]:
    """Return the living processes of a group."""
    members = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def signal_group(group: int, number: int) -> None:
    """Send a signal to a group; one that is gone is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end_group(group: int) -> None:
    """Kill what is left of a group and wait until it is gone."""
    signal_group(group, signal.SIGKILL)
    deadline = time.monotonic() + KILLED_WITHIN
    while group_members(group) and time.monotonic() < deadline:
        time.sleep(0.05)


def peak_memory() -> int:
    """Return the most memory in bytes that this process has held so far."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
