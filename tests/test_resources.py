"""What ships is found by name, and a file of one's own stands before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem import resources


def test_everything_that_ships_is_there() -> None:
    assert resources.APP.is_file()
    assert all(folder.is_dir() for folder in (resources.ASSETS, resources.PAGES, resources.CONFIGS))


@pytest.mark.parametrize("name", ["smoke", "smoke.toml"])
def test_a_configuration_that_ships_is_named_without_its_folder(name: str) -> None:
    assert resources.configuration(name) == resources.CONFIGS / "smoke.toml"


@pytest.mark.parametrize("name", ["mine.toml", "folder/smoke.toml"])
def test_any_other_name_is_a_path(name: str) -> None:
    assert resources.configuration(name) == Path(name)


def test_a_file_of_ones_own_stands_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smoke.toml").touch()
    assert resources.configuration("smoke.toml") == Path("smoke.toml")
