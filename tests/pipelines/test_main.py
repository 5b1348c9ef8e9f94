"""`python -m pipelines` says what there is, at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipelines.__main__ import stages

ROOT = Path(__file__).resolve().parents[2]


def test_every_stage_is_listed_with_a_line_of_help() -> None:
    listed = subprocess.run([sys.executable, "-m", "pipelines"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines() == [
        f"python -m pipelines.{name.ljust(max(map(len, stages())))}  {line}" for name, line in stages().items()
    ]
    assert {"index_datasets", "pretrain", "score", "zero_shot"} <= stages().keys()
    assert all(stages().values())


def test_a_module_without_a_command_is_not_a_stage() -> None:
    assert {"stage", "__main__", "__init__"}.isdisjoint(stages())


def test_listing_does_not_load_torch() -> None:
    code = "import sys, runpy, pipelines.__main__ as m; m.main(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0
