"""Which pages are generated, and the parts of pages written by hand that are."""

from __future__ import annotations

from pathlib import Path

from docs.generate.commands import commands_page
from docs.generate.experiment_log import log_index
from docs.generate.results import read_results, readme_table, results_page
from suprem.resources import ROOT

DOCS = ROOT / "docs"
TABLE = ("<!-- table of results: make docs -->", "<!-- end -->")
"""Between these lines of the README stands the generated table."""


def generated() -> dict[Path, str]:
    """Return file -> the text it should have, of everything that is generated."""
    readme = ROOT / "README.md"
    checkpoint, results = ROOT / "assets" / "checkpoint", read_results(DOCS / "results")
    return {
        DOCS / "commands.md": commands_page(),
        DOCS / "results.md": results_page(checkpoint, results),
        DOCS / "log" / "README.md": log_index(DOCS / "log"),
        readme: replaced(readme.read_text(encoding="utf-8"), readme_table(results)),
    }


def replaced(text: str, table: str) -> str:
    """Return a text with another table between the two lines that mark it.

    Raises:
        ValueError: The lines are not there, once each and in this order.
    """
    begin, end = TABLE
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"README.md should hold one line {begin!r} and one line {end!r} around the table of results.")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{table}\n{end}{after}"
