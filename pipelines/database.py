"""Back up, restore or upgrade the database of decisions, audit log and jobs.

    python -m pipelines.database backup --out FILE.backup
    python -m pipelines.database restore --from FILE.backup [--database URL]
    python -m pipelines.database upgrade

`backup` takes the whole database as of one moment, while people work, after checking that no row was changed; it prints
the head of the audit log, which `verify-audit --head` compares later. `restore` fills an empty database, of either
kind, and checks it again: this also moves an installation from SQLite to PostgreSQL. `upgrade` adds to a database of an
earlier version what this one needs; rows are never changed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.stage import run_stage
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings


def backup(url: str, out: Path) -> int:
    """Back up a database and print what was written."""
    from suprem.administration.backup import write_backup
    from suprem.administration.schema import opened

    out.parent.mkdir(parents=True, exist_ok=True)
    with opened(url) as engine:
        written = write_backup(engine, out)
    print(f"{_listed(written.rows)}; head {written.head}")
    return 0


def restore(url: str, file: Path) -> int:
    """Restore a backup and print what was written."""
    from suprem.administration.backup import restore_backup
    from suprem.administration.schema import opened

    with opened(url, create=True) as engine:
        restored = restore_backup(file, engine)
    print(f"{_listed(restored.rows)} of {restored.created}; every row as it was written; head {restored.head}")
    return 0


def upgrade(url: str) -> int:
    """Upgrade a database and print what was added."""
    from suprem.administration.schema import opened
    from suprem.administration.schema import upgrade as add_what_is_missing

    with opened(url) as engine:
        added = add_what_is_missing(engine).added
    print(f"Added: {', '.join(added)}." if added else "Nothing to do: the database is up to date.")
    return 0


def _listed(rows: dict[str, int]) -> str:
    return ", ".join(f"{count:,} rows of {table}" for table, count in rows.items())


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem database", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("action", choices=("backup", "restore", "upgrade"))
    parser.add_argument("--database", metavar="URL", help="default: SUPREM_DATABASE_URL, else suprem.sqlite below home")
    parser.add_argument("--out", type=Path, metavar="FILE", help="backup: the file to write")
    parser.add_argument("--from", dest="file", type=Path, metavar="FILE", help="restore: the file to read")
    args = parser.parse_args(argv)
    if (args.out is not None) != (args.action == "backup"):
        parser.error("--out FILE goes with backup, and backup with it")
    if (args.file is not None) != (args.action == "restore"):
        parser.error("--from FILE goes with restore, and restore with it")

    def work() -> int:
        url = args.database or load_settings().database
        if args.action == "backup":
            return backup(url, args.out)
        return restore(url, args.file) if args.action == "restore" else upgrade(url)

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
