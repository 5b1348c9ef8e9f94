"""The application, or Python beside it, as a process of its own, for those who measure or test it from outside."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suprem.errors import JobError
from suprem.resources import ROOT

LOG = "server.log"
"""Below the home folder: everything that the server wrote."""

STARTS_WITHIN = 240.0
"""Seconds. A busy two-core machine takes a minute for what takes five seconds otherwise."""


@contextmanager
def running_app(home: Path, checkpoint: Path) -> Iterator[str]:
    """Start the app as a person does, on a free port of this machine, yield its address, and end it.

    Args:
        home: `SUPREM_HOME` of the installation; receives the server's log.
        checkpoint: `SUPREM_CHECKPOINT`, the checkpoint that its pages score with.

    Raises:
        JobError: The server ended or did not answer in time; the message ends with what it said last.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true")
    command = [*_python(home, SUPREM_CHECKPOINT=checkpoint), "-m", "streamlit", "run", "app.py", *options]
    log = home / LOG
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(server, address, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def python_output(home: Path, *words: str) -> str:
    """Run Python on an installation and return what it printed.

    Args:
        home: `SUPREM_HOME` of the installation.
        words: The command line after the interpreter.

    Raises:
        JobError: It failed; the message ends with what it said last.
    """
    done = subprocess.run([*_python(home), *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2] or "it said nothing"
        raise JobError(f"{' '.join(words)} ended with code {done.returncode}: {said}")
    return done.stdout


def _python(home: Path, **settings: Path) -> list[str]:
    # `env` adds to the environment without reading it here.
    named = [f"SUPREM_HOME={home}", *(f"{name}={value}" for name, value in settings.items())]
    return [shutil.which("env") or "env", *named, sys.executable]


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise JobError(f"The app ended with code {server.returncode} before it answered: {_last_line(log)}")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise JobError(f"The app did not answer within {STARTS_WITHIN:.0f} s: {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
