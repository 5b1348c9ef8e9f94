"""The guards in conftest.py hold."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import numpy as np
import pytest

pytest_plugins = ["pytester"]

OUTSIDE = ("192.0.2.1", 9)  # TEST-NET-1 of RFC 5737: never a real host


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_connection_beyond_this_machine_fails_the_test(pytester: pytest.Pytester, method: str) -> None:
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(f"""
        import socket

        def test_hides_the_error():
            try:
                socket.socket().{method}({OUTSIDE})
            except OSError:
                pass
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*tried to reach 192.0.2.1*"])


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_the_environment_holds_only_a_home_of_its_own(tmp_path: Path) -> None:
    assert {name for name in os.environ if name.startswith("SUPREM_")} == {"SUPREM_HOME"}
    assert Path(os.environ["SUPREM_HOME"]).parent == tmp_path


def test_random_numbers_start_from_the_same_seed() -> None:
    expected = random.Random(0).random(), np.random.RandomState(0).rand()
    assert (random.random(), np.random.rand()) == expected
