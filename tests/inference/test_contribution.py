"""Contributions add up to what is lost without a lead, and their gradients are those of the network."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import LEADS
from suprem.inference.contribution import contribution_map, faded_signals
from suprem.inference.predictor import Predictor
from tests.fakes import FakeEmbedder
from tests.tiny import SPEC, ecg, write_checkpoint

PATCHES = 40


@pytest.fixture(scope="module")
def signal() -> NDArray[np.float32]:
    return preprocess(ecg(seed=3), SPEC).signal


def test_the_parts_of_a_lead_add_up_to_the_change_without_it(signal: NDArray[np.float32]) -> None:
    """Two points integrate the gradient of a polynomial of third degree exactly."""
    weights = np.random.default_rng(0).normal(size=signal.shape).astype(np.float32) / 100

    def logit(one: NDArray[np.float32]) -> float:
        return float((weights * one).sum() ** 3)

    gradients = np.stack([3 * (weights * copy).sum() ** 2 * weights for copy in faded_signals(signal)])
    found = contribution_map(gradients, signal, SPEC, PATCHES, start=2.0)
    for row, lead in enumerate(SPEC.leads):
        without = signal.copy()
        without[row] = 0.0
        assert found.per_lead[LEADS.index(lead)] == pytest.approx(logit(signal) - logit(without), rel=1e-3, abs=1e-6)
    assert found.blocks.shape == (12, PATCHES)
    assert found.blocks[LEADS.index("aVF")].tolist() == [0.0] * PATCHES, "a lead that is not read adds nothing"
    assert found.per_second == pytest.approx(found.blocks.reshape(12, 10, 4).sum(axis=(0, 2)), abs=1e-6)
    assert (found.start, found.seconds_per_patch) == (2.0, 0.25)


def test_a_part_of_which_nothing_depends_adds_nothing(signal: NDArray[np.float32]) -> None:
    gradients = np.zeros((2 * len(signal), *signal.shape), np.float32)
    gradients[:, :, 500:525] = 1.0
    blocks = contribution_map(gradients, signal, SPEC, PATCHES, start=0.0).blocks
    assert np.flatnonzero(np.abs(blocks).sum(axis=0)).tolist() == [20]
    assert blocks[LEADS.index("II"), 20] == pytest.approx(signal[SPEC.leads.index("II"), 500:525].sum(), rel=1e-4)


def test_gradients_are_slopes_of_the_logits(
    tmp_path_factory: pytest.TempPathFactory, signal: NDArray[np.float32]
) -> None:
    predictor = Predictor.load(write_checkpoint(tmp_path_factory.mktemp("checkpoint")), embedder=FakeEmbedder(32))
    vectors = predictor.vectors(["atrial fibrillation", "delta wave"])
    copies = np.stack([signal, signal / 2])
    direction = np.random.default_rng(1).normal(size=copies.shape).astype(np.float32)
    step = np.float32(1e-4)
    rise = predictor.logits(copies + step * direction, vectors) - predictor.logits(copies - step * direction, vectors)
    for column, gradient in enumerate(predictor.gradients(copies, vectors)):
        assert gradient.shape == copies.shape
        slope = (gradient * direction).sum(axis=(1, 2))
        assert slope == pytest.approx(rise[:, column] / (2 * step), rel=0.03)
