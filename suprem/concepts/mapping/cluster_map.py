"""Clusters of a mapping for people: what is in each, and where it lies on a map of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.mapping.mapping import Mapping, Similarities
from suprem.concepts.mapping.mentions import Mentions

MIN_MAPPED = 8
"""Fewer clusters than this are laid on a circle: there is nothing to arrange."""


@dataclass(frozen=True)
class ClusterSummary:
    """One cluster.

    Attributes:
        number: As in mapping.csv; the largest is 1.
        representative: Its name that most records state.
        entities: All its names, the most frequent first.
        records: Records that state at least one of them.
        codes: Concepts that its names went to.
        concept: Name of the concept of the representative, empty where it has none.
        needs_review: Whether some row is marked for a person.
    """

    number: int
    representative: str
    entities: tuple[str, ...]
    records: int
    codes: tuple[str, ...]
    concept: str
    needs_review: bool

    @property
    def state(self) -> str:
        """ "mapped", "to review" or "not mapped"."""
        return "to review" if self.needs_review else "mapped" if self.codes else "not mapped"


def summarise_clusters(mappings: Sequence[Mapping], mentions: Mentions) -> list[ClusterSummary]:
    """Return the clusters of a mapping, those that most records state first."""
    members: dict[int, list[Mapping]] = {}
    for row in mappings:
        members.setdefault(row.cluster, []).append(row)
    counts = mentions.counts
    found = []
    for number, rows in members.items():
        rows.sort(key=lambda row: (-counts.get(row.entity, 0), row.entity))
        names = tuple(row.entity for row in rows)
        found.append(
            ClusterSummary(
                number=number,
                representative=names[0],
                entities=names,
                records=mentions.covered(names),
                codes=tuple(sorted({row.code for row in rows if row.code})),
                concept=rows[0].concept,
                needs_review=any(row.needs_review for row in rows),
            )
        )
    return sorted(found, key=lambda cluster: (-cluster.records, cluster.number))


def cluster_positions(similarities: Similarities, clusters: Sequence[ClusterSummary]) -> NDArray[np.float64]:
    """Return where each cluster lies (cluster, 2): near those that resemble the same concepts.

    t-SNE of the mean cosines to all concepts, from a fixed start, so that the same clusters give the same map. Only
    neighbourhoods mean something on it, not distances or directions.
    """
    if len(clusters) < MIN_MAPPED:
        angle = 2 * np.pi * np.arange(len(clusters)) / max(len(clusters), 1)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    # Imported here: it takes a second, which only the map needs.
    from sklearn.manifold import TSNE

    profile = np.array(
        [
            similarities.cosines[[similarities.row(name) for name in cluster.entities]].mean(axis=0)
            for cluster in clusters
        ]
    )
    perplexity = min(30.0, (len(clusters) - 1) / 3)
    positions = TSNE(perplexity=perplexity, init="pca", metric="euclidean", random_state=0).fit_transform(profile)
    return np.asarray(positions, np.float64)
