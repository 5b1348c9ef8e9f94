"""A private PostgreSQL server that lives as long as a `with` block: own folder, own Unix socket, no port."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 30


def postgres_binaries() -> Path | None:
    """Return the folder with initdb and postgres; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in candidates if (folder / "postgres").exists()), None)


@contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """Start a server and yield the URL of its database, in which everything may be dropped."""
    # Not below pytest's folder: that is closed to other users, and the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="suprem-postgres-"))
    server = None
    try:
        account = _account(folder)
        initdb = [binaries / "initdb", "-D", folder / "data", "-U", "suprem", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*initdb, "--locale=C"], cwd=folder, stdout=subprocess.DEVNULL, check=True, **account)
        command = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*command, "-c", "fsync=off"], cwd=folder, stderr=log, **account)
        _wait_until_ready(server, binaries, folder)
        yield f"postgresql+pg8000://suprem@/postgres?unix_sock={folder}/.s.PGSQL.5432"
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)  # at once: what it wrote is thrown away
            server.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _account(folder: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _wait_until_ready(server: subprocess.Popen[bytes], binaries: Path, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([binaries / "pg_isready", "-q", "-h", folder], check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "log").read_text(errors="replace"))
        time.sleep(0.05)
