"""Two models against each other on the same records of a task.

The difference is judged on resamples that both models share, which makes it paired, and class by class with DeLong's
test, adjusted for the number of classes (Holm). Tests over several tasks are in `over_tasks`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.errors import EvaluationError
from suprem.evaluation.metrics import (
    MIN_POSITIVES,
    auroc,
    delong_test,
    holm,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)
from suprem.evaluation.over_tasks import AcrossTasks, Interaction
from suprem.evaluation.result_json import result_to_json
from suprem.evaluation.results import Interval
from suprem.evaluation.score_table import ScoreTable


@dataclass(frozen=True)
class ClassComparison:
    """One class; every difference is first minus second.

    Args:
        code: The class.
        positives: Records that have it.
        first: AUROC of the first model.
        second: AUROC of the second model.
        difference: First minus second.
        ci: Its 95 % paired bootstrap interval over patients.
        delong_p: Two-sided p-value of DeLong's test; NaN with fewer than two positives or negatives.
        holm_p: The same, adjusted for the number of classes tested.
        reliable: At least ten positives; below, DeLong's test is not to be trusted.
    """

    code: str
    positives: int
    first: float
    second: float
    difference: float
    ci: Interval
    delong_p: float
    holm_p: float
    reliable: bool


@dataclass(frozen=True)
class TaskComparison:
    """Two models on one task.

    Args:
        task: Name of the task.
        labels: Variant of the labels.
        records: Records both were scored on.
        first: Macro AUROC of the first model.
        second: Macro AUROC of the second model.
        difference: First minus second.
        ci: Its 95 % paired bootstrap interval over patients.
        p_value: Two-sided, from the same draws: twice the smaller share of draws on either side of zero.
        classes: The classes that have an AUROC.
        draws: Bootstrap draws.
        seed: Their seed.
    """

    task: str
    labels: str
    records: int
    first: float
    second: float
    difference: float
    ci: Interval
    p_value: float
    classes: tuple[ClassComparison, ...]
    draws: int
    seed: int


@dataclass(frozen=True)
class Comparison:
    """Two models on one or more tasks; `across` is there from two tasks on, `part` where both were also scored without
    a part."""

    tasks: tuple[TaskComparison, ...]
    across: AcrossTasks | None
    part: Interaction | None = None

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return result_to_json(self)


def compare_scores(first: ScoreTable, second: ScoreTable, *, draws: int = 2000, seed: int = 0) -> TaskComparison:
    """Compare two models on one task.

    Args:
        first: Scores of the first.
        second: Scores of the second, of the same records in any order.
        draws: Bootstrap draws.
        seed: Their seed.

    Raises:
        EvaluationError: The two are not of the same task, labels and records.
    """
    second = aligned(first, second)
    present, codes = first.present, first.origin.codes
    resamples = patient_resamples(first.patients, draws=draws, seed=seed)
    areas = [auroc(present, model.logits) for model in (first, second)]
    draws_of = [resampled_auroc(present, model.logits, resamples) for model in (first, second)]
    by_class = percentile_interval(draws_of[0] - draws_of[1])
    overall = macro(draws_of[0]) - macro(draws_of[1])
    usable = np.flatnonzero(np.isfinite(areas[0]))
    p_values = np.array([delong_test(present[:, i], first.logits[:, i], second.logits[:, i])[1] for i in usable])
    positives = present.sum(axis=0)
    return TaskComparison(
        task=first.origin.task,
        labels=first.origin.labels,
        records=len(present),
        first=float(macro(areas[0])),
        second=float(macro(areas[1])),
        difference=float(macro(areas[0]) - macro(areas[1])),
        ci=_ends(percentile_interval(overall)),
        p_value=bootstrap_p(overall),
        classes=tuple(
            ClassComparison(
                code=codes[i],
                positives=int(positives[i]),
                first=float(areas[0][i]),
                second=float(areas[1][i]),
                difference=float(areas[0][i] - areas[1][i]),
                ci=_ends(by_class[:, i]),
                delong_p=float(raw),
                holm_p=float(adjusted),
                reliable=bool(positives[i] >= MIN_POSITIVES),
            )
            for i, raw, adjusted in zip(usable, p_values, holm(p_values), strict=True)
        ),
        draws=draws,
        seed=seed,
    )


def aligned(first: ScoreTable, second: ScoreTable) -> ScoreTable:
    """Return `second` with its records in the order of `first`.

    Raises:
        EvaluationError: They are not of the same task, classes, labels and records.
    """
    for name in ("task", "labels", "codes"):
        ours, theirs = getattr(first.origin, name), getattr(second.origin, name)
        if ours != theirs:
            raise EvaluationError(
                f"The scores are not comparable: {name} is {ours} in the first, {theirs} in the second."
            )
    row_of = {name: row for row, name in enumerate(second.record_ids)}
    missing = sorted(set(first.record_ids) ^ set(second.record_ids))
    if missing:
        raise EvaluationError(
            f"{len(missing)} records of {first.origin.task} are scored in one of the files only, first "
            f"{', '.join(missing[:5])}; evaluate both models on the same records."
        )
    rows = [row_of[name] for name in first.record_ids]
    if not np.array_equal(first.present, second.present[rows]):
        raise EvaluationError(
            f"The files give the same records of {first.origin.task} different labels; make both anew."
        )
    patients = tuple(second.patients[row] for row in rows)
    return ScoreTable(second.origin, first.record_ids, patients, second.present[rows], second.logits[rows])


def bootstrap_p(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of no difference from paired draws (draw,), never below one draw's worth."""
    known = differences[np.isfinite(differences)]
    if len(known) == 0:
        return math.nan
    below, above = (known <= 0).sum(), (known >= 0).sum()
    return float(min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1)))


def _ends(interval: NDArray[np.float64]) -> Interval:
    return float(interval[0]), float(interval[1])
