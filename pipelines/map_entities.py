"""Map entity names to the SCP-ECG statements, or to another vocabulary, by clusters and guards.

    python -m pipelines.map_entities --entities FILE.txt --out mapping.csv [--cluster-threshold C] [--map-threshold C]
        [--vocabulary FILE]

FILE.txt holds one entity a line; entities.jsonl of pipelines.extract_entities is read too. Writes one row for each
distinct entity: entity, code, concept, similarity, cluster, guard, needs_review. What is not mapped has no code.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipelines.stage import ConsoleProgress, run_stage, say
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
from suprem.export import RESEARCH_USE
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
        found = ", ".join(f"{count:,} {reason}" for reason, count in aside.items() if count) or "the file is empty"
        raise ConceptError(f"There is no entity to map ({found}); expected UTF-8 text with one entity a line.")
    return names, +aside


def _unusable(line: str) -> str:
    if len(line) > MAX_CHARACTERS:
        return f"longer than {MAX_CHARACTERS} characters"
    if not line.isprintable():
        return "characters that cannot be printed"
    return "" if any(map(str.isalpha, line)) else "no letters"


def run(config: MappingRunConfig, progress: Progress) -> tuple[list[Mapping], Counter[str]]:
    """Read, map, write the table; also return what was set aside and why.

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


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem map-entities", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--entities", type=Path, required=True, help="text file, one entity a line; or entities.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    parser.add_argument("--cluster-threshold", type=float, help="cosine of names in a cluster; default: the encoder's")
    parser.add_argument("--map-threshold", type=float, help="cosine of cluster and concept; default: the encoder's")
    parser.add_argument("--encoder", default="minilm", help="default: minilm, the bundled one; auto, medcpt, ...")
    parser.add_argument("--vocabulary", type=Path, help="vocabulary.json to map to; default: the SCP-ECG statements")
    args = parser.parse_args(argv)

    def work() -> None:
        rows, aside = run(MappingRunConfig(**vars(args)), ConsoleProgress("map_entities"))
        mapped = sum(bool(row.code) for row in rows)
        say(
            f"{len(rows):,} distinct entities in {max(row.cluster for row in rows):,} clusters; {mapped:,} mapped, "
            f"{len(rows) - mapped:,} not; {sum(row.needs_review for row in rows):,} need review."
        )
        for reason, count in aside.items():
            say(f"set aside: {count:,} lines ({reason})")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
