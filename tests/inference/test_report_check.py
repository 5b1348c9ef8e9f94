"""Ranks and frequency decide what is high and low; each kind of conflict is found and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suprem.concepts.query import CardiacQuery, Support
from suprem.concepts.stated import Held, StatedFinding
from suprem.inference.predictor import QueryScore
from suprem.inference.reference import Standing, reference_of
from suprem.inference.report_check import Verdict, asked_for, check_report, is_high, is_low
from tests.tiny import VOCABULARY


def place(lower: float, positives: int) -> Standing:
    return Standing(lower, 1000, 0.9, (0.8, 0.95), positives)


@pytest.mark.parametrize(
    ("lower", "positives", "high", "low"),
    [(0.95, 50, True, False), (0.94, 50, False, False), (0.47, 50, False, True), (0.3, 600, False, False),
     (1.0, 0, False, False)],
)  # fmt: skip
def test_high_and_low_follow_from_rank_and_frequency(lower: float, positives: int, high: bool, low: bool) -> None:
    assert (is_high(place(lower, positives)), is_low(place(lower, positives))) == (high, low)


def stated(text: str, held: Held) -> StatedFinding:
    return StatedFinding(text, CardiacQuery.from_text(text, VOCABULARY), held)


def checked(findings: list[StatedFinding], logits: dict[str, float]) -> list[tuple[str, Verdict]]:
    reference = np.tile(np.linspace(-5, 5, 1001)[:, None], (1, 3))
    classes = [{"code": code, "positives": 100} for code in VOCABULARY.codes]
    card: dict[str, Any] = {"reference": reference_of(VOCABULARY.codes, reference), "validation": {"classes": classes}}
    near = (("atrial fibrillation", 0.9),)
    scores = [
        QueryScore(
            query.text, query.prompt, 0.5, logits.get(query.code or "", 0.5),
            Support.TRAINED if query.code or "quivering" in query.text else Support.OUTSIDE, near, "a1",
        )
        for query in asked_for(findings, VOCABULARY)
    ]  # fmt: skip
    return [(one.finding, one.verdict) for one in check_report(findings, scores, VOCABULARY, card)]


def test_every_kind_of_conflict_is_found() -> None:
    findings = [stated("normal ECG", Held.STATED), stated("AF", Held.DENIED)]
    logits = {"NORM": -4.0, "AFIB": 4.9, "CLBBB": 4.8}
    assert checked(findings, logits) == [
        ("normal ECG", Verdict.STATED_LOW),
        ("atrial fibrillation", Verdict.DENIED_HIGH),
        ("complete left bundle branch block", Verdict.UNSTATED_HIGH),
    ]


def test_what_agrees_or_is_doubted_is_no_conflict_and_unknown_words_have_no_rank() -> None:
    findings = [stated("normal ECG", Held.DOUBTED), stated("LBBB", Held.STATED), stated("zebra waves", Held.STATED)]
    assert checked(findings, {"NORM": -4.0, "CLBBB": 4.9}) == [
        ("complete left bundle branch block", Verdict.NO_CONFLICT),
        ("normal ECG", Verdict.NO_CONFLICT),
        ("zebra waves", Verdict.UNKNOWN),
    ]


def test_other_words_for_a_trained_concept_count_as_that_concept() -> None:
    findings = [stated("quivering waves", Held.STATED)]
    assert checked(findings, {"AFIB": 4.9, "NORM": 0.0, "CLBBB": 0.0}) == [("atrial fibrillation", Verdict.NO_CONFLICT)]
