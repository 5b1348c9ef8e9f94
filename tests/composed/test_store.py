"""Composed ECGs on disk: what comes back, whose labels count, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.composed.parts import Parts
from suprem.composed.recipe import KINDS, compose
from suprem.composed.store import ComposedStore, write_store
from suprem.composed.strip import LEADS, TIME
from suprem.composed.truth import INHERITED, UNKNOWN, Composed
from suprem.errors import DatasetError


def one(kind: str, labels: dict[str, int], record_id: str, *, others: int = UNKNOWN, changed: bool = False) -> Composed:
    """Return a composed ECG of one level."""
    signal = np.full((LEADS, len(TIME)), 0.25, np.float32)
    return Composed(signal, kind, labels, record_id, others, beat_changed=changed)


def flat(_record_id: str) -> NDArray[np.float32]:
    """Return an empty recording."""
    return np.zeros((LEADS, len(TIME)), np.float32)


def test_labels_are_composed_ones_then_those_of_the_recording_where_they_still_hold(tmp_path: Path) -> None:
    write_store(
        [
            one("rhythm", {"SR": 0, "LVH": INHERITED}, "a"),
            one("changed", {"STEMI": 1}, "a", others=INHERITED, changed=True),
            one("control", {"STEMI": 0}, "b", others=INHERITED),
        ],
        3,
        tmp_path,
        corpus="test",
        seed=0,
    )
    store = ComposedStore.open(tmp_path)
    codes = ("SR", "LVH", "STEMI", "IMI", "CRBBB")
    real = np.array([[1, 1, 0, 1, 1], [1, 0, 0, 0, 0]], np.float32)
    labels = store.labels_for(codes, real, {"a": 0, "b": 1})
    np.testing.assert_array_equal(labels[0], [0, 1, -1, -1, -1])
    np.testing.assert_array_equal(labels[1], [1, 1, 1, -1, 1])  # an infarct may hide in the changed beat
    np.testing.assert_array_equal(labels[2], [1, 0, 0, 0, 0])
    np.testing.assert_allclose(store.read(np.array([1])), 0.25, atol=1e-3)


def test_each_ecg_depends_on_seed_and_number_alone(parts: Parts) -> None:
    baselines = [flat("")]
    every = list(compose(parts, flat, baselines, range(12), seed=3))
    some = list(compose(parts, flat, baselines, [7, 2], seed=3))
    np.testing.assert_array_equal(every[7].signal, some[0].signal)
    np.testing.assert_array_equal(every[2].signal, some[1].signal)
    other = next(compose(parts, flat, baselines, [7], seed=4))
    assert other.kind != every[7].kind or not np.array_equal(other.signal, every[7].signal)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_composes_a_finite_ecg_of_ordinary_size(parts: Parts, kind: str) -> None:
    for composed in compose(parts, flat, [flat("")], range(2), 0, {kind: 1.0}):
        assert composed.signal.shape == (LEADS, len(TIME))
        assert np.isfinite(composed.signal).all()
        assert np.abs(composed.signal).max() < 8
        assert kind in ("control", composed.kind) or 1 in composed.labels.values()


def test_a_store_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not a finished store of composed ECGs"):
        ComposedStore.open(tmp_path)
