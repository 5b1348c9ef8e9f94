"""Names of one finding, brought together: average linkage at a cosine, never across a guard (paper 3.1 and A.3.3).

The paper merges names by cosine alone (above 0.8). A cosine does not keep apart degrees, sides or walls, so two names
in conflict (`guards.conflict`) are at an infinite distance here: no merge reaches across them, however similar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from suprem.concepts.guards import properties

APART = 1e9
"""Distance of two names in conflict: an average with one such pair stays far above any threshold, so none is merged."""

MAX_LINKED = 4000
"""Names linked in one piece: a larger one, whose distances would outgrow memory, is first cut at a higher cosine."""

_BLOCK = 1024
_STEP = 0.02


@dataclass(frozen=True, eq=False)
class ClusterTree:
    """All clusterings above a cosine at once; a threshold is a cut, so that a slider need not cluster again.

    Attributes:
        count: Number of names.
        first, second: Integer arrays (merge,): a member of either side of each merge.
        cosine: Float array (merge,): the average cosine at which the two sides merge.
        floor: Lowest cosine that can be asked for.
    """

    count: int
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    cosine: NDArray[np.float64]
    floor: float

    def cut(self, threshold: float) -> NDArray[np.intp]:
        """Return the cluster of each name (name,), numbered from 1, the largest first.

        Raises:
            ValueError: The threshold is below the tree's floor.
        """
        if threshold < self.floor:
            raise ValueError(f"This tree was built down to {self.floor:.2f}; it knows nothing about {threshold:.2f}.")
        merged = self.cosine >= threshold
        labels = _components(self.count, self.first[merged], self.second[merged])
        sizes = np.bincount(labels, minlength=1)
        # Components are numbered by their first name, so a stable sort keeps names in order among equals.
        rank = np.empty_like(sizes)
        rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
        return np.asarray(rank[labels], np.intp)


class StatedProperties:
    """What the guards read from texts, as bits, so that whole tables of texts can be compared at once.

    Args:
        bits: Unsigned array (text, guard): the values a text states, one bit a value.
        guards: Names of the guards.
    """

    def __init__(self, bits: NDArray[np.uint64], guards: tuple[str, ...]) -> None:
        self.bits, self.guards = bits, guards

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> StatedProperties:
        return StatedProperties(self.bits[rows], self.guards)

    @classmethod
    def read(cls, texts: Sequence[str]) -> StatedProperties:
        """Read the properties of texts; only what was read in one call can be compared."""
        stated = [properties(text) for text in texts]
        guards = tuple(sorted({guard for values in stated for guard in values}))
        known = {
            guard: {
                value: 1 << bit for bit, value in enumerate(sorted(set().union(*(s.get(guard, ()) for s in stated))))
            }
            for guard in guards
        }
        rows = [[sum(known[guard][value] for value in values.get(guard, ())) for guard in guards] for values in stated]
        return cls(np.array(rows, np.uint64).reshape(len(texts), len(guards)), guards)

    def conflicts(self, other: StatedProperties) -> NDArray[np.bool_]:
        """Return (text, other text): whether some guard keeps the two apart, as `guards.conflict` does."""
        found = np.zeros((len(self.bits), len(other.bits)), bool)
        for ours, theirs in zip(self.bits.T, other.bits.T, strict=True):
            states, their_states = np.flatnonzero(ours), np.flatnonzero(theirs)
            if len(states) and len(their_states):
                clash = (ours[states, None] & theirs[None, their_states]) == 0
                found[np.ix_(states, their_states)] |= clash
        return found

    def lack(self, other: StatedProperties, *, implied: frozenset[str] = frozenset()) -> NDArray[np.bool_]:
        """Return (text, other text): whether the other states something that the text leaves open."""
        found = np.zeros((len(self.bits), len(other.bits)), bool)
        for guard, ours, theirs in zip(self.guards, self.bits.T, other.bits.T, strict=True):
            stating = np.flatnonzero(theirs)
            if guard not in implied and len(stating):
                found[:, stating] |= (~ours[:, None] & theirs[None, stating]) != 0
        return found


def build_tree(
    vectors: NDArray[np.float32],
    statements: StatedProperties,
    *,
    floor: float,
    findings: NDArray[np.intp] | None = None,
) -> ClusterTree:
    """Link names by the average cosine of their members.

    Two clusters merge at an average above `floor` only if some pair in them is that similar. So names are first
    divided into the connected pieces of the graph of such pairs and linked within each: the same tree, much sooner.

    Args:
        vectors: Unit vectors (name, dimension), names in an order that does not depend on the input.
        statements: What the guards read from each name.
        floor: Lowest cosine of interest.
        findings: Integer array (name,): names with different values of 0 or more are known to be different findings
            and kept apart too; -1 where nothing is known.
    """
    unknown = np.full(len(vectors), -1, np.intp)
    constraint = _Constraint(statements, unknown if findings is None else findings)
    merges: list[tuple[int, int, float]] = []
    for piece in _pieces(np.arange(len(vectors)), vectors, constraint, floor):
        merges += _link(piece, vectors, constraint, floor)
    first, second, cosine = (np.array(column) for column in zip(*merges, strict=True)) if merges else ((), (), ())
    return ClusterTree(
        len(vectors), np.asarray(first, np.intp), np.asarray(second, np.intp), np.asarray(cosine, np.float64), floor
    )


@dataclass(frozen=True, eq=False)
class _Constraint:
    statements: StatedProperties
    findings: NDArray[np.intp]

    def apart(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        ours, theirs = self.findings[rows, None], self.findings[None, columns]
        different = (ours >= 0) & (theirs >= 0) & (ours != theirs)
        return different | self.statements[rows].conflicts(self.statements[columns])


def _pieces(
    names: NDArray[np.intp], vectors: NDArray[np.float32], constraint: _Constraint, cosine: float
) -> Iterator[NDArray[np.intp]]:
    """Yield the connected pieces with at least two names; one that is too large is cut at a higher cosine."""
    labels = np.arange(len(names))
    for start in range(0, len(names), _BLOCK):
        rows = slice(start, start + _BLOCK)
        near = (vectors[names[rows]] @ vectors[names[start:]].T) >= cosine
        near &= labels[rows, None] != labels[None, start:]
        near &= ~constraint.apart(names[rows], names[start:])
        ours, theirs = np.nonzero(near)
        labels = _components(len(names), labels[ours + start], labels[theirs + start])[labels]
    order = np.argsort(labels, kind="stable")
    for piece in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if len(piece) > MAX_LINKED and cosine + _STEP < 1:
            yield from _pieces(names[piece], vectors, constraint, cosine + _STEP)
        elif len(piece) > 1:
            yield names[piece]


def _link(
    piece: NDArray[np.intp], vectors: NDArray[np.float32], constraint: _Constraint, floor: float
) -> Iterator[tuple[int, int, float]]:
    upper = np.triu_indices(len(piece), 1)
    distances = np.clip(1.0 - (vectors[piece] @ vectors[piece].T).astype(np.float64), 0.0, None)
    distances[constraint.apart(piece, piece)] = APART
    member = list(map(int, piece))  # of each node of the tree, a name below it
    for left, right, distance, _ in linkage(distances[upper], "average"):
        if 1.0 - distance >= floor:
            yield member[int(left)], member[int(right)], 1.0 - distance
        member.append(min(member[int(left)], member[int(right)]))


def _components(count: int, first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Return the connected component of each of `count` nodes, numbered in the order of their first nodes."""
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, start, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(start))[inverse], np.intp)
