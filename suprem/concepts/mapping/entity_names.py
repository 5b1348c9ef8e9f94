"""Names of entities from a file, mapped to a vocabulary: one row for each distinct name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from suprem.atomic import write_text
from suprem.concepts.embed import TextEmbedder, describe, load_embedder
from suprem.concepts.mapping.mapping import (
    Mapping,
    MappingThresholds,
    chosen_thresholds,
    measure_similarities,
    remap,
    to_csv,
)
from suprem.concepts.vocabulary import Vocabulary, reference_of
from suprem.errors import ConceptError
from suprem.progress import Progress
from suprem.reports.entities_file import read_findings

MAX_CHARACTERS = 200
"""A longer line is no entity."""


@dataclass(frozen=True)
class MappingRunConfig:
    """What to map and how; thresholds of None are those of the encoder, a vocabulary of None is the shipped terms."""

    entities: Path
    out: Path
    cluster_threshold: float | None = None
    map_threshold: float | None = None
    encoder: str = "minilm"
    vocabulary: Path | None = None


def map_names(
    names: list[str], vocabulary: Vocabulary, embedder: TextEmbedder, thresholds: MappingThresholds
) -> list[Mapping]:
    """Return one row for each distinct name, in the order given."""
    similarities = measure_similarities(names, vocabulary, embedder, floor=thresholds.cluster)
    rows = remap(similarities, cluster_threshold=thresholds.cluster, map_threshold=thresholds.map)
    by_name = {row.entity: row for row in rows}
    return [by_name[name] for name in dict.fromkeys(names)]


def read_names(path: Path) -> tuple[list[str], Counter[str]]:
    """Return the entities of a file, blanks collapsed, and how many lines were set aside for which reason.

    Raises:
        ConceptError: No line holds an entity.
    """
    aside: Counter[str] = Counter()
    if path.suffix == ".jsonl":
        reports, damaged = read_findings(path)
        lines = [one.name for report in reports for one in report.findings]
        aside["not a line of entities.jsonl"] = damaged
    else:
        lines = []
        for raw in path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines():
            try:
                lines.append(" ".join(raw.decode().split()))
            except UnicodeDecodeError:
                aside["not UTF-8"] += 1
    names = []
    for line in filter(None, lines):
        reason = _unusable(line)
        if reason:
            aside[reason] += 1
        else:
            names.append(line)
    if not names:
        counted = ", ".join(f"{count:,} {reason}" for reason, count in aside.items() if count) or "the file is empty"
        raise ConceptError(f"There is no entity to map ({counted}); expected UTF-8 text with one entity a line.")
    return names, +aside


def _unusable(line: str) -> str:
    if len(line) > MAX_CHARACTERS:
        return f"longer than {MAX_CHARACTERS} characters"
    if not line.isprintable():
        return "characters that cannot be printed"
    return "" if any(map(str.isalpha, line)) else "no letters"


def run(config: MappingRunConfig, progress: Progress) -> tuple[list[Mapping], Counter[str]]:
    """Read names, map them and write the table; also return how many lines were set aside, by the reason.

    Raises:
        ConceptError: There is nothing to map, or the encoder is not there.
        ConfigError: A threshold or the encoder's name is wrong.
    """
    names, aside = read_names(config.entities)
    reference = reference_of(config.vocabulary)
    progress(0.1, f"{len(set(names)):,} distinct entities; loading the text encoder")
    embedder = load_embedder(config.encoder)
    thresholds = chosen_thresholds(embedder.name, config.cluster_threshold, config.map_threshold)
    progress(0.3, describe(embedder))
    rows = map_names(names, reference, embedder, thresholds)
    write_text(config.out, to_csv(rows))
    progress(1.0, f"cluster threshold {thresholds.cluster:.2f}, map threshold {thresholds.map:.2f}")
    return rows, aside
