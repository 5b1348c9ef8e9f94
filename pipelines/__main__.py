"""The command line: `suprem COMMAND ...`, also `python -m pipelines COMMAND ...`.

Each command is the stage of that name below `pipelines`, which `python -m pipelines.NAME ...` runs as well. No stage is
imported but the one that is asked for.
"""

from __future__ import annotations

import ast
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from pathlib import Path

from suprem import __version__
from suprem.export import RESEARCH_USE
from suprem.plain_data import did_you_mean

SHORT_NAMES = {"train": "pretrain"}
"""What a command is also called -> the stage."""


def stages() -> dict[str, str]:
    """Return name and first docstring line of each stage. The files are read, not imported: some load torch."""
    lines = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in module.body)
        if has_main and path.name != "__main__.py":
            lines[path.stem] = (ast.get_docstring(module) or "").partition("\n")[0]
    return lines


def command_names() -> dict[str, str]:
    """Return what a person types -> the stage: its name with dashes, and the short names."""
    return {**{stage.replace("_", "-"): stage for stage in stages()}, **SHORT_NAMES}


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code; without one, show what there is."""
    words = sys.argv[1:] if argv is None else argv
    parser = ArgumentParser(
        prog="suprem",
        usage="suprem COMMAND [OPTION ...]",
        description=f"Score 12-lead ECGs against free-text cardiac findings. {RESEARCH_USE}",
        epilog=f"commands (`suprem COMMAND --help` explains each):\n{_listing()}",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"suprem {__version__}")
    if not words or words[0].startswith("-"):
        parser.parse_args(words)
        parser.print_help()
        return 0
    known = command_names()
    name = words[0].replace("_", "-")
    if name not in known:
        parser.error(f"there is no command {words[0]!r}; {did_you_mean(name, known)}")
    return import_module(f"pipelines.{known[name]}").main(words[1:])


def _listing() -> str:
    also = {stage: short for short, stage in SHORT_NAMES.items()}
    lines = {
        stage.replace("_", "-") + (f", {also[stage]}" if stage in also else ""): line
        for stage, line in stages().items()
    }
    width = max(map(len, lines))
    return "\n".join(f"  {name:<{width}}  {line}" for name, line in lines.items())


if __name__ == "__main__":
    raise SystemExit(main())
