"""Comparison of two models on the same records, task by task and over tasks, from results that were kept in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from suprem.errors import EvaluationError
from suprem.evaluation.comparison import Comparison, aligned, compare_scores
from suprem.evaluation.metrics import auroc, macro
from suprem.evaluation.over_tasks import Interaction, across_tasks, interaction
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.score_table import ScoreTable


@dataclass(frozen=True)
class ComparisonConfig:
    """Results or score files of two models, task by task; `..._without` are the same models without a part."""

    first: tuple[Path, ...]
    second: tuple[Path, ...]
    first_without: tuple[Path, ...] = ()
    second_without: tuple[Path, ...] = ()
    draws: int = 2000
    seed: int = 0


def run(config: ComparisonConfig) -> Comparison:
    """Read the files and compare the two models.

    Raises:
        EvaluationError: A file cannot be read, or the two are not of the same tasks and records.
    """
    if len(config.first) != len(config.second):
        raise EvaluationError(
            f"There are {len(config.first)} files of the first model and {len(config.second)} of the second; give one "
            "of each for every task, in the same order."
        )
    first, second = ([read_scores(path) for path in paths] for paths in (config.first, config.second))
    part = None
    if config.first_without or config.second_without:
        part = part_gain(first, second, config)
    tasks = tuple(
        compare_scores(a, b, draws=config.draws, seed=config.seed) for a, b in zip(first, second, strict=True)
    )
    across = across_tasks([task.first for task in tasks], [task.second for task in tasks]) if len(tasks) > 1 else None
    return Comparison(tasks, across, part)


def part_gain(first: Sequence[ScoreTable], second: Sequence[ScoreTable], config: ComparisonConfig) -> Interaction:
    """Compare what a part gives to the two models.

    Raises:
        EvaluationError: The files are not of the same tasks, records and labels.
    """
    without = [[read_scores(path) for path in paths] for paths in (config.first_without, config.second_without)]
    figures = []
    for tables in (first, without[0], second, without[1]):
        if len(tables) != len(first):
            raise EvaluationError(
                f"There are {len(first)} files with the part and {len(tables)} without it; give --first-without and "
                "--second-without one file for every task, in the same order."
            )
        same = [aligned(reference, table) for reference, table in zip(first, tables, strict=True)]
        figures.append([float(macro(auroc(table.present, table.logits))) for table in same])
    return interaction(*figures)


def read_scores(path: Path) -> ScoreTable:
    """Read the scores of a result, or a file of scores.

    Raises:
        EvaluationError: There are none.
    """
    if path.suffix == ".npz":
        return ScoreTable.load(path)
    try:
        result = EvaluationResult.from_json(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise EvaluationError(f"The result {path.name} cannot be read: {error.strerror or error}.") from error
    if not result.scores:
        raise EvaluationError(
            f"{path.name} was written without the scores of each record; evaluate again with suprem zero-shot --scores."
        )
    return ScoreTable.load(path.parent / result.scores)
