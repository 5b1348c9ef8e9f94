from __future__ import annotations

import pytest

from suprem.concepts.query import CardiacQuery
from suprem.concepts.query_wordings import _content, broader_code, in_english
from suprem.concepts.vocabulary import CONCEPTS, load_terms

VOCABULARY = load_terms(CONCEPTS)


@pytest.mark.parametrize(
    ("text", "code", "language"),
    [
        ("Herzinfarkt", "MI", "German"),
        ("ST-Hebung", "STE_", "German"),
        ("fibrillation auriculaire", "AFIB", "French"),
        ("hipertrofia ventricular izquierda", "LVH", "Spanish"),
        ("HIPERTROFIA VENTRICULAR IZQUIERDA", "LVH", "Spanish"),
        ("fibrillazione atriale", "AFIB", "Italian"),
        ("atrial fibrillation", "AFIB", "English"),
        ("atrial fibrilation", "AFIB", "English"),
        ("complete left bundel branch block", "CLBBB", "English"),
    ],
)
def test_a_query_is_asked_as_its_concept_and_keeps_its_language(text: str, code: str, language: str) -> None:
    query = CardiacQuery.from_text(text, VOCABULARY)
    assert (query.code, query.language) == (code, language)


@pytest.mark.parametrize("text", ["hyperkalemia", "hyperkalaemia", "STEMI", "septal infarct"])
def test_one_kind_of_a_concept_is_asked_as_the_concept_and_said(text: str) -> None:
    query = CardiacQuery.from_text(text, VOCABULARY)
    assert query.code is None
    assert "one kind" in (query.caution or "")


@pytest.mark.parametrize("text", ["ST elevation in aVR", "ST elevation in V7", "q waves in V8 and V9"])
def test_a_lead_that_was_not_trained_is_said(text: str) -> None:
    query = CardiacQuery.from_text(text, VOCABULARY)
    assert "no finding was trained" in (query.caution or "")


def test_every_translation_is_a_concept_of_the_shipped_terms() -> None:
    for rows in _content()["languages"].values():
        assert [english for english in rows.values() if VOCABULARY.lookup(english) is None] == []
    for code in _content()["broader"]:
        assert code in VOCABULARY.codes


def test_what_is_listed_nowhere_stays_as_it_is() -> None:
    assert in_english("quux barz") == ("quux barz", "English")
    assert broader_code("quux barz") is None
