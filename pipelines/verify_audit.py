"""Check that no row of the audit log or of the reviewers' decisions was changed or removed.

    python -m pipelines.verify_audit [--database URL] [--head NUMBER:HASH]

Exits with 0 and prints how many rows there are and the head, the number and hash of the newest row; with 1 and names
the first row that is not as it was written. Keep the head where the database's administrator cannot change it, and
give it later with --head: then a log that was rewritten as a whole is found too.
"""

from __future__ import annotations

import argparse

from pipelines.stage import run_stage
from suprem.audit.log import AuditHead
from suprem.concepts.review.store import ReviewStore
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings


def verify(url: str, head: str | None) -> int:
    """Check a database, print what was found and return the exit code.

    Raises:
        ConceptError: There is no audit log, it cannot be reached, or the head is not one.
        ConfigError: The URL cannot be used.
    """
    known = AuditHead.parse(head) if head else None
    store = ReviewStore.open(url, create=False)
    try:
        broken = store.verify(known)
        if broken:
            print(f"row {broken.number} {broken.reason}")
            return 1
        newest = store.audit.head()
        print(f"{newest.number:,} rows, all as they were written; head {newest}")
        return 0
    finally:
        store.close()


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem verify-audit", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--database", metavar="URL", help="default: SUPREM_DATABASE_URL, else suprem.sqlite below home")
    parser.add_argument("--head", metavar="NUMBER:HASH", help="a head printed earlier, which the log must still hold")
    args = parser.parse_args(argv)
    return run_stage(lambda: verify(args.database or load_settings().database, args.head))


if __name__ == "__main__":
    raise SystemExit(main())
