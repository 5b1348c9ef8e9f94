"""A grid of ablations: which configuration is changed in what way, and what is asked of the changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suprem.errors import ConfigError
from suprem.evaluation.query_set import SIMPLIFIED
from suprem.plain_data import did_you_mean


@dataclass(frozen=True)
class Variant:
    """The base with one thing changed.

    Args:
        name: As in the table.
        set: Overrides of the configuration, as with `pretrain --set`.
        vocabulary: Name of a vocabulary version whose labels come from reports; "" for the corpus' statements.
        labels: How these labels are made otherwise, one of `suprem.concepts.mapping.label_variants.VARIANTS`.
        queries: Words the classes are asked with: a built-in set, or the name of one that was given.
    """

    name: str
    set: tuple[str, ...] = ()
    vocabulary: str = ""
    labels: str = ""
    queries: str = SIMPLIFIED


@dataclass(frozen=True)
class AblationTable:
    """One table; with `interaction` its four variants are two models, each with and without a part."""

    table: str
    asks: str
    variants: tuple[Variant, ...]
    interaction: bool = False

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ConfigError(f"{self.table} needs two or more variants of different names; found {', '.join(names)}.")
        if self.interaction and len(names) != 4:
            raise ConfigError(f"{self.table}: an interaction needs four variants; found {len(names)}.")


@dataclass(frozen=True)
class Grid:
    """The base configuration, a file beside the grid, what is changed of it, and what is asked."""

    config: str
    tasks: tuple[str, ...]
    questions: tuple[AblationTable, ...]
    set: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class AblationConfig:
    """Questions, seeds and data of an ablation.

    Args:
        grid: The grid file.
        out: Folder of everything.
        data: Signal store; None makes one of synthetic ECGs.
        only: Tables to ask about; all by default.
        seeds: Instead of the grid's.
        set: Further overrides of the base.
        vocabularies: Name -> folder of a vocabulary version.
        queries: Name -> file of queries; `TASK` in the path is the task's name.
        encoders: Name of a text encoder -> folder with its weights.
    """

    grid: Path
    out: Path
    data: Path | None = None
    only: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    set: tuple[str, ...] = ()
    vocabularies: Mapping[str, Path] = field(default_factory=dict)
    queries: Mapping[str, Path] = field(default_factory=dict)
    encoders: Mapping[str, Path] = field(default_factory=dict)


TASK = "{task}"
"""Stands for the name of the task in the path of a file of queries."""


def chosen(grid: Grid, only: Sequence[str]) -> tuple[AblationTable, ...]:
    """Return the questions whose table is named, or all.

    Raises:
        ConfigError: A table is not in the grid.
    """
    tables = [question.table for question in grid.questions]
    if len(set(tables)) < len(tables):
        raise ConfigError("Two questions of the grid have the same table; give each its own.")
    for name in only:
        if name not in tables:
            raise ConfigError(f"The grid does not ask about {name!r}; {did_you_mean(name, tables)}")
    return tuple(question for question in grid.questions if not only or question.table in only)
