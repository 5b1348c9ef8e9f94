"""requirements.txt names all that is imported and nothing else: what another package happens to bring can leave."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = {"suprem", "pipelines", "pages"}
OPTIONAL = {"mlflow", "playwright", "submitit"}
"""Imported only where it is used, with a message that says what to install."""
BEHIND = {"torch.utils.tensorboard": "tensorboard"}
"""Modules that only work with another package."""


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {normalized(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines if line and not line.startswith("#")}


def imported() -> dict[str, set[str]]:
    """Return each imported third-party package with the distributions that provide it."""
    files = [ROOT / "app.py", *(file for room in sorted(OURS) for file in (ROOT / room).rglob("*.py"))]
    names: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(BEHIND.get(node.module, node.module.split(".")[0]))
    distributions = packages_distributions()
    third_party = names - OURS - OPTIONAL - sys.stdlib_module_names
    return {name: {normalized(found) for found in distributions.get(name, [name])} for name in third_party}


def test_everything_imported_is_required() -> None:
    assert {name: found for name, found in imported().items() if not found & required()} == {}


def test_everything_required_is_imported() -> None:
    assert required() - set().union(*imported().values()) == set()


def test_torch_is_pinned_to_the_build_that_was_measured() -> None:
    assert "torch==2.13.0" in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()


def test_the_lock_file_holds_every_requirement_but_torch() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {normalized(line.split("==")[0]) for line in lines if line and not line.startswith(("#", " "))}
    assert required() - locked == {"torch"}, "write it anew with: make lock"
