"""The quickstart notebook runs from its first cell to its last, and holds no output of anybody's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "guide" / "quickstart.ipynb"


def test_the_quickstart_runs_and_ends_in_tables() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells)
    names: dict[str, Any] = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}, cell {cell['id']}", "exec"), names)
    frame = names["frame"]
    assert isinstance(frame, pd.DataFrame)
    assert len(names["scores"].frame) == 3
    assert len(frame) == 2 * len(names["recordings"])
    assert names["features"].shape[0] == len(names["recordings"])
    assert names["features"].shape[1] > 1
