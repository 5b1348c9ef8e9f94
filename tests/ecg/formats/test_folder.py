"""What lies in a folder beside recordings never stops, blocks or hides those."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.intake import examine_files
from suprem.errors import UnreadableEcg
from tests.tiny import SPEC, ecg, write_wfdb


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_wfdb(tmp_path / "a", ecg())
    return tmp_path


@pytest.mark.parametrize("name", ["pipe.hea", "pipe.csv", "pipe.dcm", "pipe"])
def test_pipes_and_sockets_are_passed_over_and_never_opened(folder: Path, name: str) -> None:
    """Opening a pipe that nobody writes to waits for ever."""
    os.mkfifo(folder / name)
    (folder / "link.csv").symlink_to(folder / name)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.edf"))
        assert find_records(folder) == [folder / "a.hea"]
    with pytest.raises(UnreadableEcg, match="no file but a folder, a pipe or a device"):
        read_ecg(folder / "link.csv")


def test_what_is_closed_to_this_program_is_one_error_each(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions do not bind root, who runs many a test, so both refusals are played."""
    write_wfdb(folder / "deep" / "b", ecg())
    for name in ("closed.csv", "closed.hea", "closed.dcm"):
        (folder / name).write_bytes(b"x" * 1000)
    opened, scanned = Path.open, os.scandir

    def refuse_files(self: Path, *args: object, **options: object) -> object:
        if self.stem == "closed":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **options)  # type: ignore[call-overload]

    def refuse_folder(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scanned(path)

    monkeypatch.setattr(Path, "open", refuse_files)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    found = find_records(folder)
    assert [path.name for path in found] == ["a.hea", "closed.csv", "closed.dcm", "closed.hea", "deep"]
    said = [one.message for one in examine_files(found[1:3], SPEC, workers=1)]
    assert said == ["The file cannot be opened: Permission denied."] * 2
    assert str(folder) not in " ".join(said), "a log that others see names no folder"
