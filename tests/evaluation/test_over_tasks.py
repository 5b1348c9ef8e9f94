"""Tests over tasks: the paper's own statistics found again, a slow reference, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from suprem.errors import EvaluationError
from suprem.evaluation.over_tasks import MODEL, PART, RESIDUAL, TASK, across_tasks, interaction, two_way_anova

# Table 2 of the paper, the six tasks in its order.
VIT, VIT_LINEAR = (78.20, 77.52, 60.67, 86.79, 79.83, 80.17), (66.80, 71.51, 62.10, 75.34, 79.13, 72.32)
RESNET, RESNET_LINEAR = (68.75, 68.02, 58.85, 68.69, 60.38, 65.07), (67.55, 73.77, 64.34, 75.68, 83.35, 72.61)
MERL = (73.89, 74.32, 61.54, 79.89, 76.01, 75.61)


def test_the_papers_paired_t_test_is_found_again() -> None:
    """A.10.5 gives t = 3.51 and p = .0171 for the six tasks against MERL."""
    over = across_tasks(VIT, MERL)
    assert (round(over.t, 2), round(over.t_p_two_sided, 4)) == (3.51, 0.0171)
    assert over.t_p_greater == pytest.approx(over.t_p_two_sided / 2)
    assert over.mean_difference == pytest.approx(np.subtract(VIT, MERL).mean())


def test_six_gains_of_six_are_one_in_64_one_sided() -> None:
    """A.10.6 gives .0156 for Wilcoxon's test, which is the one-sided value."""
    over = across_tasks([value + i for i, value in enumerate(range(1, 7))], [0.0] * 6)
    assert over.wilcoxon_p_greater == pytest.approx(1 / 64)
    assert over.wilcoxon_p_two_sided == pytest.approx(1 / 32)


def test_tasks_without_variance_or_too_few_of_them() -> None:
    assert math.isnan(across_tasks([1, 2], [1, 2]).t)
    with pytest.raises(EvaluationError, match="found 1 and 1"):
        across_tasks([1], [1])


def test_the_papers_analysis_of_variance_is_found_again() -> None:
    """Table 24, and the tests of the gains in A.10.6, whose p-values are one-sided."""
    found = interaction(VIT, VIT_LINEAR, RESNET, RESNET_LINEAR)
    assert [(row.source, round(row.sum_of_squares, 2), row.df) for row in found.anova] == [
        (MODEL, 167.06, 1),
        (PART, 5.57, 1),
        ("model x part", 290.65, 1),
        (RESIDUAL, 881.22, 20),
    ]
    assert [(round(row.f, 2), round(row.p, 3)) for row in found.anova[:3]] == [
        (3.79, 0.066),
        (0.13, 0.726),
        (6.6, 0.018),
    ]
    assert math.isnan(found.anova[3].p)
    assert (round(found.gains.t, 2), round(found.gains.t_p_greater, 4)) == (4.99, 0.0021)
    assert found.gains.wilcoxon_p_greater == pytest.approx(0.0156, abs=5e-5)
    assert found.first_gain - found.second_gain == pytest.approx(found.gains.mean_difference)


def test_within_tasks_the_interaction_is_the_squared_t_of_the_gains() -> None:
    """With the task as a block the residual no longer holds the differences between tasks."""
    found = interaction(VIT, VIT_LINEAR, RESNET, RESNET_LINEAR)
    rows = {row.source: row for row in found.anova_within_tasks}
    assert rows[TASK].df + rows[RESIDUAL].df == 20
    assert rows[TASK].sum_of_squares + rows[RESIDUAL].sum_of_squares == pytest.approx(found.anova[3].sum_of_squares)
    assert rows["model x part"].p < found.anova[2].p


def slow_anova(cells: NDArray[np.float64], source: str) -> tuple[float, float]:
    """F and p of one source by its definition: how much worse a least-squares fit is without its column."""
    first, second, block = (index.ravel() for index in np.indices(cells.shape))
    a, b = 2.0 * first - 1, 2.0 * second - 1
    columns = {"": np.ones(cells.size), MODEL: a, PART: b, "model x part": a * b}
    blocks = [(block == level).astype(float) for level in range(1, cells.shape[2])]

    def misfit(names: list[str]) -> float:
        design = np.stack([*(columns[name] for name in names), *blocks], axis=1)
        solution = np.linalg.lstsq(design, cells.ravel(), rcond=None)[0]
        return float(((cells.ravel() - design @ solution) ** 2).sum())

    whole = misfit(list(columns))
    df = cells.size - len(columns) - len(blocks)
    f = (misfit([name for name in columns if name != source]) - whole) / (whole / df)
    return f, float(f_distribution.sf(f, 1, df))


@pytest.mark.parametrize("source", [MODEL, PART, "model x part"])
def test_the_analysis_of_variance_equals_the_slow_reference(source: str) -> None:
    cells = np.random.default_rng(3).normal(size=(2, 2, 5)) + np.arange(5)
    row = next(row for row in two_way_anova(cells, blocked=True) if row.source == source)
    assert (row.f, row.p) == pytest.approx(slow_anova(cells, source), rel=1e-9)


def test_figures_that_fit_without_error_have_no_f() -> None:
    rows = two_way_anova(np.array([[[1.0, 2.0], [3.0, 4.0]], [[2.0, 3.0], [4.0, 5.0]]]), blocked=True)
    assert rows[-1].sum_of_squares == 0
    assert all(math.isnan(row.f) for row in rows)


def test_an_analysis_needs_the_same_tasks_of_all_four() -> None:
    with pytest.raises(EvaluationError, match="found 6, 6, 6, 5"):
        interaction(VIT, VIT_LINEAR, RESNET, RESNET_LINEAR[:5])
    with pytest.raises(EvaluationError, match="leave the task out"):
        interaction(VIT, VIT_LINEAR, RESNET, (*RESNET_LINEAR[:5], math.nan))
