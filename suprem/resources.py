"""Where the files lie that ship with the program: assets, pages, commands and their configurations.

A checkout has them beside `suprem`; an installed package has the same folders in `suprem/studio` (pyproject.toml puts
them there), so that it owns one top-level name.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "studio"

ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
"""Holds `app.py` and the folders `assets`, `pages` and `pipelines`."""

APP = ROOT / "app.py"
"""What `streamlit run` starts."""

MAIN_SCRIPT = _PACKAGE / "web" / "main.py"
"""What lays out the pages."""

ASSETS = ROOT / "assets"
"""Checkpoint, terms, queries, prompts, annotations and the style sheet."""

PAGES = ROOT / "pages"
"""Scripts of the pages, one file each."""

CONFIGS = ROOT / "pipelines" / "configs"
"""TOML configurations that the stages are started with by name."""


def configuration(name: str) -> Path:
    """Return the file that a word of a command line names: a path, or the name of a configuration that ships.

    Args:
        name: "my/own.toml", "smoke" or "smoke.toml"; a file of one's own stands before one that ships.
    """
    shipped = CONFIGS / f"{name.removesuffix('.toml')}.toml"
    path = Path(name)
    return shipped if path.name == name and not path.exists() and shipped.is_file() else path
