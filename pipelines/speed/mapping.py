"""A slider move of the concept map: clustering and mapping at another threshold, without the text encoder."""

from __future__ import annotations

import itertools

import numpy as np

from pipelines.speed.figure import Figure, median_seconds
from suprem.concepts.cosine import unit_rows
from suprem.concepts.guards import IMPLIED
from suprem.concepts.mapping.cluster import ClusterTree, StatedProperties
from suprem.concepts.mapping.mapping import Similarities, remap
from suprem.concepts.vocabulary import Concept, Vocabulary

TERMS = 295
"""Concepts of the paper's vocabulary (A.1.1)."""

ENTITIES = {1_168: "< 100", 100_000: "< 1000"}
"""Entity names, and milliseconds that a slider move may take: the paper's number (A.6.1) and a large hospital's."""

THRESHOLDS = (0.80, 0.65)
FLOOR = 0.6
WIDTH = 64

# Names that state something, so that guards have as much to keep apart as among real ones.
_WORDS = (
    ("", "acute ", "old "),
    ("", "left ", "right "),
    ("", "anterior ", "inferior ", "lateral "),
    ("bundle branch block", "infarction", "ischemia", "atrial tachycardia", "hypertrophy", "st elevation", "finding"),
)
PHRASES = tuple(map("".join, itertools.product(*_WORDS)))


def mapping_figures(entities: dict[int, str] | None = None) -> list[Figure]:
    """Time a slider move on synthetic names, as many as the keys of `entities` say."""
    return [_slider_move(count, wanted) for count, wanted in (entities or ENTITIES).items()]


def _slider_move(count: int, wanted: str) -> Figure:
    similarities = synthetic_similarities(count, TERMS)
    cluster, mapped = THRESHOLDS
    moves = itertools.count()

    def move() -> None:
        step = 0.0001 * next(moves)  # no two alike, as under a hand
        remap(similarities, cluster_threshold=cluster + step, map_threshold=mapped + step)

    note = f"{len(np.unique(similarities.tree.cut(cluster))):,} clusters"
    took = 1e3 * median_seconds(move, repeats=7)
    return Figure(f"slider move, {count:,} entities x {TERMS} terms", took, "ms", note, wanted)


def synthetic_similarities(count: int, terms: int, *, seed: int = 0) -> Similarities:
    """Return what a vocabulary build would have measured of synthetic names: unit vectors in clusters around terms.

    Half of the names lie alone; a fiftieth is a wording of its term; the guards read the names as they read real ones.

    Args:
        count: Entity names.
        terms: Concepts.
        seed: Of all that is drawn.
    """
    random = np.random.default_rng(seed)
    stated = random.integers(len(PHRASES), size=terms)
    concepts = Vocabulary(tuple(Concept(f"T{i}", f"{PHRASES[stated[i]]} kind {i}") for i in range(terms)))
    centres = unit_rows(random.standard_normal((terms, WIDTH)))

    # Clusters of about eight names near a term, and as many names near none in particular.
    home = np.where(random.random(count) < 0.5, random.integers(max(1, count // 16), size=count), -1)
    term = np.where(home >= 0, home % terms, random.integers(terms, size=count))
    apart = np.where(home >= 0, 0.05, 0.12)[:, None]
    vectors = unit_rows(centres[term] + apart * random.standard_normal((count, WIDTH)))
    phrase = np.where(random.random(count) < 0.5, stated[term], random.integers(len(PHRASES), size=count))

    order = np.argsort(home, kind="stable")
    follows = np.flatnonzero((np.diff(home[order]) == 0) & (home[order][1:] >= 0))
    first, second = order[follows], order[follows + 1]
    properties = StatedProperties.read(PHRASES)
    asked = properties[stated]
    return Similarities(
        entities=tuple(f"{PHRASES[phrase[i]]} variant {i}" for i in range(count)),
        vocabulary=concepts,
        tree=ClusterTree(count, first, second, np.einsum("ij,ij->i", vectors[first], vectors[second]), FLOOR),
        cosines=(vectors @ centres.T).astype(np.float32),
        excluded=properties.conflicts(asked)[phrase],
        broader=properties.lack(asked, implied=IMPLIED)[phrase],
        narrower=asked.lack(properties, implied=IMPLIED).T[phrase],
        exact=np.where(random.random(count) < 0.02, term, -1),
    )
