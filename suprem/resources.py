"""Where the files lie that ship with the program: assets, pages and the configurations of the stages."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent

ASSETS = _ROOT / "assets"
"""Checkpoint, terms, queries, prompts, annotations and the style sheet."""

PAGES = _ROOT / "pages"
"""Scripts of the pages, one file each."""

CONFIGS = _ROOT / "pipelines" / "configs"
"""TOML configurations that the stages are started with by name."""
