"""A score that the measurements of the same ECG speak against is named, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.concepts.query import CardiacQuery, Support
from suprem.ecg.examples import example_titles, load_example
from suprem.ecg.measurement.measure import Measurements, measure
from suprem.ecg.synthetic import Conduction, SyntheticSpec, synthesize
from suprem.inference.measured_check import contradictions
from suprem.inference.predictor import Predictor
from suprem.inference.reference import reference_of, reference_percentile
from suprem.inference.score import QueryScore
from suprem.model_card import ClassFigures, ModelCard, ValidationFigures
from suprem.resources import ASSETS
from tests.tiny import every_concept

VOCABULARY = every_concept()
HIGH, MIDDLE, LOW = 4.9, 2.0, -4.9


def said(text: str, logit: float, found: Measurements) -> list[str]:
    """Return what is said of one score, where the logits of 1,001 reference ECGs lie evenly between -5 and 5."""
    query = CardiacQuery.from_text(text, VOCABULARY)
    reference = np.linspace(-5, 5, 1001)[:, None]
    classes = (ClassFigures(code=query.code or "", positives=100, auroc=None, ci=None),)
    logits = reference_of([query.code or ""], reference)
    card = ModelCard(reference=logits, validation=ValidationFigures(classes=classes))
    score = QueryScore(query.text, query.prompt, 0.5, logit, Support.TRAINED, (), "a1")
    return [one.sentence for one in contradictions([score], [query], found, card)]


@pytest.fixture(scope="module")
def normal() -> Measurements:
    return measure(synthesize(SyntheticSpec(heart_rate=80)))


def test_a_high_score_without_what_would_fit_it_is_named(normal: Measurements) -> None:
    (sentence,) = said("sinus bradycardia", HIGH, normal)
    assert (
        sentence
        == "“sinus bradycardia” is above 99 of 100 reference ECGs, but heart rate is 80 /min (fits below 60 /min)."
    )
    (sentence,) = said("T wave inversion", HIGH, normal)
    assert "other measurements do not fit either" in sentence


def test_a_low_score_of_what_was_measured_is_named_unless_readers_leave_it_unsaid() -> None:
    slow = measure(synthesize(SyntheticSpec(heart_rate=45, pr_interval=0.28)))
    (sentence,) = said("bradycardia", LOW, slow)
    assert "“bradycardia” is only above 1 of 100" in sentence
    assert "45 /min" in sentence
    assert said("sinus bradycardia", LOW, slow) == [], "it may be slow and not sinus"
    (sentence,) = said("AV conduction delay", LOW, slow)
    assert "PR is 2" in sentence
    assert "(fits above 200 ms)" in sentence


@pytest.mark.parametrize(
    ("text", "logit"),
    [("sinus bradycardia", MIDDLE), ("sinus tachycardia", LOW), ("atrial fibrillation", HIGH), ("zebra", HIGH)],
)
def test_what_goes_together_or_has_no_limit_is_not_named(text: str, logit: float, normal: Measurements) -> None:
    assert said(text, logit, normal) == []


def test_what_was_not_measured_speaks_against_nothing() -> None:
    flat = measure(synthesize(SyntheticSpec(noise=3.0)))
    assert flat.qrs.value is None
    assert said("PR interval above 200 ms", HIGH, flat) == said("left axis deviation", HIGH, flat) == []


def test_a_normal_ecg_has_limits(normal: Measurements) -> None:
    assert said("normal ECG", HIGH, normal) == []
    raised = measure(synthesize(SyntheticSpec(st_inferior=0.3, heart_rate=44)))
    (sentence,) = said("normal ECG", HIGH, raised)
    assert sentence.startswith("“normal ECG” is above 99 of 100 reference ECGs, but ST is +0.30 mV in II")
    assert "heart rate is 44 /min" in sentence
    assert said("normal ECG", LOW, raised) == []


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("complete left bundle branch block", SyntheticSpec()),
        ("left anterior fascicular block", SyntheticSpec(axis=50)),
        ("left posterior fascicular block", SyntheticSpec(axis=20)),
        ("supraventricular tachycardia", SyntheticSpec(heart_rate=70)),
        ("incomplete right bundle branch block", SyntheticSpec(conduction=Conduction.RBBB)),
    ],
)
def test_what_a_definition_asks_for_and_is_missing_is_named(text: str, spec: SyntheticSpec) -> None:
    (sentence,) = said(text, HIGH, measure(synthesize(spec)))
    assert "(fits" in sentence


def test_a_finding_that_meets_its_definition_is_not_named() -> None:
    blocked = measure(synthesize(SyntheticSpec(conduction=Conduction.LBBB)))
    assert said("complete left bundle branch block", HIGH, blocked) == []


SHOWN = {
    "Synthetic: sinus bradycardia with first-degree AV block": ("sinus bradycardia", "first degree AV block"),
    "Synthetic: atrial fibrillation": ("atrial fibrillation",),
    "Synthetic: ventricular premature beats": ("ventricular premature complex",),
    "Synthetic: right bundle branch block": ("right bundle branch block",),
    "Synthetic: left bundle branch block, left axis": ("left bundle branch block",),
    "Synthetic: inferior ST elevation": ("ST elevation", "acute ST elevation myocardial infarction"),
    "Synthetic: high voltage with lateral T inversion": ("left ventricular hypertrophy",),
}
"""Examples with a finding -> what the shipped checkpoint must rank high on them."""


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    return Predictor.load(ASSETS / "checkpoint")


@pytest.mark.slow
@pytest.mark.parametrize("title", example_titles())
def test_every_shipped_example_reads_sensibly(title: str, shipped: Predictor) -> None:
    record = load_example(title)
    found = measure(record)
    normal, *findings = shipped.ask(["normal ECG", *SHOWN.get(title, ())])
    scores = shipped.score(record, [normal, *findings])
    places = [
        reference_percentile(shipped.card, query.code, score.logit)
        for query, score in zip([normal, *findings], scores, strict=True)
    ]
    against = contradictions(scores[:1], [normal], found, shipped.card, age=record.age, sex=record.sex)
    assert places[0] is not None
    assert all(place is not None and place.lower > 0.9 for place in places[1:])
    if title in SHOWN:
        assert against or not places[0].is_high, "an abnormal ECG is called normal and nothing objects"
    else:
        assert places[0].is_high
        assert not against
