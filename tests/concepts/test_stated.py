"""A report becomes queries: what it denies is asked as the finding, and held as strongly as anywhere in it."""

from __future__ import annotations

from suprem.concepts.stated import AssertionStatus, stated_findings
from suprem.concepts.vocabulary import load_terms

TERMS = load_terms()


def test_findings_are_asked_without_doubt_or_denial() -> None:
    found = stated_findings("Sinus rhythm. Possible left ventricular hypertrophy. No atrial fibrillation.", TERMS)
    assert [(one.query.code, one.held) for one in found] == [
        ("SR", AssertionStatus.STATED),
        ("LVH", AssertionStatus.DOUBTED),
        ("AFIB", AssertionStatus.DENIED),
    ]


def test_a_finding_is_named_once_and_as_strongly_as_anywhere() -> None:
    found = stated_findings("Possible left bundle branch block. LBBB.", TERMS)
    assert [(one.query.code, one.held) for one in found] == [("CLBBB", AssertionStatus.STATED)]


def test_extent_and_leads_do_not_hide_a_known_finding_and_other_words_stay() -> None:
    (slight,) = stated_findings("Slight ST depression in V4-6.", TERMS)
    assert slight.query.code == "STD_"
    assert stated_findings("The weather is fine today.", TERMS) == []
