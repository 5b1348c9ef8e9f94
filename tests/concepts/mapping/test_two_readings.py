from __future__ import annotations

import pytest

from suprem.concepts.embed import load_embedder
from suprem.concepts.mapping.mapping import THRESHOLDS
from suprem.concepts.mapping.two_readings import ReadingAgreement, compare_readings
from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.errors import ReportError
from suprem.reports.report import Report

ORIGINAL = [
    Report("1", "Sinusrhythmus, kompletter Rechtsschenkelblock"),
    Report("2", "Vorhofflimmern, V. a. Linkshypertrophie"),
    Report("3", "sinus rhythm"),
    Report("5", "Sinusbradykardie"),
]
TRANSLATED = [
    Report("1", "sinus rhythm, complete right bundle branch block"),
    Report("2", "atrial flutter, suspected left ventricular hypertrophy"),
    Report("3", "sinus rhythm"),
    Report("4", "atrial flutter"),
]


def compare(first: list[Report], second: list[Report]) -> ReadingAgreement:
    return compare_readings(first, second, load_terms(CONCEPTS), load_embedder("minilm"), THRESHOLDS["minilm"])


def test_what_only_one_reading_states_is_counted_by_concept() -> None:
    found = compare(ORIGINAL, TRANSLATED)
    assert (found.reports, found.first, found.second, found.both, found.alike) == (2, 3, 3, 2, 1)
    assert (found.only_first, found.only_second) == ({"AFIB": 1}, {"AFLT": 1})
    assert found.agreement == pytest.approx(2 / 3)


def test_reports_without_two_texts_are_refused() -> None:
    with pytest.raises(ReportError, match="two texts"):
        compare(ORIGINAL[2:3], TRANSLATED)
