"""What every test gets: fixed seeds, an environment of its own, and no way out to the internet."""

from __future__ import annotations

import os
import random
import shutil
import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TEST_DATA = os.environ.get("SUPREM_TEST_DATA")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# Before any test module is imported, since huggingface_hub reads its switch once. Child processes inherit both.
for _name in [name for name in os.environ if name.startswith("SUPREM_")]:
    del os.environ[_name]
os.environ["HF_HUB_OFFLINE"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="needs Chromium (Debian: apt-get install chromium)"))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder with real corpora in PhysioNet's layout: ptb-xl/, cinc/, ludb/, formats/, splits/."""
    if TEST_DATA is None:
        pytest.skip(
            "needs real recordings: set SUPREM_TEST_DATA to a folder that holds ptb-xl/, cinc/, ludb/, formats/"
        )
    folder = Path(TEST_DATA).expanduser()
    if not folder.is_dir():
        pytest.fail(f"SUPREM_TEST_DATA is {TEST_DATA}, which is not a folder", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium that tests marked `browser` drive."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    return CHROMIUM


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path / "artifacts"))


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:  # never the reason that torch is loaded
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def _no_internet(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that opens a connection beyond this machine, even where the code would catch the error."""
    if request.node.get_closest_marker("network"):
        yield
        return
    attempts: list[str] = []

    def guard(method: str) -> None:
        original = getattr(socket.socket, method)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
                attempts.append(str(address[0]))
                raise ConnectionRefusedError(f"tests may not connect to {address[0]}")
            return original(self, address)

        monkeypatch.setattr(socket.socket, method, connect)

    guard("connect")
    guard("connect_ex")
    yield
    if attempts:
        pytest.fail(f"tried to reach {', '.join(attempts)}; mark the test `network` if it must", pytrace=False)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
