"""Settings come from the environment over suprem.toml over defaults, and nothing misspelt is passed over."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from suprem.errors import ConfigError
from suprem.settings import ASSETS, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent


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
    settings = load_settings({"SUPREM_HOME": "/from/environment", "SUPREM_DEVICE": "cuda"}, toml)
    assert (settings.home, settings.threads, settings.device) == (Path("/from/environment"), 3, "cuda")


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUPREM_DEVICE", "cuda:1")
    assert load_settings(path=tmp_path / "absent.toml").device == "cuda:1"


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"SUPREM_HOME": "here", "SUPREM_CHECKPOINT": "~/there"})
    assert (settings.home, settings.checkpoint) == (tmp_path / "here", Path.home() / "there")


def test_the_key_of_the_language_model_is_not_shown() -> None:
    assert "secret" not in repr(Settings(llm_api_key="secret"))


def test_every_setting_is_read_somewhere() -> None:
    rooms = ("suprem", "pages", "pipelines")
    source = "".join(file.read_text(encoding="utf-8") for room in rooms for file in (ROOT / room).rglob("*.py"))
    unread = [f.name for f in fields(Settings) if not re.search(rf"(settings(\(\))?|self)\.{f.name}\b", source)]
    assert unread == []


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
