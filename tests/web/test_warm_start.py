"""What is loaded ahead exists; a wrong name would only show as a silent loss of speed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from suprem.web.warm_start import SLOW_IMPORTS


@pytest.mark.parametrize("name", SLOW_IMPORTS)
def test_every_module_loaded_ahead_exists(name: str) -> None:
    assert find_spec(name) is not None
