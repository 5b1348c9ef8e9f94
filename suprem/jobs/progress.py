"""The line in which a stage reports its progress. Written to the log, read from its end: nothing else is needed for a
page to follow a job, on this machine or on a cluster."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 64_000
TAIL_LINES = 400

_LINE = re.compile(r"^(?P<stage>[a-z_]+) +(?P<percent>\d{1,3}\.\d) %  (?P<message>.*)$")


@dataclass(frozen=True)
class Progress:
    """How far a stage is: fraction from 0 to 1, and a message for a person."""

    fraction: float
    message: str


def progress_line(stage: str, fraction: float, message: str) -> str:
    """Return the line of a stage."""
    return f"{stage} {100 * fraction:5.1f} %  {' '.join(message.split())}"


def tail(log: Path, *, lines: int = TAIL_LINES) -> list[str]:
    """Return the last lines of a log, however long it is; none while there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            size = file.tell()
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    found = text.splitlines()
    return (found[1:] if size > TAIL_BYTES else found)[-lines:]


def last_progress(lines: list[str]) -> Progress | None:
    """Return the newest progress among log lines, None when there is none."""
    for line in reversed(lines):
        match = _LINE.match(line)
        if match:
            return Progress(min(1.0, float(match["percent"]) / 100), match["message"])
    return None


def is_progress(line: str) -> bool:
    """Whether a line of a log only says how far a stage is."""
    return _LINE.match(line) is not None
