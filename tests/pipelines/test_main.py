"""`suprem` says what there is, at once, and hands a command line to the stage of that name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import verify_audit
from pipelines.__main__ import command_names, main, stages
from suprem import __version__

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("package", ["pipelines", "suprem"])
def test_every_stage_is_listed_with_a_line_of_help(package: str) -> None:
    listed = subprocess.run([sys.executable, "-m", package], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = {line.split("  ")[1]: line for line in listed.stdout.splitlines() if line.startswith("  ")}
    for name, first_line in stages().items():
        shown = {"pretrain": "pretrain, train"}.get(name, name.replace("_", "-"))
        assert lines[shown].endswith(f"  {first_line}")
    assert {"index_datasets", "pretrain", "score", "zero_shot"} <= stages().keys()
    assert all(stages().values())


def test_a_module_without_a_command_is_not_a_stage() -> None:
    assert {"stage", "__main__", "__init__"}.isdisjoint(stages())


def test_listing_does_not_load_torch() -> None:
    code = "import sys, runpy, pipelines.__main__ as m; m.main([]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_help_of_a_command_loads_no_torch_and_names_the_command() -> None:
    measuring = {"benchmark"}  # torch is what it measures
    code = f"""
import contextlib, io, sys
from importlib import import_module
for name in {sorted(stages().keys() - measuring)}:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        import_module("pipelines." + name).main(["--help"])
    print(name, "torch" in sys.modules, shown.getvalue().startswith("usage: suprem " + name.replace("_", "-")))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in done.stdout.splitlines()}
    assert found == dict.fromkeys(stages().keys() - measuring, "False True")


def test_help_of_score_loads_no_numbers_either() -> None:
    code = "import sys, pipelines.score; print(sorted({'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("name", ["verify-audit", "verify_audit"])
def test_a_command_is_handed_its_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []

    def record(argv: list[str]) -> int:
        given.append(argv)
        return 7

    monkeypatch.setattr(verify_audit, "main", record)
    assert main([name, "--one", "two"]) == 7
    assert given == [["--one", "two"]]


def test_training_has_its_short_name() -> None:
    assert command_names()["train"] == command_names()["pretrain"] == "pretrain"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scor", "--ecg", "x"], "there is no command 'scor'; did you mean 'score'?"),
        (["stage"], "there is no command 'stage'"),
        (["--ecg", "x"], "unrecognized arguments: --ecg x"),
    ],
)
def test_what_is_no_command_is_an_error(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_an_unknown_option_of_a_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify-audit", "--nonsense"])
    assert ended.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"suprem {__version__}\n"
