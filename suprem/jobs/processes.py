"""Processes that outlive the one that started them: named for ever, and signalled only when they are who was meant."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

KILLED_WITHIN = 5.0
"""Seconds that a killed group is given to disappear."""

MARK = "STAGE_STARTED_BY"
"""Environment variable that a stage and all its children inherit: who started them."""


@dataclass(frozen=True)
class ProcessName:
    """What names one process for ever.

    A process id alone is given again, after a restart of the machine or of its container within minutes; and a start
    in wall-clock time changes its meaning whenever the clock is set.

    Args:
        host: Machine, by its name in the network. Ids of another machine mean nothing here.
        boot: Which start of that machine, as its kernel names it; empty where the kernel does not.
        pid: Process id.
        start: Seconds from that boot to the start of the process; since 1970 where the kernel names no boots.
    """

    host: str
    boot: str
    pid: int
    start: float

    def __str__(self) -> str:
        return f"{self.host}/{self.boot}/{self.pid}/{self.start}"

    @property
    def is_of_this_machine(self) -> bool:
        """Whether this machine can say anything about it."""
        return self.host == socket.gethostname()


@dataclass(frozen=True)
class ProcessGroup:
    """A stage with all its children.

    Args:
        leader: Its first process, whose id is the number of the group.
        mark: What each of them carries as `MARK`.
    """

    leader: ProcessName
    mark: str

    @property
    def number(self) -> int:
        """The number of the group."""
        return self.leader.pid


def start_detached(
    command: Sequence[str], *, log: Path, folder: Path, mark: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: neither Ctrl-C on the server nor its end reaches it.

    Args:
        command: Words; no shell reads them.
        log: Receives standard output and error, appended.
        folder: Working directory.
        mark: Value of `MARK`, by which the process and its children are known later.
    """
    environment = None if mark is None else {**os.environ, MARK: mark}
    with log.open("ab") as file:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )


def identity(pid: int) -> ProcessName:
    """Return the name of a running process.

    Raises:
        psutil.NoSuchProcess: There is none of that number.
    """
    return ProcessName(socket.gethostname(), _boot(), pid, _start(pid))


def is_alive(process: ProcessName) -> bool:
    """Whether exactly this process still runs here; one that ended and was not waited for does not."""
    if not process.is_of_this_machine:
        return False
    try:
        return identity(process.pid) == process and psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def group_members(group: ProcessGroup) -> list[psutil.Process]:
    """Return the living processes of a group; none where its number has meanwhile been given to another one.

    While a group has members the kernel gives its number to nobody else, so one of them who is known speaks for all:
    the leader by its start, or any child by the mark.
    """
    if not group.leader.is_of_this_machine or group.leader.boot != _boot():
        return []
    members = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group.number and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members if any(_is_of(group, process) for process in members) else []


def signal_group(group: ProcessGroup, number: int) -> None:
    """Send a signal to a group; one that is gone, or that is another one by now, receives nothing."""
    if group_members(group):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group.number, number)


def end_group(group: ProcessGroup) -> None:
    """Kill what is left of a group and wait until it is gone."""
    deadline = time.monotonic() + KILLED_WITHIN
    while group_members(group) and time.monotonic() < deadline:
        signal_group(group, signal.SIGKILL)
        time.sleep(0.05)


def peak_memory() -> int:
    """Return the most memory in bytes that this process has held so far."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _is_of(group: ProcessGroup, process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        if process.pid == group.number:
            return identity(process.pid) == group.leader
        return process.environ().get(MARK) == group.mark
    return False


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        return ""


def _start(pid: int) -> float:
    if not _boot():
        return psutil.Process(pid).create_time()
    try:
        # Field 22 in clock ticks; the name in field 2 may hold blanks and brackets (proc_pid_stat(5)).
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(pid) from None
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")
