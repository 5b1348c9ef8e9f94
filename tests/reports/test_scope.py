"""How far doubt and denial reach, whose finding it is, and what must never be invented; the sentences are ours."""

from __future__ import annotations

import pytest

from suprem.reports.extract import Language, RuleExtractor, extract_entities
from suprem.reports.report import Report
from suprem.reports.rules import extract_statement

N, A, U, X = "normal", "abnormal", "uncertain", "negated"


def read(text: str) -> dict[str, str]:
    report = extract_entities([Report("1", text)], RuleExtractor()).reports[0]
    return {entity.name: entity.certainty.value for entity in report.entities}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # alternatives doubt each other
        ("junctional rhythm versus atrial fibrillation", {"junctional rhythm": U, "atrial fibrillation": U}),
        ("SVT vs atrial flutter", {"supraventricular tachycardia": U, "atrial flutter": U}),
        ("LVH or RVH", {"left ventricular hypertrophy": U, "right ventricular hypertrophy": U}),
        ("no ST elevation or depression", {"st elevation or depression": X}),
        ("no LVH or RVH", {"left ventricular hypertrophy": X, "right ventricular hypertrophy": X}),
        # a comma ends a doubt, "and" does not, and a list that closes is one doubt
        ("possible LVH, left axis deviation", {"left ventricular hypertrophy": U, "left axis deviation": A}),
        ("possible LVH and RVH", {"left ventricular hypertrophy": U, "right ventricular hypertrophy": U}),
        (
            "consider lateral ischemia, low QRS voltages in precordial leads",
            {"lateral ischemia": U, "low qrs voltages in precordial leads": A},
        ),
        (
            "consider LVH, RVH or emphysema",
            {"left ventricular hypertrophy": U, "right ventricular hypertrophy": U, "emphysema": U},
        ),
        # the relation is doubted, not the finding
        (
            "ST depression in V2 is probably reciprocal to inferior infarct",
            {"st depression in v2": A, "inferior infarction": A},
        ),
        ("t waves are upright", {"t waves upright": N}),
        # marks of doubt
        ("? old inferior infarct.", {"old inferior infarction": U}),
        ("?LBBB", {"left bundle branch block": U}),
        ("LVH (?)", {"left ventricular hypertrophy": U}),
        ("RBBB?? Sinus rhythm.", {"right bundle branch block": U, "sinus rhythm": N}),
        ("R/O acute MI.", {"acute myocardial infarction": U}),
        ("Pericarditis suspected", {"pericarditis": U}),
        # answers
        ("Atrial fibrillation: No. LBBB: absent.", {"atrial fibrillation": X, "left bundle branch block": X}),
        ("ST elevation: none. Pacemaker: yes.", {"st elevation": X, "pacemaker": A}),
        ("LVH - no", {"left ventricular hypertrophy": X}),
        ("RBBB: negative", {"right bundle branch block": X}),
        ("No increase in ST elevation.", {"st elevation": A}),
        # whose and when
        ("Family history of Brugada syndrome; father with WPW.", {}),
        ("If atrial fibrillation recurs, consider anticoagulation.", {}),
        ("Is there atrial fibrillation?", {}),
        # what is not there
        ("(proximal LAD occlusion)", {}),
        ("Consider ventricular flutter", {"ventricular flutter": U}),
        ("brady tachy syndrome", {"sick sinus syndrome tachycardia-bradycardia": A}),
        ("Atrial flutter with 2 to 1 block", {"atrial flutter": A}),
        ("consistent with LAHB (Left Anterior HemiBlock)", {"left anterior fascicular block": U}),
        ("bundle brunch block", {"bundle branch block": A}),
        ("AV block, complete (third degree)", {"av block complete third degree": A}),
    ],
)
def test_certainty_reaches_what_it_is_said_of(text: str, expected: dict[str, str]) -> None:
    found = read(text)
    assert {name: found.get(name) for name in expected} == expected
    assert len(found) == len(expected) or "depression" in text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("T wave inversion in lead(s) II, III, and aVF", "ii, iii, and avf"),
        ("T inversion in leads II, III, and aVF", "ii, iii, and avf"),
        ("ST depression now evident in inferior leads", "inferior"),
        ("T wave inversion no longer evident in anterolateral leads", "anterolateral"),
        ("Ant/septal ST depression", "anteroseptal"),
        ("Minimal ST depression, anterolateral leads", "anterolateral"),
        ("ST elevation in V2 thru V4", "v2 thru v4"),
        ("Q waves in 1, aVL and V5-6", "i, avl and v5-6"),
        ("tall T V2-V5: hyperkalemia?", "v2-v5"),
    ],
)
def test_no_place_is_lost(text: str, place: str) -> None:
    assert place in extract_statement(text).entities[0].name


def test_a_place_said_once_is_of_both_waves() -> None:
    names = [
        entity.name for entity in extract_statement("ST depression or T wave inversion in the lateral leads").entities
    ]
    assert names == ["st depression in lateral leads", "t wave inversion in lateral leads"]


def test_words_of_the_trace_that_are_left_over_are_not_absent() -> None:
    text = "Sinus rhythm. T waves in II, aVF."
    assert extract_entities([Report("1", text)], RuleExtractor()).reports[0].language is Language.PARTLY
