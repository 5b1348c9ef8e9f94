"""How often an entity goes to the statement that a person named for it: mapping accuracy at rank 1.

The shipped answer key, assets/annotations/entity_codes.csv, was written down before the mapping was run on its names.
Thresholds and guards were set on its `develop` half; of `check` only the figure is looked at, never the errors.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import binomtest

from suprem.concepts.embed import TextEmbedder
from suprem.concepts.mapping.mapping import MappingThresholds, measure_similarities, remap
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConceptError
from suprem.resources import ASSETS

ENTITY_CODES = ASSETS / "annotations" / "entity_codes.csv"
"""180 entities of PTB-XL's English reports with the SCP-ECG statement each is, drawn at random and split in half."""


@dataclass(frozen=True)
class EntityCode:
    """An entity of the answer key, and the codes that are right for it.

    Attributes:
        entity: Its name.
        codes: Codes of which each is right; "" for no code.
        split: "develop" or "check".
    """

    entity: str
    codes: frozenset[str]
    split: str


@dataclass(frozen=True)
class MappingAccuracy:
    """The figure of one split with its 95 % interval (Wilson)."""

    split: str
    entities: int
    right: int
    accuracy: float
    interval: tuple[float, float]


def read_entity_codes(path: Path = ENTITY_CODES) -> list[EntityCode]:
    """Read an answer key: CSV with the columns entity, code (alternatives joined by "|", empty for none) and split.

    Raises:
        ConceptError: The file is not there or not of that form.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                EntityCode(row["entity"], frozenset(row["code"].split("|")), row["split"])
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
        raise ConceptError(f"{path.name} is no answer key; expected a CSV file with entity, code and split.") from error
    if not rows:
        raise ConceptError(f"{path.name} names no entity; expected a row for each.")
    return rows


def measure_mapping(
    key: Sequence[EntityCode], vocabulary: Vocabulary, embedder: TextEmbedder, thresholds: MappingThresholds
) -> list[MappingAccuracy]:
    """Map all entities of a key together and compare; one figure a split, by its name.

    An entity that is only proposed for review counts as unmapped.

    Raises:
        ConceptError: The key is empty.
    """
    similarities = measure_similarities([item.entity for item in key], vocabulary, embedder, floor=thresholds.cluster)
    rows = remap(similarities, cluster_threshold=thresholds.cluster, map_threshold=thresholds.map)
    code = {row.entity: row.code if row.carries else "" for row in rows}
    figures = []
    for split in sorted({item.split for item in key}):
        right = [code[item.entity] in item.codes for item in key if item.split == split]
        test = binomtest(sum(right), len(right))
        low, high = test.proportion_ci(method="wilson")
        figures.append(MappingAccuracy(split, len(right), sum(right), test.statistic, (float(low), float(high))))
    return figures
