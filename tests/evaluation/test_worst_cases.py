"""The worst ordered records of a class, with what the corpus says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.worst_cases import worst_cases
from tests.evaluations import corpus_index, evaluate_invented

INDEX = corpus_index(Path(), 60)
SCORES = evaluate_invented("ptbxl_rhythm", INDEX, checkpoint="a", noise=1.0).scores


def test_the_highest_without_and_the_lowest_with_a_finding_come_first() -> None:
    column = SCORES.origin.codes.index("AFIB")
    logits, present = SCORES.logits[:, column], SCORES.present[:, column]
    false = worst_cases(SCORES, INDEX, "AFIB", positive=False, most=5)
    assert false[0].record_id == SCORES.record_ids[int(np.argmax(np.where(present, -np.inf, logits)))]
    assert [case.score for case in false] == sorted((case.score for case in false), reverse=True)
    assert all("AFIB" not in case.labels for case in false)
    missed = worst_cases(SCORES, INDEX, "AFIB", positive=True, most=100)
    assert len(missed) == 20
    assert missed[0].record_id == SCORES.record_ids[int(np.argmin(np.where(present, logits, np.inf)))]
    assert all("AFIB" in case.labels for case in missed)
    row = SCORES.record_ids.index(missed[0].record_id)
    assert missed[0].above == (logits < logits[row]).mean()


def test_what_cannot_be_looked_at_is_named() -> None:
    with pytest.raises(EvaluationError, match="No record of ptbxl_rhythm has PACE"):
        worst_cases(SCORES, INDEX, "PACE", positive=True)
    with pytest.raises(EvaluationError, match="has no class 'AFLUT'"):
        worst_cases(SCORES, INDEX, "AFLUT", positive=True)
    with pytest.raises(
        EvaluationError, match="other records than the evaluation lists: 50 are not listed, first 00010"
    ):
        worst_cases(SCORES, INDEX.take(range(10)), "AFIB", positive=True)
