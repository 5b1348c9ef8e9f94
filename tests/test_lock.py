"""Two processes never write one folder, and a lock ends with the process that held it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suprem.errors import FolderInUse
from suprem.lock import LOCK, only_writer

HOLDS = """
import sys
from pathlib import Path
from suprem.lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_writer_is_told_who_the_first_one_is(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(FolderInUse, match=f"folder run is being written by process {holder.pid} on "),
        only_writer(folder),
    ):
        pass
    assert (folder / LOCK).exists(), "who is refused leaves the lock as it is"
    holder.kill()
    holder.communicate()
    assert (folder / LOCK).exists()
    with only_writer(folder):
        assert (folder / LOCK).read_text().startswith(f"process {os.getpid()} on ")
    assert list(folder.iterdir()) == []


def test_the_same_process_does_not_write_twice(tmp_path: Path) -> None:
    with only_writer(tmp_path), pytest.raises(FolderInUse), only_writer(tmp_path):
        pass
    with only_writer(tmp_path):
        pass
