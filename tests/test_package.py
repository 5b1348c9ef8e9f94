"""A wheel of this source, installed outside the checkout, is all that a person needs: one package, one command."""

from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from suprem import __version__
from suprem.ecg.examples import real_example
from suprem.inference.predictor import Predictor
from suprem.resources import ASSETS
from suprem.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
QUERIES = ("sinus rhythm", "atrial fibrillation")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source, built by the tools of this environment, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the scripts of a fresh environment that holds the wheel, and what it requires from this one."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    venv.create(folder, symlinks=os.name == "posix")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    options = ["--no-deps", "--no-index", "--quiet"]
    python = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
    subprocess.run([*python, "install", *options, str(wheel)], check=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = subprocess.run([scripts / "python", "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    here = subprocess.run([sys.executable, "-c", where], capture_output=True, text=True, check=True).stdout
    (Path(there) / "requirements.pth").write_text(here)
    return scripts


def run(scripts: Path, folder: Path, *words: str) -> str:
    done = subprocess.run([scripts / words[0], *words[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_one_top_level_package_and_all_that_ships(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    top = {name.split("/")[0] for name in names}
    assert top == {"suprem", f"suprem_studio-{__version__}.dist-info"}
    assert "suprem/py.typed" in names
    shipped = {path.relative_to(ROOT).as_posix() for path in ASSETS.rglob("*") if path.is_file()}
    configurations = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pipelines").rglob("*.toml")}
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pages").glob("*.py")}
    wanted = {"app.py", ".streamlit/config.toml", *shipped, *configurations, *pages}
    assert {f"suprem/studio/{name}" for name in wanted} <= set(names)
    assert not [name for name in names if "__pycache__" in name or "secrets" in name]


def test_the_installed_package_is_the_one_that_runs(scripts: Path, tmp_path: Path) -> None:
    found = run(scripts, tmp_path, "python", "-c", "import suprem.resources as r; print(r.ASSETS)").strip()
    assert Path(found).is_relative_to(scripts.parent)
    assert run(scripts, tmp_path, "suprem", "--version") == f"suprem {__version__}\n"


def test_the_installed_command_scores_the_example_as_the_checkout_does(scripts: Path, tmp_path: Path) -> None:
    example = str(get_testdata_file("waveform_ecg.dcm", download=False))
    printed = run(scripts, tmp_path, "suprem", "score", "--ecg", example, "--query", *QUERIES)
    rows = list(csv.DictReader(printed.splitlines()))
    expected = Predictor.configured(Settings()).score(real_example(), QUERIES)
    assert [row["query"] for row in rows] == list(QUERIES)
    assert [float(row["score"]) for row in rows] == pytest.approx([found.score for found in expected], abs=1e-5)


def test_the_installed_command_trains_by_a_configuration_that_ships(scripts: Path, tmp_path: Path) -> None:
    run(scripts, tmp_path, "suprem", "train", "--config", "smoke", "--run-dir", "run", "--set", "training.epochs=1")
    assert (tmp_path / "run" / "best" / "model.safetensors").is_file()


def test_the_installed_app_answers_with_the_settings_that_ship(scripts: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "app.log"
    with log.open("wb") as file:
        words = [scripts / "suprem", "app", "--no-browser", "--port", str(port)]
        server = subprocess.Popen(words, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except urllib.error.HTTPError:
                pytest.fail(log.read_text()[-5000:])
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(log.read_text()[-5000:])
                time.sleep(0.25)
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert f"http://127.0.0.1:{port}" in log.read_text()  # config.toml: this machine only
