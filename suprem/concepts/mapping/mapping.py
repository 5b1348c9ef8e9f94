"""Clusters of entity names mapped to the concepts of a vocabulary, guarded (paper sections 3.1 and A.3.3).

The paper maps a cluster to the term with the highest mean cosine above 0.75. By cosine alone its own example maps
"myocardial ischemia" to "myocardial infarction" (0.92, Table 12). Here

- a name that is a wording of a concept is that concept, at similarity 1;
- a concept in conflict with any member of a cluster is out of the question for the cluster;
- a concept that states more than a name does is not its concept ("broader": "infarction" beside "inferior infarction"),
  only the first candidate that a reviewer sees;
- a name that states more than its concept carries it, and is marked ("narrower": "old inferior infarction").

All that does not depend on the two thresholds is computed once (`measure`); `remap` is what a slider calls.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.abbreviations import expand
from suprem.concepts.cosine import unit_rows
from suprem.concepts.embed import TextEmbedder
from suprem.concepts.finding import core
from suprem.concepts.guards import IMPLIED, conflict, properties
from suprem.concepts.mapping.cluster import ClusterTree, StatedProperties, build_tree
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConceptError, ConfigError
from suprem.export import plain_cell, text_cell

NARROWER, BROADER = "narrower", "broader"
OVERLAP = 0.95
"""Cosine from which the paper counts two queries as the same (A.6.2, Table 16)."""

_BLOCK = 4096
_MEMBERS = 1024
"""Entities that `remap` takes at once, so that their rows stay in the processor's cache."""


@dataclass(frozen=True)
class MappingThresholds:
    """Cosine from which names are one cluster, and mean cosine from which a cluster is mapped, for one text encoder."""

    cluster: float
    map: float


THRESHOLDS = {
    # Set on the `develop` half of assets/annotations/entity_codes.csv: see tests/concepts/mapping/test_mapping.py.
    "minilm": MappingThresholds(cluster=0.80, map=0.65),
    # The paper's (section 4.1), not yet set on data.
    "medcpt": MappingThresholds(cluster=0.80, map=0.75),
    # [CLS] vectors of encoders that were not trained for similarity lie close together; not set on data.
    "bio_clinicalbert": MappingThresholds(cluster=0.97, map=0.95),
    "pubmedbert": MappingThresholds(cluster=0.99, map=0.98),
}
DEFAULT_THRESHOLDS = THRESHOLDS["medcpt"]


@dataclass(frozen=True)
class Mapping:
    """The concept that one entity was mapped to; the fields are the columns of mapping.csv.

    Attributes:
        entity: The name, as it was given.
        code: Code of the concept, empty where it is not mapped.
        concept: Name of the concept.
        similarity: Mean cosine of the cluster to the concept (unmapped: to the nearest allowed one); 1 for a wording.
        cluster: Number of the cluster, the largest is 1.
        guard: "narrower" than the concept; for an unmapped entity "broader" than the nearest one, or what refused that.
        needs_review: Whether a person should decide.
    """

    entity: str
    code: str
    concept: str
    similarity: float
    cluster: int
    guard: str
    needs_review: bool

    @property
    def carries(self) -> bool:
        """Whether an ECG with this entity has the concept."""
        return bool(self.code) and self.guard != BROADER  # tables written earlier name a broader entity's proposal


@dataclass(frozen=True, eq=False)
class Similarities:
    """What does not depend on the two thresholds. Arrays are (entity, concept) unless said otherwise.

    Attributes:
        entities: Distinct names, sorted.
        vocabulary: The concepts, in column order.
        tree: The clusterings of the names.
        cosines: Highest cosine to a wording of the concept.
        excluded: Whether a guard keeps the two apart.
        broader: Whether the concept states something that the name leaves open.
        narrower: Whether the name states something that the concept leaves open.
        exact: Integer array (entity,): column of the concept that the name is a wording of, -1 where there is none.
    """

    entities: tuple[str, ...]
    vocabulary: Vocabulary
    tree: ClusterTree
    cosines: NDArray[np.float32]
    excluded: NDArray[np.bool_]
    broader: NDArray[np.bool_]
    narrower: NDArray[np.bool_]
    exact: NDArray[np.intp]

    def row(self, entity: str) -> int:
        """Return the row of an entity.

        Raises:
            ConceptError: It was not measured.
        """
        try:
            return self._rows[entity]
        except KeyError as error:
            raise ConceptError("This entity is not among those of this version; open the page again.") from error

    def conflict(self, row: int, column: int) -> str:
        """Return the guard that keeps an entity and a concept's name apart, "" where none does."""
        if (row, column) not in self._conflicts:
            guard = conflict(self.entities[row], self.vocabulary.concepts[column].name)
            self._conflicts[row, column] = guard or ""
        return self._conflicts[row, column]

    @cached_property
    def _conflicts(self) -> dict[tuple[int, int], str]:
        return {}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {entity: row for row, entity in enumerate(self.entities)}


