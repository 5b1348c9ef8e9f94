"""Generated pages are current, and say what the program says."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from docs.generate.commands import section
from docs.generate.experiment_log import log_index, slug
from docs.generate.pages import DOCS, TABLE, generated, replaced
from docs.generate.results import cell, read_results, readme_table, results_page, with_interval
from pipelines.__main__ import stages
from suprem.resources import ROOT


def words(text: str) -> list[str]:
    """Break a text at blanks: Python versions break lines of help texts at other places."""
    return text.split()


@pytest.mark.slow
def test_every_generated_page_is_current() -> None:
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in generated().items()
        if not path.exists() or words(path.read_text(encoding="utf-8")) != words(text)
    ]
    assert stale == [], "Run `make docs` and commit what it writes."


def test_every_command_has_its_section() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert [name for name in stages() if f"\n## {name.replace('_', '-')}\n" not in page] == []


def test_a_section_holds_description_and_options() -> None:
    text = section("verify_audit")
    assert text.startswith("## verify-audit\n\nCheck that no row of the audit log")
    assert "--head" in text
    assert text.count("```") == 4


def test_the_results_page_follows_the_shipped_model_card() -> None:
    page = results_page(ROOT / "assets" / "checkpoint", [])
    kept = (DOCS / "results.md").read_text(encoding="utf-8")
    for heading in ("## The checkpoint", "## Statement by statement", "## Every learned concept"):
        here, there = (text.partition(heading)[2].partition("\n## ")[0] for text in (page, kept))
        assert here == there, "Run `make docs`: the model card changed."


def test_the_readme_shows_the_kept_results() -> None:
    assert readme_table(read_results(DOCS / "results")) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_index_names_every_entry_of_the_log() -> None:
    assert log_index(DOCS / "log") == (DOCS / "log" / "README.md").read_text(encoding="utf-8")


def test_the_index_leads_to_entries_newest_month_first(tmp_path: Path) -> None:
    (tmp_path / "2025-02.md").write_text("# x\n\n## 2025-02-03  Is it so? No.\n\ntext\n", encoding="utf-8")
    (tmp_path / "2025-03.md").write_text("# x\n\n## 2025-03-01  A, b\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("## 2025-01-01  not an entry\n", encoding="utf-8")
    index = log_index(tmp_path)
    assert index.index("2025-03.md#2025-03-01--a-b") < index.index("2025-02.md#2025-02-03--is-it-so-no")
    assert "not an entry" not in index


def test_an_anchor_is_made_as_github_makes_it() -> None:
    assert (
        slug("2026-11-25  Does a dot product, on a small scale?") == "2026-11-25--does-a-dot-product-on-a-small-scale"
    )


def test_a_table_is_put_between_its_marks_only() -> None:
    begin, end = TABLE
    assert replaced(f"a\n{begin}\nold\n{end}\nb", "new") == f"a\n{begin}\nnew\n{end}\nb"
    with pytest.raises(ValueError, match="should hold one line"):
        replaced("no marks", "new")


def test_what_does_not_exist_is_a_dash() -> None:
    assert with_interval(math.nan, (math.nan, math.nan)) == "-"
    assert with_interval(0.92, (0.911, 0.93)) == "0.920 (0.911-0.930)"
    assert cell("a | b") == "a \\| b"
