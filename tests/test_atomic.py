"""A file is there whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from suprem.atomic import replacing, write_text


def test_the_new_file_takes_the_place_of_the_old_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent, "a rename across disks would not be one step"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", ["old", None])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / "a.txt"
    if old:
        path.write_text(old)

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert [p.read_text() for p in tmp_path.iterdir()] == ([old] if old else [])


def test_a_missing_folder_is_the_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "nowhere" / "a.txt", "x")


def test_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "µV – 12\n")
    assert (tmp_path / "a.txt").read_bytes() == "µV – 12\n".encode()


def test_of_many_writers_at_once_each_leaves_a_whole_file(tmp_path: Path) -> None:
    """With one temporary name for all, one renamed what another was writing, and the rest failed."""
    path, together = tmp_path / "a.txt", Barrier(6)

    def write(letter: str) -> None:
        together.wait()
        for _ in range(20):
            with replacing(path) as temporary:
                temporary.write_text(letter * 1000)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, "abcdef"))
    assert path.read_text() in {letter * 1000 for letter in "abcdef"}
    assert list(tmp_path.iterdir()) == [path]
