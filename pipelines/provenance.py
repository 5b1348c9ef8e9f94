"""What a result depends on besides its configuration: code, packages, machine and command."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from suprem.resources import ROOT

PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "wfdb",
    "pydicom",
    "scikit-learn",
    "sentence-transformers",
    "safetensors",
)


_FOLDERS = re.compile(r"""(?<=["'=])(?:[A-Za-z]:)?[/\\](?:[^"',\[\]=/\\]+[/\\])*""")
"""Those of an absolute path inside a word, such as `teachers=["/one/two/run"]`."""


def provenance() -> dict[str, Any]:
    """Return what a result depends on besides its configuration: code, packages, machine. No host or user names."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "hardware": {"machine": platform.machine(), "cores": os.cpu_count(), "system": platform.system()},
        "command": " ".join([_program(), *map(without_folders, sys.argv[1:])]),
    }


def without_folders(word: str) -> str:
    """Return a word of a command with each absolute path in it shortened to its last part: folders name people."""
    return Path(word).name if Path(word).is_absolute() else _FOLDERS.sub("", word)


def _program() -> str:
    """Return how a person starts what runs: `suprem` and its name come first in `sys.argv[1:]`, or a stage itself."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.stem
    return "suprem" if name == "suprem" else f"python -m pipelines.{name}"


def _commit() -> str:
    """Return the git commit of this source, marked when files differ from it, or "unknown" outside a checkout."""
    if not (ROOT / ".git").exists():  # an installed package may lie below some other project's checkout
        return "unknown"
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "-uno"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if changed.stdout.strip() else "")
