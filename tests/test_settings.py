"""Settings come from the environment over suprem.toml over defaults, and nothing misspelt is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from suprem.errors import ConfigError
from suprem.settings import ASSETS, Settings, load_settings


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "suprem.toml"
    path.write_text('home = "/from/file"\nthreads = 3\n', encoding="utf-8")
    return path


def test_defaults_hold_without_file_and_environment(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path / "absent.toml")
    assert settings == Settings(home=Path.cwd() / "artifacts", checkpoint=ASSETS / "checkpoint")


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(toml: Path) -> None:
    assert load_settings({}, toml).home == Path("/from/file")
    settings = load_settings({"SUPREM_HOME": "/from/environment", "SUPREM_EMBEDDER": "minilm"}, toml)
    assert (settings.home, settings.threads, settings.embedder) == (Path("/from/environment"), 3, "minilm")


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUPREM_DEVICE", "cuda:1")
    assert load_settings(path=tmp_path / "absent.toml").device == "cuda:1"


def test_a_list_of_folders_is_separated_like_path(toml: Path) -> None:
    roots = os.pathsep.join(["/data/one", "~/two"])
    assert load_settings({"SUPREM_DATA_ROOTS": roots}, toml).data_roots == (Path("/data/one"), Path.home() / "two")


def test_an_empty_variable_counts_as_not_set(toml: Path) -> None:
    assert load_settings({"SUPREM_HOME": "", "SUPREM_THREADS": ""}, toml) == load_settings({}, toml)


def test_variables_of_other_programs_and_of_the_tests_are_left_alone(toml: Path) -> None:
    assert load_settings({"PATH": "/bin", "SUPREM_TEST_DATA": "/data"}, toml) == load_settings({}, toml)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SUPREM_HOMME": "/x"}, "Unknown environment variable 'SUPREM_HOMME'; did you mean 'SUPREM_HOME'?"),
        ({"SUPREM_THREADS": "four"}, "environment: 'threads' must be a whole number; found 'four'."),
        ({"SUPREM_THREADS": "0"}, "'threads' is 0; expected at least 1, or leave it out."),
    ],
)
def test_a_wrong_variable_is_refused(environ: dict[str, str], message: str, toml: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ, toml)
    assert str(caught.value) == message


def test_an_unknown_key_in_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "suprem.toml"
    path.write_text("thread = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"suprem\.toml: unknown key 'thread'; did you mean 'threads'\?"):
        load_settings({}, path)