def measure_similarities(
    entities: Iterable[str], vocabulary: Vocabulary, embedder: TextEmbedder, *, floor: float
) -> Similarities:
    """Embed and compare entity names with each other and with a vocabulary.

    Args:
        entities: Names; repeated ones count once, the order does not matter.
        vocabulary: The reference concepts.
        embedder: The text encoder.
        floor: Lowest cosine that a cluster threshold will have.

    Raises:
        ConceptError: There is no entity.
    """
    names = tuple(sorted(set(entities), key=lambda name: (expand(name), name)))
    if not names:
        raise ConceptError("There is no entity to map; give at least one name.")
    finding = {name: core(name) for name in names}
    row = {text: index for index, text in enumerate(sorted(set(finding.values())))}
    vectors = unit_rows(embedder.embed(tuple(row)))[[row[finding[name]] for name in names]]
    column = {code: index for index, code in enumerate(vocabulary.codes)}
    found = [vocabulary.lookup(name) or vocabulary.lookup(finding[name]) for name in names]
    # A finding in one place is no target: the entity goes to the finding, and its places make the labels.
    exact = np.array(
        [-1 if concept is None else column.get(concept.of or concept.code, -1) for concept in found], np.intp
    )

    stated = StatedProperties.read([*names, *vocabulary.names, *vocabulary.texts])
    entity, name, wording = (
        stated[: len(names)],
        stated[len(names) : -len(vocabulary.texts)],
        stated[-len(vocabulary.texts) :],
    )
    concept = _usual(wording, _first_wordings(vocabulary))
    excluded = entity.conflicts(name) | entity.conflicts(concept)
    broader, narrower = entity.lack(concept, implied=IMPLIED), concept.lack(entity, implied=IMPLIED).T
    # A concept that states nothing else ("normal ECG") is not left unsaid: "ECG" is not one.
    bare = np.array([not properties(name).keys() - IMPLIED - {"negation"} for name in vocabulary.names])
    broader[:, bare] |= entity.lack(concept[np.flatnonzero(bare)])
    excluded[:, [index for index, concept in enumerate(vocabulary.concepts) if concept.of]] = True
    whole = np.array([vocabulary.lookup(name) is not None for name in names])
    each = np.arange(len(names))
    # A wording is the concept whatever the guards read; of a finding without its place and extent they have a say.
    exact = np.where(whole | ~excluded[each, exact], exact, -1)
    named = exact >= 0
    broader[each[named], exact[named]] = False
    narrower[each[whole], exact[whole]] = False
    return Similarities(
        names,
        vocabulary,
        build_tree(vectors, entity, floor=floor, findings=exact),
        _cosines(vectors, unit_rows(embedder.embed(tuple(vocabulary.texts))), vocabulary),
        excluded,
        broader,
        narrower,
        exact,
    )


