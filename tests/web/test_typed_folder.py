"""A folder that is typed into a page lies below the folders that the installation names, or is not told from none."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.errors import ConfigError
from suprem.settings import Settings
from suprem.web.typed_folder import folder_below_roots, is_below_roots


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("home/corpora/csn", "home/recordings", "data/ptb-xl/records100", "secret"):
        (tmp_path / name).mkdir(parents=True)
    return Settings(home=tmp_path / "home", corpora=tmp_path / "data")


def test_a_folder_is_typed_in_full_or_as_it_is_called_below_a_root(settings: Settings, tmp_path: Path) -> None:
    assert folder_below_roots(str(tmp_path / "data" / "ptb-xl"), settings) == tmp_path / "data" / "ptb-xl"
    assert folder_below_roots("ptb-xl/records100", settings) == tmp_path / "data" / "ptb-xl" / "records100"
    assert folder_below_roots("csn", settings) == tmp_path / "home" / "corpora" / "csn"
    assert folder_below_roots(str(tmp_path / "home" / "recordings"), settings) == tmp_path / "home" / "recordings"


def test_every_other_folder_gets_the_answer_of_one_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "data" / "way-out").symlink_to(tmp_path / "secret")
    (tmp_path / "data" / "file").touch()
    (tmp_path / "data" / "circle").symlink_to(tmp_path / "data" / "circle")
    outside = (
        "/", "/root", "/nowhere", str(tmp_path / "secret"), str(tmp_path / "home"), "..", "../secret",
        "ptb-xl/../../secret", "way-out", "circle", "file", "nowhere", "~", "a\0b", "a" * 5000,
        f"{tmp_path}/data-beside",
    )  # fmt: skip
    answers = set()
    for typed in outside:
        with pytest.raises(ConfigError) as caught:
            folder_below_roots(typed, settings)
        answers.add(str(caught.value))
    assert len(answers) == 1
    assert "SUPREM_CORPORA" in answers.pop()


def test_a_link_does_not_lead_out(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "secret" / "a.dat").touch()
    (tmp_path / "data" / "a.dat").symlink_to(tmp_path / "secret" / "a.dat")
    assert not is_below_roots(tmp_path / "data" / "a.dat", settings)
    assert is_below_roots(tmp_path / "data" / "not-there.dat", settings)
