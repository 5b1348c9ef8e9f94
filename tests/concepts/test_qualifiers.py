"""Words of a query that the nearest trained finding does not say are found, and no others."""

from __future__ import annotations

import pytest

from suprem.concepts.qualifiers import lost_qualifiers


@pytest.mark.parametrize(
    ("text", "finding", "lost"),
    [
        ("acute anterior myocardial infarction", "anterior myocardial infarction", ("acute",)),
        ("old inferior infarction", "inferior myocardial infarction", ("old",)),
        ("ventricular tachycardia", "tachycardia", ("ventricular",)),
        ("nonsustained ventricular tachycardia", "ventricular tachycardia", ("nonsustained",)),
        ("junctional tachycardia", "tachycardia", ("junctional",)),
        ("paroxysmal atrial fibrillation", "atrial fibrillation", ("paroxysmal",)),
        ("left atrial flutter", "atrial flutter", ("left",)),
        ("inferior ischemia", "ischemia", ("inferior",)),
        ("incomplete left bundle branch block", "left bundle branch block", ("incomplete",)),
    ],
)
def test_a_qualifier_that_was_not_trained_is_named(text: str, finding: str, lost: tuple[str, ...]) -> None:
    assert lost_qualifiers(text, finding) == lost


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("atrial fibrillation", "atrial fibrillation"),
        ("afib", "atrial fibrillation"),
        ("abnormal Q waves", "Q waves"),
        ("zebra waves", "U wave"),
    ],
)
def test_other_words_for_the_same_lose_nothing(text: str, finding: str) -> None:
    assert lost_qualifiers(text, finding) == ()
