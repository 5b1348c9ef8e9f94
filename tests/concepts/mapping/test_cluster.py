from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from suprem.concepts.guards import IMPLIED, conflict, narrower
from suprem.concepts.mapping import cluster
from suprem.concepts.mapping.cluster import ClusterTree, StatedProperties, build_tree

WORDS = (
    "left bundle branch block", "right bundle branch block", "first degree AV block", "third degree AV block",
    "low amplitude T wave", "high T wave amplitude", "inferior infarction", "anterior infarction", "infarction",
    "ischemia", "no ischemia", "inverted T wave", "ST elevation", "ST depression", "sinus rhythm", "normal ECG",
)  # fmt: skip


def tree_of(vectors: NDArray[np.float32], names: list[str] | None = None, floor: float = 0.5) -> ClusterTree:
    names = names or ["sinus rhythm"] * len(vectors)
    return build_tree(vectors, StatedProperties.read(names), floor=floor)


def unit(rng: np.random.Generator, count: int, dimension: int = 6) -> NDArray[np.float32]:
    vectors = rng.standard_normal((count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def same(first: NDArray[np.intp], second: NDArray[np.intp]) -> bool:
    return bool(((first[:, None] == first) == (second[:, None] == second)).all())


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_without_conflicts_a_cut_is_that_of_scipy(threshold: float) -> None:
    vectors = unit(np.random.default_rng(1), 120)
    cosines = 1 - (vectors @ vectors.T).astype(float)
    expected = fcluster(linkage(cosines[np.triu_indices(120, 1)].clip(0), "average"), 1 - threshold, "distance")
    assert same(tree_of(vectors).cut(threshold), expected)


def test_names_in_conflict_never_share_a_cluster_even_with_equal_vectors() -> None:
    names = [f"{side} bundle branch block" for side in ("left", "right")] * 30
    labels = tree_of(np.ones((60, 1), np.float32), names).cut(0.8)
    assert same(labels, np.arange(60) % 2)


def test_a_name_without_a_side_does_not_bring_both_sides_together() -> None:
    labels = tree_of(np.ones((3, 1), np.float32), ["left block", "block", "right block"]).cut(0.8)
    assert labels[0] != labels[2]


def test_names_known_to_be_different_findings_stay_apart() -> None:
    stated = StatedProperties.read(["a", "b", "c"])
    tree = build_tree(np.ones((3, 1), np.float32), stated, floor=0.5, findings=np.array([4, 5, -1]))
    labels = tree.cut(0.9)
    assert labels[0] != labels[1]
    assert labels[2] in labels[:2]


def test_clusters_are_numbered_by_size() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 1, 1, 1, 2, 2]]
    assert tree_of(vectors).cut(0.8).tolist() == [3, 1, 1, 1, 2, 2]


def test_a_cut_below_the_floor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.50"):
        tree_of(np.eye(2, dtype=np.float32)).cut(0.3)


def test_blocks_and_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(np.random.default_rng(2), 90)
    whole = tree_of(vectors).cut(0.7)
    monkeypatch.setattr(cluster, "_BLOCK", 7)
    assert np.array_equal(tree_of(vectors).cut(0.7), whole)


def test_a_piece_too_large_is_cut_at_a_higher_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "MAX_LINKED", 5)
    labels = tree_of(np.eye(3, dtype=np.float32)[np.arange(12) % 3]).cut(0.8)
    assert same(labels, np.arange(12) % 3)


def test_bits_say_what_the_guards_say() -> None:
    stated = StatedProperties.read(WORDS)
    conflicts = stated.conflicts(stated)
    lack = stated.lack(stated, implied=IMPLIED)
    for i, first in enumerate(WORDS):
        for j, second in enumerate(WORDS):
            assert conflicts[i, j] == (conflict(first, second) is not None), (first, second)
            assert (lack[i, j] or lack[j, i]) == (narrower(first, second) is not None), (first, second)
