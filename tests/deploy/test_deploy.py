"""What an engineer starts from agrees with the program. No container runs here: the files are read, and what they would
run is run in a bare folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from pipelines.__main__ import command_names
from suprem.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("*.service"))


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, each with its words."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def copied() -> list[str]:
    """Return what the build copies out of the checkout."""
    rows = [rest.split() for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    return [source for *sources, _target in rows for source in sources]


def composition() -> dict[str, dict]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def environment_of(name: str) -> dict[str, str]:
    return composition()["services"][name]["environment"]


def filled(text: str) -> str:
    """Return a text with the values that example.env would give, as compose would fill them in."""
    given = dict(
        line.split("=", 1)
        for line in (DEPLOY / "example.env").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    return re.sub(r"\$\{(\w+):[?-]([^}]*)\}", lambda found: given.get(found[1]) or found[2], text)


def test_the_image_runs_without_rights_and_says_how_it_is() -> None:
    last_stage = instructions()[[word for word, _ in instructions()].index("FROM", 2) :]
    words = dict(last_stage)
    assert words["USER"] == "10001:10001"
    assert words["VOLUME"] == "/var/lib/suprem"
    assert "/_stcore/health" in words["HEALTHCHECK"]
    assert words["ENTRYPOINT"] == '["suprem"]'
    command = yaml.safe_load(words["CMD"])
    assert command[0] in command_names()
    assert f":{words['EXPOSE']}/" in words["HEALTHCHECK"]


def test_the_build_gets_what_it_copies_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    sources = {".streamlit/config.toml" if name == ".streamlit" else name for name in copied()}
    assert sources == allowed
    assert all((ROOT / name).exists() for name in allowed)


@pytest.mark.slow
def test_what_the_build_copies_is_enough_for_the_package(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, bare / name, ignore=shutil.ignore_patterns("__pycache__", "secrets.toml"))
        else:
            shutil.copy(source, bare / name)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(tmp_path / "built")]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, f"{bare}[postgresql,login]"], check=True)
    with zipfile.ZipFile(next((tmp_path / "built").glob("*.whl"))) as file:
        names = set(file.namelist())
    wanted = [path.relative_to(ROOT) for folder in ("assets", "pages", "pipelines")
              for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]  # fmt: skip
    assert {f"suprem/studio/{path.as_posix()}" for path in wanted} <= names


def test_the_lock_holds_what_the_image_and_the_wheelhouse_install() -> None:
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert {"pg8000", "authlib", "streamlit"} <= set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    assert ".[postgresql,login]" in (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def test_the_settings_of_the_composition_are_the_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {name: filled(str(value)) for name, value in environment_of("app").items()}
    settings = load_settings(
        {name: value for name, value in given.items() if name.startswith("SUPREM_")}, tmp_path / "x"
    )
    assert settings.login is True
    assert settings.max_jobs == Settings.max_jobs
    assert settings.database.startswith("postgresql+pg8000://suprem:")
    assert given["STREAMLIT_SERVER_ALLOWED_HOSTS"].split() == ["ecg.example.org", "127.0.0.1"]


def test_only_the_proxy_is_reached_from_outside_and_the_app_writes_to_its_volume_alone() -> None:
    services = composition()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    app = services["app"]
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    writable = [volume for volume in app["volumes"] if not volume.endswith(":ro")]
    volume = dict(instructions())["VOLUME"]
    assert writable == [f"suprem:{volume}"]
    assert {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())
            if volume[0] not in "./$"} == set(composition()["volumes"])  # fmt: skip


def test_the_proxy_leads_to_the_port_of_the_image() -> None:
    caddy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    upstreams = re.findall(r"reverse_proxy (?:\S+ )?(\w+):(\d+)", caddy)
    assert ("app", dict(instructions())["EXPOSE"]) in upstreams
    assert {name for name, _ in upstreams} <= composition()["services"].keys()
    assert caddy.count("{") == caddy.count("}")


def test_no_secret_of_a_deployment_can_be_committed() -> None:
    secret = (".env", "secrets.toml", "certificates/key.pem", "recordings/a.dcm")
    ignored = subprocess.run(
        ["git", "check-ignore", *(f"deploy/{name}" for name in secret)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    if (ROOT / ".git").exists():
        assert len(ignored) == len(secret)
    assert "DATABASE_PASSWORD=\n" in (DEPLOY / "example.env").read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", [*UNITS, "suprem-backup.timer"])
def test_systemd_takes_the_unit(unit: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze (Debian: apt-get install systemd)")
    for path in DEPLOY.glob("suprem*.[st]*"):
        # The program need not be installed where the test runs.
        text = path.read_text(encoding="utf-8").replace("/opt/suprem/bin/suprem", "/bin/true")
        (tmp_path / path.name).write_text(re.sub("^(User|Group)=.*", "", text, flags=re.MULTILINE), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if unit in line] == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_starts_a_command_that_there_is_with_settings_that_there_are(unit: str, tmp_path: Path) -> None:
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    assert re.findall(r"/opt/suprem/bin/suprem ([\w-]+)", text)[0] in command_names()
    given = dict(re.findall(r"\b(SUPREM_\w+)=(\S+)", "\n".join(re.findall("^Environment=(.*)$", text, re.MULTILINE))))
    load_settings(given, tmp_path / "none.toml")
    assert "User=suprem" in text
    assert "NoNewPrivileges=true" in text


def test_a_restart_of_the_pages_leaves_background_jobs_running() -> None:
    assert "\nKillMode=process\n" in (DEPLOY / "suprem.service").read_text(encoding="utf-8")


def test_the_workflow_runs_what_runs_here() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step][-1] == ".ci/run"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert workflow["permissions"] == {"contents": "read"}
