"""What commands state about tables, and what they say about a recording they read: every assumption and warning."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypedDict

from pipelines.stage import say

if TYPE_CHECKING:
    from suprem.ecg.formats.table import TableFormat
    from suprem.ecg.record import EcgRecord


class Remarks(TypedDict):
    """What was assumed in reading a recording, what the quality check warns of, and the graded quality, 0 to 1."""

    notes: list[str]
    warnings: list[str]
    quality: float | None


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add what a person may know about a table, or a signal without a gain, that does not say it itself."""
    parser.add_argument("--fs", type=float, help="sampling rate in Hz of a table that does not state it")
    parser.add_argument("--unit", choices=("mV", "uV", "V"), help="unit of a table that does not state it")
    parser.add_argument("--leads", help="leads of a table that does not name them, separated by commas")
    parser.add_argument(
        "--counts-per-mv", type=float, metavar="N", help="how many of its steps are 1 mV, where a file holds counts"
    )


def table_of(args: argparse.Namespace) -> TableFormat:
    """Return what the command line states about tables.

    Raises:
        EcgError: A number is none that can be used.
    """
    from suprem.ecg.formats.table import TableFormat

    leads = tuple(name.strip() for name in args.leads.split(",")) if args.leads else None
    return TableFormat(fs=args.fs, unit=args.unit, leads=leads, counts_per_mv=args.counts_per_mv)


def remarks_on(record: EcgRecord) -> Remarks:
    """Return what has to be said of a recording beside any number that comes from it."""
    from suprem.ecg.checks.quality import Level, assess_quality, signal_quality

    findings = assess_quality(record)
    graded = signal_quality(findings)
    warned = [finding.message for finding in findings if finding.level in (Level.WARN, Level.BLOCK)]
    return Remarks(notes=list(record.notes), warnings=warned, quality=graded.value if graded else None)


def say_remarks(remarks: Remarks, record_id: str) -> None:
    """Say the notes and warnings of a recording on standard error, one a line."""
    for text in (*remarks["notes"], *remarks["warnings"]):
        say(f"{record_id}: {text}")


def said_in_one(remarks: Remarks) -> str:
    """Return the notes and warnings as one text, for a cell of a table."""
    return " ".join((*remarks["notes"], *remarks["warnings"]))
