"""A process is named for ever, and nobody who only bears an old number receives a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from suprem.jobs.processes import (
    ProcessGroup,
    ProcessName,
    end_group,
    group_members,
    identity,
    is_alive,
    signal_group,
    start_detached,
)

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
LEAVES_A_CHILD = [
    sys.executable,
    "-c",
    "import os, time\nif os.fork() == 0:\n    print('child', flush=True)\n    time.sleep(600)",
]


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own that is nobody's business."""
    process = subprocess.Popen(SLEEPS, start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    "change", [{"start": 1.0}, {"boot": "an earlier one"}, {"host": "elsewhere"}], ids=["number", "boot", "host"]
)
def test_a_bystander_with_the_number_of_a_group_is_left_alone(
    bystander: subprocess.Popen[bytes], change: dict[str, float | str]
) -> None:
    """After a restart numbers are given anew; a process group is a bare number, and one of a stranger was killed."""
    leader = replace(identity(bystander.pid), **change)
    group = ProcessGroup(leader, "mark")
    assert group_members(group) == []
    signal_group(group, signal.SIGKILL)
    end_group(group)
    assert bystander.poll() is None
    assert is_alive(identity(bystander.pid))


def test_what_a_leader_left_behind_is_known_by_its_mark(tmp_path: Path) -> None:
    log = tmp_path / "log"
    leader = start_detached(LEAVES_A_CHILD, log=log, folder=tmp_path, mark="ours")
    name = identity(leader.pid)
    leader.wait()
    while "child" not in log.read_text():
        pass
    assert group_members(ProcessGroup(name, "another's")) == []
    ours = ProcessGroup(name, "ours")
    assert len(group_members(ours)) == 1
    end_group(ours)
    assert group_members(ours) == []


def test_setting_the_clock_changes_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    own = identity(os.getpid())
    assert is_alive(own)
    created = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 3600)
    if own.boot:  # where the kernel names its boots, starts are counted from them
        assert identity(os.getpid()) == own
        assert is_alive(own)


def test_a_name_says_machine_boot_number_and_start() -> None:
    name = ProcessName("machine", "boot", 7, 1.25)
    assert str(name) == "machine/boot/7/1.25"
    assert not name.is_of_this_machine
    assert identity(os.getpid()).is_of_this_machine