def remap(similarities: Similarities, *, cluster_threshold: float, map_threshold: float) -> list[Mapping]:
    """Cluster and map at two thresholds; one row an entity, in the order of `similarities.entities`.

    Raises:
        ValueError: The cluster threshold is below the floor that was measured.
    """
    labels = similarities.tree.cut(cluster_threshold) - 1
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    choice, refused = np.empty(len(sizes), np.intp), np.empty(len(sizes), np.intp)
    score = np.empty(len(sizes), np.float32)
    for size in np.unique(sizes).tolist():
        alike = np.flatnonzero(sizes == size)
        for clusters in np.array_split(alike, -(-len(alike) * size // _MEMBERS)):
            members = order[starts[clusters, None] + np.arange(size)]  # (cluster, member)
            choice[clusters], score[clusters], refused[clusters] = _choose(similarities, members, map_threshold)
    return _rows(similarities, labels, choice, score, refused)


@dataclass(frozen=True)
class Candidate:
    """A concept that an entity could go to.

    Attributes:
        code: Its code.
        concept: Its name.
        cosine: Highest cosine of the entity to one of its wordings; 1 where the entity is a wording.
        guard: What speaks against it: "broader", "narrower", or the name of the guard that keeps the two apart.
    """

    code: str
    concept: str
    cosine: float
    guard: str


def candidates(similarities: Similarities, entity: str, *, limit: int = 5) -> list[Candidate]:
    """Return the concepts nearest to an entity, those that a guard keeps apart among them, named as such.

    Raises:
        ConceptError: The entity was not measured.
    """
    row = similarities.row(entity)
    exact = int(similarities.exact[row])
    cosines = similarities.cosines[row].copy()
    if exact >= 0:
        cosines[exact] = 1.0
    found = []
    for column in np.argsort(-cosines, kind="stable")[:limit]:
        concept = similarities.vocabulary.concepts[column]
        guard = ""
        if column != exact:
            if similarities.excluded[row, column]:
                guard = conflict(entity, concept.name) or "another finding"
            elif similarities.broader[row, column]:
                guard = BROADER
            elif similarities.narrower[row, column]:
                guard = NARROWER
        found.append(Candidate(concept.code, concept.name, float(cosines[column]), guard))
    return found


def overlap(
    first: Sequence[str], second: Sequence[str], embedder: TextEmbedder, *, threshold: float = OVERLAP
) -> list[tuple[str, str, float, str]]:
    """Return the pairs of two query lists that a cosine takes for one (paper A.6.2, Table 16), most similar first.

    Each is (query, other query, cosine, guard); the guard, empty for most, names why the two are not one after all, as
    with the paper's "third degree av block" and "second degree av block" (0.98).
    """
    vectors, others = (unit_rows(embedder.embed([expand(text) for text in texts])) for texts in (first, second))
    cosines = vectors @ others.T
    pairs = [(first[i], second[j], float(cosines[i, j])) for i, j in np.argwhere(cosines >= threshold)]
    return [(a, b, cosine, conflict(a, b) or "") for a, b, cosine in sorted(pairs, key=lambda p: (-p[2], p[:2]))]


def to_csv(mappings: Iterable[Mapping]) -> str:
    """Return the text of mapping.csv. A cell that a spreadsheet would run as a formula is quoted with an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([field.name for field in fields(Mapping)])
    for mapping in mappings:
        entity, code, concept, similarity, cluster, guard, needs_review = astuple(mapping)
        writer.writerow(
            [
                text_cell(entity),
                text_cell(code),
                text_cell(concept),
                f"{similarity:.4f}",
                cluster,
                guard,
                str(needs_review).lower(),
            ]
        )
    return file.getvalue()


def read_mapping(path: Path) -> list[Mapping]:
    """Read what `to_csv` wrote.

    Raises:
        ConceptError: The file is not there, or is not a mapping.csv of this project.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := {field.name for field in fields(Mapping)} - set(reader.fieldnames or ()):
                raise KeyError(*missing)
            return [
                Mapping(
                    entity=plain_cell(row["entity"]),
                    code=plain_cell(row["code"]),
                    concept=plain_cell(row["concept"]),
                    similarity=float(row["similarity"]),
                    cluster=int(row["cluster"]),
                    guard=row["guard"],
                    needs_review={"true": True, "false": False}[row["needs_review"]],
                )
                for row in reader
            ]
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        columns = ", ".join(field.name for field in fields(Mapping))
        raise ConceptError(f"{path.name} is not a mapping; expected a CSV file with the columns {columns}.") from error


def _choose(
    similarities: Similarities, members: NDArray[np.intp], threshold: float
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]:
    """Return for clusters of one size, given by their members (cluster, member): the column each is mapped to, -1 where
    none reaches the threshold; its mean cosine (unmapped: the nearest allowed one's); and the nearest column of all."""
    mean = similarities.cosines[members].sum(axis=1) / np.float32(members.shape[1])
    excluded = np.logical_or.reduce(similarities.excluded[members], axis=1)
    broader = np.logical_or.reduce(similarities.broader[members], axis=1)
    named = similarities.exact[members].max(axis=1)

    refused = _best(mean, threshold)
    allowed = np.where(excluded, np.float32(-1), mean)
    # Best is a concept that every member carries, then one that is only proposed; a wording in the cluster decides.
    choice = _best(np.where(broader, np.float32(-1), allowed), threshold)
    choice = np.where(choice >= 0, choice, _best(allowed, threshold))
    each = np.arange(len(members))
    agrees = (named >= 0) & ~excluded[each, named]
    choice = np.where(agrees, named, choice)
    return choice, np.where(choice >= 0, allowed[each, choice], np.maximum(allowed.max(axis=1), 0)), refused


def _rows(
    similarities: Similarities,
    labels: NDArray[np.intp],
    choice: NDArray[np.intp],
    score: NDArray[np.float32],
    refused: NDArray[np.intp],
) -> list[Mapping]:
    """Return the row of each entity; `labels` is (entity,), the others are (cluster,), as `_choose` gives them."""
    each = np.arange(len(labels))
    exact = similarities.exact
    columns = np.where(exact >= 0, exact, choice[labels])
    scores = np.where(exact >= 0, np.float32(1), score[labels])
    guards = np.full(len(labels), "", object)
    # An "infarction" is not an inferior one: what the name leaves open is for a person to add.
    broader = (columns >= 0) & similarities.broader[each, columns]
    columns = np.where(broader, -1, columns)
    guards[broader] = BROADER
    guards[(columns >= 0) & similarities.narrower[each, columns]] = NARROWER
    # What a guard does not keep apart from the nearest concept was kept apart by another member of its cluster.
    nearest = refused[labels]
    refused_by_guard = (columns < 0) & ~broader & (nearest >= 0) & similarities.excluded[each, nearest]
    for row in np.flatnonzero(refused_by_guard).tolist():
        guards[row] = similarities.conflict(row, int(nearest[row]))
    codes, names = (*similarities.vocabulary.codes, ""), (*similarities.vocabulary.names, "")  # the last is column -1
    return [
        Mapping(entity, codes[column], names[column], similarity, cluster, guard, bool(guard))
        for entity, column, similarity, cluster, guard in zip(
            similarities.entities,
            columns.tolist(),
            scores.tolist(),
            (labels + 1).tolist(),
            guards.tolist(),
            strict=True,
        )
    ]


def _best(scores: NDArray[np.float32], threshold: float) -> NDArray[np.intp]:
    """Return the column of the highest score (row,), -1 where it is below the threshold."""
    best = scores.argmax(axis=1)
    return np.where(scores[np.arange(len(scores)), best] >= threshold, best, -1)


def _first_wordings(vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the position of each concept's first wording in `vocabulary.texts`."""
    counts = [0] * len(vocabulary)
    column = {code: index for index, code in enumerate(vocabulary.codes)}
    for concept in vocabulary.texts.values():
        counts[column[concept.code]] += 1
    return np.cumsum([0, *counts[:-1]])


def _cosines(
    vectors: NDArray[np.float32], wordings: NDArray[np.float32], vocabulary: Vocabulary
) -> NDArray[np.float32]:
    starts = _first_wordings(vocabulary)
    blocks = [
        np.maximum.reduceat(vectors[start : start + _BLOCK] @ wordings.T, starts, axis=1)
        for start in range(0, len(vectors), _BLOCK)
    ]
    return np.concatenate(blocks)


def _usual(wordings: StatedProperties, starts: NDArray[np.intp]) -> StatedProperties:
    """Return what each concept states: the values that more than half of its wordings state."""
    rows = []
    for bits in np.split(wordings.bits, starts[1:]):
        stated = np.zeros(bits.shape[1], np.uint64)
        for bit in range(64):
            mask = np.uint64(1 << bit)
            stated |= np.where(2 * (bits & mask > 0).sum(axis=0) > len(bits), mask, np.uint64(0))
        rows.append(stated)
    return StatedProperties(np.array(rows), wordings.guards)


def chosen_thresholds(encoder: str, cluster: float | None, map: float | None) -> MappingThresholds:
    """Return the thresholds that a person chose, each where it is None that of the encoder.

    Args:
        encoder: Name of the text encoder.
        cluster, map: Cosines.

    Raises:
        ConfigError: One is not above 0 and at most 1.
    """
    usual = THRESHOLDS.get(encoder, DEFAULT_THRESHOLDS)
    chosen = MappingThresholds(
        usual.cluster if cluster is None else cluster,
        usual.map if map is None else map,
    )
    for name, value in (("cluster", chosen.cluster), ("map", chosen.map)):
        if not 0 < value <= 1:
            raise ConfigError(f"The {name} threshold is {value}; expected a cosine above 0 and at most 1.")
    return chosen
