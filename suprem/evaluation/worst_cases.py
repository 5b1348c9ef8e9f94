"""The records that a model orders worst for a class: where to look at the ECG, at the label, or at the query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from suprem.datasets.index import RecordIndex
from suprem.errors import EvaluationError
from suprem.evaluation.score_table import ScoreTable


@dataclass(frozen=True)
class Case:
    """One record.

    Args:
        record_id: The record.
        score: Sigmoid of its logit for the class.
        above: Share of all records with a lower score.
        labels: What the corpus says it shows, as the corpus' own codes.
    """

    record_id: str
    score: float
    above: float
    labels: tuple[str, ...]


def worst_cases(scores: ScoreTable, index: RecordIndex, code: str, *, positive: bool, most: int = 20) -> list[Case]:
    """Return the lowest scored records that have a class, or the highest scored that have it not, worst first.

    Args:
        scores: Labels and logits.
        index: The evaluated records.
        code: The class.
        positive: Whether to look at the records that have it.
        most: How many to return.

    Raises:
        EvaluationError: There is no such class, no such record, or the index lists other records.
    """
    if code not in scores.origin.codes:
        raise EvaluationError(f"{scores.origin.task} has no class {code!r}.")
    column = scores.origin.codes.index(code)
    present, logits = scores.present[:, column], scores.logits[:, column]
    rows = np.flatnonzero(present == positive)
    if len(rows) == 0:
        raise EvaluationError(f"{'No' if positive else 'Every'} record of {scores.origin.task} has {code}.")
    carried = dict(zip(map(str, index.table["record_id"]), index.table["codes"], strict=True))
    unknown = [name for name in scores.record_ids if name not in carried]
    if unknown:
        raise EvaluationError(
            f"The scores of {scores.origin.task} are of other records than the evaluation lists: {len(unknown)} are "
            f"not listed, first {', '.join(unknown[:5])}; evaluate again."
        )
    order = rows[np.argsort(logits[rows] if positive else -logits[rows], kind="stable")][:most]
    return [
        Case(
            record_id=scores.record_ids[row],
            score=float(expit(float(logits[row]))),
            above=float((logits < logits[row]).mean()),
            labels=tuple(carried[scores.record_ids[row]]),
        )
        for row in order
    ]
