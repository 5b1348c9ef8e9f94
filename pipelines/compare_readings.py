"""Compare what is read from reports in two languages, such as PTB-XL's German ones and their English translation.

    python -m pipelines.compare_readings --reports ptbxl_database.csv [--first report] [--second report_en] [--json]

Prints how many of the concepts stated without doubt are found in both texts, and the concepts that only one has: each
is a kind of disagreement, of the rules or of the translation.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.stage import run_stage
from suprem.concepts.embed import load_embedder
from suprem.concepts.mapping.mapping import THRESHOLDS
from suprem.concepts.mapping.two_readings import ReadingAgreement, compare_readings
from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.export import RESEARCH_USE
from suprem.reports.report import read_reports

_SHOWN = 12


@dataclass(frozen=True)
class ReadingsConfig:
    """A table, and the columns of its two texts."""

    reports: Path
    first: str = "report"
    second: str = "report_en"


def run(config: ReadingsConfig) -> ReadingAgreement:
    """Read both columns and compare them.

    Raises:
        ReportError: The table or a column cannot be used, or no report has two texts.
    """
    first, second = (read_reports(config.reports, text_column=name).reports for name in (config.first, config.second))
    return compare_readings(first, second, load_terms(CONCEPTS), load_embedder("minilm"), THRESHOLDS["minilm"])


def as_lines(found: ReadingAgreement, config: ReadingsConfig) -> list[str]:
    """Return the figures in words, with the most frequent disagreements."""

    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{code} {count}" for code, count in list(counts.items())[:_SHOWN]) or "none"

    return [
        f"{found.reports} reports with two texts; certain concepts: {found.first} in {config.first}, {found.second} in "
        f"{config.second}, {found.both} in both",
        f"agreement (F1) {found.agreement:.3f}; {found.alike} reports state the same",
        f"only in {config.first}: {listed(found.only_first)}",
        f"only in {config.second}: {listed(found.only_second)}",
    ]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem compare-readings",
        description=(__doc__ or "").splitlines()[0],
        epilog=RESEARCH_USE,
    )
    parser.add_argument("--reports", type=Path, required=True, help="table with both texts, such as ptbxl_database.csv")
    parser.add_argument("--first", default="report", help="column of one text; default: report")
    parser.add_argument("--second", default="report_en", help="column of the other; default: report_en")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    args = parser.parse_args(argv)
    config = ReadingsConfig(args.reports, args.first, args.second)

    def work() -> None:
        found = run(config)
        whole = asdict(found) | {"agreement": found.agreement}
        print(json.dumps(whole) if args.json else "\n".join(as_lines(found, config)))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
