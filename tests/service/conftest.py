"""The HTTP interface over a tiny checkpoint, asked without a network."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from starlette.testclient import TestClient

import suprem
from suprem.ecg.record import LEADS
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.inference.predictor import Predictor
from suprem.service.routes import build_service
from tests.fakes import FakeEmbedder
from tests.tiny import every_concept, write_checkpoint

TOKEN = "a-token"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> suprem.Model:
    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=every_concept())
    return suprem.Model(Predictor.load(folder, embedder=FakeEmbedder(32)))


@pytest.fixture
def client(model: suprem.Model) -> Iterator[TestClient]:
    """A program that shows its token."""
    with TestClient(build_service(model, tokens=["an-older-one", TOKEN])) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


@pytest.fixture(scope="session")
def ecg_file() -> bytes:
    """A clean recording as NPZ, which states rate, unit and leads."""
    record = synthesize(SyntheticSpec(seed=3))
    file = BytesIO()
    np.savez(file, signal=record.signal, fs=record.fs, leads=np.array(LEADS), unit="mV")
    return file.getvalue()


@pytest.fixture(scope="session")
def blocked_file() -> bytes:
    """A recording that can be read but that the quality gate blocks: microvolts called millivolts."""
    record = synthesize(SyntheticSpec(seed=3))
    file = BytesIO()
    np.savez(file, signal=1e3 * record.signal, fs=record.fs, leads=np.array(LEADS), unit="mV")
    return file.getvalue()
