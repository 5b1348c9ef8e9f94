"""A denied finding is never scored as if it were there, and what is scored instead is said."""

from __future__ import annotations

import pytest

from suprem.concepts.negation import set_negations_aside
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import load_terms

TERMS = load_terms()


def aside(*texts: str) -> tuple[list[str], list[tuple[str, str | None]]]:
    asked, found = set_negations_aside([CardiacQuery.from_text(text, TERMS) for text in texts], TERMS)
    return [query.text for query in asked], [(one.query, one.instead) for one in found]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("no atrial fibrillation", "atrial fibrillation"),
        ("No AF", "AF"),
        ("not in atrial fibrillation", "atrial fibrillation"),
        ("without left bundle branch block", "left bundle branch block"),
        ("absence of atrial flutter", "atrial flutter"),
        ("no evidence of LVH", "LVH"),
        ("there is no RBBB", "RBBB"),
        ("atrial fibrillation is absent", "atrial fibrillation"),
        ("AF ruled out", "AF"),
        ("atrial fibrillation: no", "atrial fibrillation"),
        ("negative for ST depression", "ST depression"),
        ("kein Vorhofflimmern", "Vorhofflimmern"),
        ("non-sinus rhythm", "sinus rhythm"),
        ("no zygomorphic waves", None),
        ("sinus rhythm without atrial fibrillation", None),
        ("neither AF nor flutter", None),
        ("no AF and no flutter", None),
    ],
)
def test_a_denied_finding_is_scored_under_its_own_name_or_not_at_all(text: str, finding: str | None) -> None:
    asked, found = aside(text)
    assert found == [(text, finding)]
    assert asked == ([] if finding is None else [finding])


@pytest.mark.parametrize(
    "text",
    [
        "atrial fibrillation",
        "non-diagnostic T wave changes",
        "non-specific ST changes",
        "AF not excluded",
        "sinus node",
    ],
)
def test_findings_that_are_not_denied_are_asked_as_they_are(text: str) -> None:
    assert aside(text) == ([text], [])


def test_what_is_asked_already_is_not_asked_twice_and_the_order_is_kept() -> None:
    asked, found = aside("LBBB", "no AF", "af", "normal ECG")
    assert asked == ["LBBB", "AF", "normal ECG"]
    assert found == [("no AF", "AF")]


def test_the_reason_says_what_is_scored_instead() -> None:
    _, (known, unknown) = set_negations_aside(
        [CardiacQuery.from_text(text, TERMS) for text in ("no AF", "no zebra waves")], TERMS
    )
    assert "Scored instead: “AF”" in known.reason
    assert "Ask for the finding itself" in unknown.reason
    assert "absence" in known.reason
