"""Ranks and frequency decide what is high and low; each kind of conflict is found and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.concepts.query import CardiacQuery, Support
from suprem.concepts.stated import AssertionStatus, StatedFinding
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.ecg.measurement.measure import Measurements, measure
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.inference.reference import ReferencePercentile, reference_of
from suprem.inference.report_check import ReportVerdict, asked_for, check_report
from suprem.inference.score import QueryScore
from suprem.model_card import ClassFigures, ModelCard, ValidationFigures
from tests.tiny import VOCABULARY


def place(lower: float, positives: int) -> ReferencePercentile:
    return ReferencePercentile(lower, 1000, 0.9, (0.8, 0.95), positives)


@pytest.mark.parametrize(
    ("lower", "positives", "high", "low"),
    [(0.95, 50, True, False), (0.94, 50, False, False), (0.47, 50, False, True), (0.3, 600, False, False),
     (1.0, 0, False, False)],
)  # fmt: skip
def test_high_and_low_follow_from_rank_and_frequency(lower: float, positives: int, high: bool, low: bool) -> None:
    assert (place(lower, positives).is_high, place(lower, positives).is_low) == (high, low)


def stated(text: str, held: AssertionStatus) -> StatedFinding:
    return StatedFinding(text, CardiacQuery.from_text(text, VOCABULARY), held)


def checked(
    findings: list[StatedFinding], logits: dict[str, float], measured: Measurements | None = None
) -> list[tuple[str, ReportVerdict]]:
    reference = np.tile(np.linspace(-5, 5, 1001)[:, None], (1, 3))
    classes = tuple(ClassFigures(code=code, positives=100, auroc=None, ci=None) for code in VOCABULARY.codes)
    logits_of_others = reference_of(VOCABULARY.codes, reference)
    card = ModelCard(reference=logits_of_others, validation=ValidationFigures(classes=classes))
    near = (("atrial fibrillation", 0.9),)
    scores = [
        QueryScore(
            query.text, query.prompt, 0.5, logits.get(query.code or "", 0.5),
            Support.TRAINED if query.code or "quivering" in query.text else Support.OUTSIDE, near, "a1",
        )
        for query in asked_for(findings, VOCABULARY)
    ]  # fmt: skip
    return [(one.finding, one.verdict) for one in check_report(findings, scores, VOCABULARY, card, measured)]


def test_every_kind_of_conflict_is_found() -> None:
    findings = [stated("normal ECG", AssertionStatus.STATED), stated("AF", AssertionStatus.DENIED)]
    logits = {"NORM": -4.0, "AFIB": 4.9, "CLBBB": 4.8}
    assert checked(findings, logits) == [
        ("normal ECG", ReportVerdict.STATED_LOW),
        ("atrial fibrillation", ReportVerdict.DENIED_HIGH),
        ("complete left bundle branch block", ReportVerdict.UNSTATED_HIGH),
    ]


def test_what_agrees_or_is_doubted_is_no_conflict_and_unknown_words_have_no_rank() -> None:
    findings = [
        stated("normal ECG", AssertionStatus.DOUBTED),
        stated("LBBB", AssertionStatus.STATED),
        stated("zebra waves", AssertionStatus.STATED),
    ]
    assert checked(findings, {"NORM": -4.0, "CLBBB": 4.9}) == [
        ("complete left bundle branch block", ReportVerdict.NO_CONFLICT),
        ("normal ECG", ReportVerdict.NO_CONFLICT),
        ("zebra waves", ReportVerdict.UNKNOWN),
    ]


def test_other_words_for_a_trained_concept_count_as_that_concept() -> None:
    findings = [stated("quivering waves", AssertionStatus.STATED)]
    assert checked(findings, {"AFIB": 4.9, "NORM": 0.0, "CLBBB": 0.0}) == [
        ("atrial fibrillation", ReportVerdict.NO_CONFLICT)
    ]


def test_a_block_of_the_left_bundle_with_a_narrow_qrs_is_a_conflict_however_high_its_score() -> None:
    narrow = measure(synthesize(SyntheticSpec(heart_rate=80)))
    findings = [stated("normal ECG", AssertionStatus.STATED), stated("LBBB", AssertionStatus.STATED)]
    logits = {"NORM": -4.0, "CLBBB": 4.9, "AFIB": -4.0}
    assert checked(findings, logits, narrow) == [
        ("complete left bundle branch block", ReportVerdict.STATED_UNMEASURED),
        ("normal ECG", ReportVerdict.STATED_LOW),
    ]
    unnamed = checked(findings[:1], logits, narrow)
    assert [name for name, _ in unnamed] == ["normal ECG"], "what measurements rule out is not offered as missed"


def test_high_findings_of_one_kind_are_one_row() -> None:
    wide = Concept("CD", "conduction disturbance", narrower=("CLBBB",))
    vocabulary = Vocabulary((*VOCABULARY.concepts, wide))
    reference = np.tile(np.linspace(-5, 5, 1001)[:, None], (1, 4))
    classes = tuple(ClassFigures(code=code, positives=100, auroc=None, ci=None) for code in vocabulary.codes)
    of_others = reference_of(vocabulary.codes, reference)
    card = ModelCard(reference=of_others, validation=ValidationFigures(classes=classes))
    logits = {"CLBBB": 4.8, "CD": 4.9}
    scores = [
        QueryScore(query.text, query.prompt, 0.5, logits.get(query.code or "", -4.0), Support.TRAINED, (), "a1")
        for query in asked_for([], vocabulary)
    ]
    (row,) = check_report([], scores, vocabulary, card)
    assert (row.finding, row.others) == ("conduction disturbance", ("complete left bundle branch block",))
