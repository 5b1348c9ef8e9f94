"""Scores of a recording longer than the model's window: every stretch is scored, and the highest is named.

What comes and goes, such as a premature beat, need not be in the cleanest ten seconds. The highest of many scores is
higher by chance than one score, so it is no rank among the reference ECGs, which were scored once each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suprem.concepts.query import CardiacQuery
from suprem.ecg.preprocess import Prepared
from suprem.inference.predictor import Predictor
from suprem.inference.score import QueryScore


@dataclass(frozen=True)
class WholeScore:
    """One query over all windows of a recording.

    Args:
        highest: The score of the window with the highest.
        start: Where that window begins, in seconds.
        mean: Mean score over the windows.
        windows: How many there are.
    """

    highest: QueryScore
    start: float
    mean: float
    windows: int


def score_whole(
    predictor: Predictor, prepared: Sequence[Prepared], queries: Sequence[CardiacQuery | str]
) -> list[WholeScore]:
    """Score the windows of one recording, as `preprocess_all` gives them, against queries, in the queries' order."""
    answers = predictor.score_signals(predictor.encode_prepared(prepared), queries)
    scores = []
    for column in zip(*answers, strict=True):
        best = max(range(len(column)), key=lambda window: column[window].logit)
        mean = float(np.mean([answer.score for answer in column]))
        scores.append(WholeScore(column[best], prepared[best].start, mean, len(column)))
    return scores
