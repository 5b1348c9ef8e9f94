"""Map entity names to the SCP-ECG statements, or to another vocabulary, by clusters and guards.

    python -m pipelines.map_entities --entities FILE.txt --out mapping.csv [--cluster-threshold C] [--map-threshold C]
        [--vocabulary FILE]

FILE.txt holds one entity a line; entities.jsonl of pipelines.extract_entities is read too. Writes one row for each
distinct entity: entity, code, concept, similarity, cluster, guard, needs_review. What is not mapped has no code.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.concepts.mapping.entity_names import MappingRunConfig, run
from suprem.export import RESEARCH_USE


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
