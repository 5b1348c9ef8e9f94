"""What is loaded ahead exists; a wrong name would only show as a silent loss of speed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from suprem.web.warm_start import SLOW_IMPORTS


@pytest.mark.parametrize("name", SLOW_IMPORTS)
def test_every_module_loaded_ahead_exists(name: str) -> None:
    assert find_spec(name) is not None


@pytest.mark.parametrize("name", ["ecg_paper.ecg_figure", "chart"])
def test_what_draws_has_waited_for_pandas(name: str) -> None:
    # Plotly takes a half imported pandas for a whole one; the model's import, beside the first page, brings it.
    code = f"import sys, suprem.web.{name}; sys.exit('pandas' not in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
