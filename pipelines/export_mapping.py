"""Write a reviewed mapping for other systems: Usagi CSV, SSSOM TSV or FHIR ConceptMap.

    python -m pipelines.export_mapping --version VERSION --format usagi --out mapping.usagi.csv [--omop CONCEPT.csv]
    python -m pipelines.export_mapping --version VERSION --format fhir --out mapping.json

VERSION is the folder of a vocabulary version, or its id below the installation's home. SSSOM and FHIR hold what
reviewers settled, Usagi every row with its status. --omop is the hospital's own CONCEPT.csv of the OMOP vocabularies,
from which Usagi's concept numbers are taken; without it they are 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.stage import run_stage, say
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings

if TYPE_CHECKING:
    from suprem.concepts.mapping.versions import VocabularyVersion

FORMATS = ("usagi", "sssom", "fhir")


def opened_version(name: Path) -> VocabularyVersion:
    """Return the version of a folder, or of an id below the installation's home.

    Raises:
        ConceptError: There is none.
    """
    from suprem.concepts.mapping.versions import open_version

    return open_version(name if (name / "manifest.json").is_file() else load_settings().vocabularies / name.name)


def export(args: argparse.Namespace) -> None:
    """Write the file and say what it holds."""
    from suprem.atomic import write_text
    from suprem.concepts.exchange.exchanged import exchanged_rows
    from suprem.concepts.exchange.formats import ExchangeFormat, write_mapping
    from suprem.concepts.mapping.mentions import Mentions
    from suprem.concepts.review.store import ReviewStore
    from suprem.concepts.terminologies.omop import read_omop

    version = opened_version(args.version)
    store = ReviewStore.open(args.database or load_settings().database)
    try:
        rows = exchanged_rows(
            version.mappings(),
            store.settled(version.id),
            version.reference(),
            flagged=store.current(version.id),
            counts=Mentions.read(version.reports()).counts,
        )
        omop = read_omop(args.omop) if args.omop else None
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(args.out, write_mapping(rows, ExchangeFormat(args.format), version.id, omop))
        settled = sum(row.decided for row in rows)
        store.audit.record(args.by, "export", version.id, {"rows": settled, "what": f"mapping, {args.format}"})
    finally:
        store.close()
    say(f"{settled:,} of {len(rows):,} rows are settled by reviewers.")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem export-mapping", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--version", type=Path, required=True, help="folder or id of a vocabulary version")
    parser.add_argument("--format", choices=FORMATS, required=True, help="what the other system reads")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument("--omop", type=Path, metavar="CONCEPT.csv", help="OMOP vocabularies, for Usagi's numbers")
    parser.add_argument("--by", default="command line", metavar="NAME", help="who exports, for the audit log")
    parser.add_argument("--database", metavar="URL", help="default: SUPREM_DATABASE_URL, else suprem.sqlite below home")
    args = parser.parse_args(argv)
    return run_stage(lambda: export(args))


if __name__ == "__main__":
    raise SystemExit(main())
