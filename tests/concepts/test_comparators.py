from __future__ import annotations

import pytest

from suprem.concepts.comparators import comparison
from suprem.concepts.measured import measured_limits
from suprem.concepts.negation import set_negations_aside
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import CONCEPTS, Vocabulary, load_terms


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary((*load_terms(CONCEPTS).concepts, *(limit.concept for limit in measured_limits())))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("heart rate > 100", "RATE>100"),
        ("rate over 120 bpm", "RATE>120"),
        ("HR <50", "RATE<50"),
        ("heart rate between 60 and 100", "RATE60-100"),
        ("QTc above 460 ms", "QTC>460"),
        ("PR > 0.2 s", "PR>200"),
        ("QRS duration over 120", "QRS>120"),
    ],
)
def test_direction_and_number_decide_the_concept(text: str, code: str, vocabulary: Vocabulary) -> None:
    assert CardiacQuery.from_text(text, vocabulary).code == code


@pytest.mark.parametrize(
    "text",
    [
        "heart rate < 100",
        "rate over 150",
        "QTc above 500",
        "PR > 300",
        "PR < 200",
        "T wave above 5 mm",
        "rate > 100 in atrial fibrillation",
    ],
)
def test_what_no_limit_fits_is_set_aside_with_a_sentence(text: str, vocabulary: Vocabulary) -> None:
    asked, aside = set_negations_aside([CardiacQuery.from_text(text, vocabulary)], vocabulary)
    assert asked == []
    assert "trained" in aside[0].reason


@pytest.mark.parametrize("text", ["atrial fibrillation", "first degree AV block", "ST elevation in V2"])
def test_other_queries_compare_nothing(text: str) -> None:
    assert comparison(text) is None
