"""docs/commands.md: every command with its own description and help."""

from __future__ import annotations

import ast
import os
from contextlib import redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pipelines
from pipelines.__main__ import stages
from suprem.export import RESEARCH_USE

COLUMNS = 110
"""Width of the help texts."""

HEAD = f"""# Commands

> {RESEARCH_USE}

Generated from the commands themselves by `make docs`; do not edit. Which one to use for what: the
[researchers' guide](guide/researchers.md). Each is `suprem COMMAND` where the package is installed, and
`python -m pipelines.COMMAND`, with underscores, in a checkout. Exit codes: 0 done, 2 a mistake that one sentence
explains, 130 stopped by Ctrl-C, 143 stopped and saved.
"""


def commands_page() -> str:
    """Return the page as Markdown. Every stage is imported, which takes some seconds."""
    listing = "\n".join(
        f"| [`{command(stage)}`](#{command(stage)}) | {line.replace('|', chr(92) + '|')} |"
        for stage, line in stages().items()
    )
    parts = [f"{HEAD}\n| command | what it does |\n|---|---|\n{listing}", *map(section, stages())]
    return "\n\n".join(parts) + "\n"


def section(stage: str) -> str:
    """Return one command as Markdown: the first line of its docstring, the rest of it, and what `--help` prints."""
    path = Path(pipelines.__path__[0]) / f"{stage}.py"
    first, _, rest = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")
    blocks = [f"## {command(stage)}", first, *([fenced(rest)] if rest.strip() else []), fenced(help_of(stage))]
    return "\n\n".join(blocks)


def help_of(stage: str) -> str:
    """Return what `--help` of a stage prints, at a width that does not depend on the terminal."""
    printed = StringIO()
    with patch.dict(os.environ, {"COLUMNS": str(COLUMNS)}), redirect_stdout(printed), suppress(SystemExit):
        import_module(f"pipelines.{stage}").main(["--help"])
    text, _, _ = printed.getvalue().partition(f"\n{RESEARCH_USE[:17]}")  # said once, at the top of the page
    return text


def command(stage: str) -> str:
    """Return what a person types for a stage."""
    return stage.replace("_", "-")


def fenced(text: str) -> str:
    """Return a text as a block of code."""
    return f"```text\n{text.strip(chr(10)).rstrip()}\n```"
