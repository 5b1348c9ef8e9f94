"""What others report on the same tasks: figures from print, with their protocol and how it differs from ours.

They stand beside our results to give a sense of scale. They come from other data, another text encoder and another
part of the split, so a difference to ours is no comparison of methods.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from suprem.errors import EvaluationError
from suprem.resources import ASSETS

TABLE = ASSETS / "published_results.toml"
OVERALL = "overall"
"""Beside the tasks: the printed mean over all six."""


@dataclass(frozen=True)
class PublishedRow:
    """One method.

    Args:
        method: As printed.
        group: What it learned from, "" for zero-shot rows.
        auroc: Task or `OVERALL` -> macro AUROC from 0 to 1, one value for each share of the labels (zero-shot: one).
    """

    method: str
    group: str
    auroc: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class PublishedTable:
    """The rows of one protocol.

    Args:
        table: Where they are printed.
        protocol: How they were got.
        shares: Percent of the training labels of each value; empty for zero-shot.
        rows: One a method.
    """

    table: str
    protocol: str
    shares: tuple[float, ...]
    rows: tuple[PublishedRow, ...]


@dataclass(frozen=True)
class Published:
    """All that is known from print.

    Args:
        source: The publication.
        differences: Why its figures and ours are not comparable, in sentences.
        zero_shot: Means without any label of the task.
        linear_probe: Means of linear layers on frozen encoders.
    """

    source: str
    differences: tuple[str, ...]
    zero_shot: PublishedTable
    linear_probe: PublishedTable


@cache
def load_published(path: Path = TABLE) -> Published:
    """Read the figures.

    Raises:
        EvaluationError: The file cannot be read.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Published(
            source=content["source"],
            differences=tuple(content["differences"]),
            zero_shot=_table(content["zero_shot"]),
            linear_probe=_table(content["linear_probe"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise EvaluationError(
            f"The published figures in {path.name} cannot be read ({type(error).__name__}: {error}); restore the file "
            "from the repository."
        ) from error


def _table(content: dict) -> PublishedTable:  # type: ignore[type-arg]
    shares = tuple(map(float, content.get("shares", ())))
    rows = []
    for entry in content["rows"]:
        figures = {name: value for name, value in entry.items() if name not in ("method", "group")}
        percent = {name: value if isinstance(value, list) else [value] for name, value in figures.items()}
        wrong = [name for name, values in percent.items() if len(values) != max(1, len(shares))]
        if wrong:
            raise ValueError(f"{entry['method']} has not {max(1, len(shares))} figures for {', '.join(wrong)}")
        auroc = {name: tuple(value / 100 for value in values) for name, values in percent.items()}
        rows.append(PublishedRow(entry["method"], entry.get("group", ""), auroc))
    return PublishedTable(content["table"], content["protocol"], shares, tuple(rows))
