"""Tests over the figures of several tasks, as the paper makes them (A.10.5 and A.10.6).

Two models are compared by the paired t-test and Wilcoxon's signed-rank test. The paper's p-values .0021 and .0156 are
one-sided without saying so; here both sides are given. Whether a part, there the Cardiac Fusion Network, helps one
model more than another is asked by the same tests of the gains and by a two-way analysis of variance. The paper takes
the tasks for repetitions, so that the large differences between tasks are its error; beside it stands the analysis with
the task as a block, which compares within tasks.

Six tasks are few, and four of them share the records of PTB-XL, so these tests take for independent what is not: they
are given to be comparable, not because they are right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution
from scipy.stats import ttest_rel, wilcoxon

from suprem.errors import EvaluationError

MODEL, PART, INTERACTION, TASK, RESIDUAL = "model", "part", "model x part", "task", "residual"


@dataclass(frozen=True)
class AcrossTasks:
    """Tests over the macro AUROC of several tasks; "greater" is one-sided, for the first model being better.

    Args:
        tasks: How many.
        mean_difference: Mean of first minus second.
        t: Statistic of the paired t-test.
        t_p_two_sided: Its two-sided p-value.
        t_p_greater: Its one-sided p-value.
        wilcoxon_p_two_sided: Of Wilcoxon's signed-rank test, exact.
        wilcoxon_p_greater: The same, one-sided.
    """

    tasks: int
    mean_difference: float
    t: float
    t_p_two_sided: float
    t_p_greater: float
    wilcoxon_p_two_sided: float
    wilcoxon_p_greater: float


@dataclass(frozen=True)
class AnovaRow:
    """One source of variance; `f` and `p` are NaN for the residual, and where the residual is zero."""

    source: str
    sum_of_squares: float
    df: int
    f: float
    p: float


@dataclass(frozen=True)
class Interaction:
    """Tests of whether a part of the network helps the first model more than the second.

    Args:
        tasks: How many.
        first_gain: Mean over tasks of the first model with the part minus without it.
        second_gain: The same of the second model.
        gains: Tests of the first model's gains against the second's.
        anova: Analysis of variance as published, tasks as repetitions.
        anova_within_tasks: The same with the task as a block.
    """

    tasks: int
    first_gain: float
    second_gain: float
    gains: AcrossTasks
    anova: tuple[AnovaRow, ...]
    anova_within_tasks: tuple[AnovaRow, ...]


def across_tasks(first: Sequence[float], second: Sequence[float]) -> AcrossTasks:
    """Test two models over the macro AUROC of the same tasks (paper, A.10.5 and A.10.6).

    Raises:
        EvaluationError: There are fewer than two tasks, or not the same number.
    """
    if len(first) != len(second) or len(first) < 2:
        raise EvaluationError(
            f"A test over tasks needs two or more of each model; found {len(first)} and {len(second)}."
        )
    differences = np.subtract(first, second)
    if np.ptp(differences) == 0:  # without variance there is no t, and scipy would warn
        return AcrossTasks(len(first), float(differences.mean()), *[math.nan] * 5)
    two_sided, greater = (ttest_rel(first, second, alternative=side) for side in ("two-sided", "greater"))
    ranked = [wilcoxon(differences, alternative=side).pvalue for side in ("two-sided", "greater")]
    return AcrossTasks(
        tasks=len(first),
        mean_difference=float(differences.mean()),
        t=float(two_sided.statistic),
        t_p_two_sided=float(two_sided.pvalue),
        t_p_greater=float(greater.pvalue),
        wilcoxon_p_two_sided=float(ranked[0]),
        wilcoxon_p_greater=float(ranked[1]),
    )


def interaction(
    first: Sequence[float], first_without: Sequence[float], second: Sequence[float], second_without: Sequence[float]
) -> Interaction:
    """Compare what a part gives to two models, from one figure a task, such as the macro AUROC.

    Args:
        first: The first model with the part, (task,).
        first_without: The first model without it.
        second: The second model with the part.
        second_without: The second model without it.

    Raises:
        EvaluationError: There are fewer than two tasks, or not the same number of each, or a figure is missing.
    """
    sets = (first, first_without, second, second_without)
    if len({len(values) for values in sets}) > 1 or len(first) < 2:
        raise EvaluationError(
            "An analysis of variance needs the same two or more tasks of all four; found "
            f"{', '.join(str(len(values)) for values in sets)}."
        )
    # (model, part, task); the order of the two levels does not matter.
    cells = np.array([[first_without, first], [second_without, second]], dtype=np.float64)
    if not np.isfinite(cells).all():
        raise EvaluationError("A task has no figure for one of the four; leave the task out.")
    gains = cells[:, 1] - cells[:, 0]
    return Interaction(
        tasks=len(first),
        first_gain=float(gains[0].mean()),
        second_gain=float(gains[1].mean()),
        gains=across_tasks(gains[0].tolist(), gains[1].tolist()),
        anova=two_way_anova(cells),
        anova_within_tasks=two_way_anova(cells, blocked=True),
    )


def two_way_anova(cells: NDArray[np.float64], *, blocked: bool = False) -> tuple[AnovaRow, ...]:
    """Balanced two-way analysis of variance with interaction, fixed effects.

    Args:
        cells: (level of the first factor, level of the second, repetition).
        blocked: Whether the repetitions are blocks, whose own differences are then no error.

    Returns:
        A row for each factor, their interaction, the blocks where there are any, and the residual.
    """
    rows, columns, repeats = cells.shape
    mean = cells.mean()
    of_row, of_column, of_cell = cells.mean(axis=(1, 2)), cells.mean(axis=(0, 2)), cells.mean(axis=2)
    squares = {
        MODEL: (columns * repeats * (of_row - mean) ** 2).sum(),
        PART: (rows * repeats * (of_column - mean) ** 2).sum(),
        INTERACTION: (repeats * (of_cell - of_row[:, None] - of_column[None] + mean) ** 2).sum(),
    }
    df = {MODEL: rows - 1, PART: columns - 1, INTERACTION: (rows - 1) * (columns - 1)}
    if blocked:
        squares[TASK] = (rows * columns * (cells.mean(axis=(0, 1)) - mean) ** 2).sum()
        df[TASK] = repeats - 1
    left, left_df = ((cells - mean) ** 2).sum() - sum(squares.values()), cells.size - 1 - sum(df.values())
    # What rounding leaves of figures that fit without error is none.
    left = left if left > 1e-12 * ((cells - mean) ** 2).sum() else 0.0
    table = []
    for source, value in squares.items():
        f = value / df[source] / (left / left_df) if left else math.nan
        table.append(
            AnovaRow(source, float(value), df[source], float(f), float(f_distribution.sf(f, df[source], left_df)))
        )
    return (*table, AnovaRow(RESIDUAL, float(left), left_df, math.nan, math.nan))
