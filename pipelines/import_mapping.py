"""Take in a mapping that was reviewed elsewhere: Usagi CSV, SSSOM TSV or FHIR ConceptMap.

    python -m pipelines.import_mapping FILE --version VERSION --reviewer NAME [--omop CONCEPT.csv] [--dry-run]

What people decided there becomes decisions of NAME on the version, with the earlier reviewers in the comment; NAME's
own decisions stay as they are. Rows that nobody decided, whose entity is not in the version or whose concept the
vocabulary does not have are left out, and how many is said. --dry-run writes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.export_mapping import opened_version
from pipelines.stage import run_stage, say
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings


def take_in_file(args: argparse.Namespace) -> None:
    """Read the file, write the decisions and say what became of its rows."""
    from suprem.concepts.exchange.formats import read_mapping_file
    from suprem.concepts.exchange.taking_in import take_in
    from suprem.concepts.review.store import ReviewStore
    from suprem.concepts.terminologies.omop import read_omop

    version = opened_version(args.version)
    form, rows = read_mapping_file(args.file.read_bytes(), read_omop(args.omop) if args.omop else None)
    entities = [row.entity for row in version.mappings()]
    taken = take_in(rows, entities, version.reference(), version.id, args.reviewer)
    say(f"{form.label}, {len(rows):,} rows. {taken.words}")
    if args.dry_run:
        return
    store = ReviewStore.open(args.database or load_settings().database)
    try:
        written = store.take_in(taken.drafts)
    finally:
        store.close()
    say(f"{written:,} written; {len(taken.drafts) - written:,} were decided by {args.reviewer} before and stay.")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem import-mapping", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the mapping; its format is told by its content")
    parser.add_argument("--version", type=Path, required=True, help="folder or id of a vocabulary version")
    parser.add_argument("--reviewer", required=True, metavar="NAME", help="whose decisions they become")
    parser.add_argument("--omop", type=Path, metavar="CONCEPT.csv", help="OMOP vocabularies, for Usagi's numbers")
    parser.add_argument("--dry-run", action="store_true", help="only say what would become of the rows")
    parser.add_argument("--database", metavar="URL", help="default: SUPREM_DATABASE_URL, else suprem.sqlite below home")
    args = parser.parse_args(argv)
    return run_stage(lambda: take_in_file(args))


if __name__ == "__main__":
    raise SystemExit(main())
