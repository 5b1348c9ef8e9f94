from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from suprem.concepts.embed import MiniLmEmbedder
from suprem.concepts.guards import conflict, narrower, negated
from suprem.concepts.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("one", "other", "guard"),
    [
        ("third degree AV block", "second degree AV block", "degree"),
        ("1st degree AVB", "complete heart block", "degree"),
        ("Mobitz I", "Mobitz II", "block type"),
        ("left bundle branch block", "RBBB", "side"),
        ("LVH", "RVH", "side"),
        ("left axis deviation", "right axis deviation", "side"),
        ("inferior infarction", "anterior infarction", "wall"),
        ("inferolateral ischemia", "lateral ischemia", "wall"),
        ("left anterior fascicular block", "left posterior fascicular block", "wall"),
        ("ischemia in II, III, aVF", "ischemia in I, aVL, V5, V6", "wall"),
        ("left front bundle branch block", "left bundle branch block", "site"),
        ("AV block", "bundle branch block", "site"),
        ("PVC", "PAC", "origin"),
        ("atrial fibrillation", "ventricular fibrillation", "origin"),
        ("ventricular bigeminy", "atrial bigeminy", "origin"),
        ("sinus tachycardia", "supraventricular tachycardia", "origin"),
        ("junctional escape beat", "ventricular escape beat", "origin"),
        ("low amplitude T wave", "high T wave amplitude", "amplitude"),
        ("inverted T wave", "flat T wave", "amplitude"),
        ("low QRS voltage", "high QRS voltage", "amplitude"),
        ("ST elevation", "ST depression", "direction"),
        ("STEMI", "NSTEMI", "direction"),
        ("incomplete RBBB", "complete RBBB", "completeness"),
        ("acute inferior infarction", "old inferior infarction", "age"),
        ("no atrial fibrillation", "atrial fibrillation", "negation"),
        ("absence of ST elevation", "ST elevation", "negation"),
        ("sinus bradycardia", "sinus tachycardia", "rhythm"),
        ("sinus rhythm", "sinus tachycardia", "rhythm"),
        ("sinus rhythm", "sinus arrhythmia", "rhythm"),
        ("atrial fibrillation", "atrial flutter", "rhythm"),
        ("myocardial ischemia", "myocardial infarction", "cause"),
        ("ischemic ST-T changes", "nonspecific ST-T changes", "cause"),
        ("nondiagnostic T abnormality", "nonspecific T abnormality", "cause"),
        ("prolonged QT", "short QT", "duration"),
        ("prolonged PR interval", "prolonged QT interval", "component"),
        ("normal ECG", "abnormal ECG", "normality"),
        ("normal PR interval", "prolonged PR interval", "normality"),
        ("bigeminy", "trigeminy", "grouping"),
        ("ventricular premature beat", "ventricular escape beat", "beat"),
        ("clockwise rotation", "counterclockwise rotation", "rotation"),
        ("paroxysmal atrial fibrillation", "permanent atrial fibrillation", "course"),
        ("otherwise normal ECG", "normal ECG", "normality"),
        ("borderline ECG", "normal ECG", "normality"),
        ("normal voltage", "low voltage", "normality"),
        ("leftward axis", "rightward axis", "side"),
        ("hypokalemia", "hyperkalaemia", "level"),
        ("unifocal PVCs", "multiform PVCs", "form"),
        ("sustained VT", "nonsustained VT", "persistence"),
        ("subepicardial injury", "subendocardial injury", "layer"),
        ("regular rhythm", "irregular rhythm", "regularity"),
        ("poor R wave progression", "early R wave progression", "progression"),
        ("AF with RVR", "AF with slow ventricular response", "response"),
        ("concave ST elevation", "convex ST elevation", "shape"),
        ("sinus pause", "sinus rhythm", "rhythm"),
        ("AV dissociation", "AV block", "site"),
        ("apical infarct", "septal infarct", "wall"),
        ("T wave inversions", "flat T waves", "amplitude"),
        ("tracing otherwise within normal limits", "normal ECG", "normality"),
        ("Q waves normal", "Q wave present", "normality"),
        ("T waves normal", "T wave abnormality", "normality"),
        ("high T waves", "T wave abnormality", "amplitude"),
        ("T wave flattening", "non-specific T wave changes", "amplitude"),
        ("T wave inversion", "T wave abnormality", "amplitude"),
        ("voltages high in limb leads", "low QRS voltages", "amplitude"),
        ("left ventricular strain", "left ventricular hypertrophy", "load"),
        ("marked ST-T abnormality", "T wave abnormality", "component"),
        ("non-specific ST-T changes", "non-specific ST changes", "component"),
        ("QRS axis difficult to determine", "abnormal QRS", "component"),
        ("missing Q wave", "Q wave present", "negation"),
        ("non-Q-wave infarction", "Q wave infarction", "negation"),
        ("wandering pacemaker", "artificial pacemaker", "rhythm"),
        ("hypokalemia", "digitalis effect", "cause"),
    ],
)
def test_opposites_are_kept_apart_both_ways(one: str, other: str, guard: str) -> None:
    assert conflict(one, other) == guard
    assert conflict(other, one) == guard


@pytest.mark.parametrize(
    ("one", "other", "guard"),
    [
        ("myocardial infarction", "inferior myocardial infarction", "wall"),
        ("bundle branch block", "left bundle branch block", "side"),
        ("AV block", "first degree AV block", "degree"),
        ("atrial fibrillation", "atrial fibrillation with rapid ventricular response", "response"),
        ("supraventricular tachycardia", "paroxysmal SVT", "course"),
        ("inferior infarction", "old inferior infarction", "age"),
        ("inferior and lateral ischemia", "lateral ischemia", "wall"),
        ("left anterior fascicular block, left posterior fascicular block", "left posterior fascicular block", "wall"),
        ("LVH", "voltage criteria for LVH", "criterion"),
        ("right bundle branch block", "incomplete right bundle branch block", "completeness"),
    ],
)
def test_general_and_specific_do_not_conflict_but_differ(one: str, other: str, guard: str) -> None:
    assert conflict(one, other) is None
    assert narrower(one, other) == narrower(other, one) == guard


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("atrial fibrillation", "AF"),
        ("abnormal Q wave", "Q wave"),
        ("normal sinus rhythm", "sinus rhythm"),
        ("left atrial overload", "LAE"),
        ("inferior ischemia cannot be excluded", "inferior ischemia"),
        ("ST-T depression due to ischemia", "ischemic ST-T depression"),
        ("left atrial strain", "left atrial overload"),
    ],
)
def test_wordings_of_one_finding_do_not_differ(one: str, other: str) -> None:
    assert conflict(one, other) is narrower(one, other) is None


def test_no_statement_conflicts_with_its_own_synonyms(terms: Vocabulary) -> None:
    clashes = [
        (one, other, guard)
        for concept in terms.concepts
        for one, other in combinations((concept.name, *concept.synonyms), 2)
        if (guard := conflict(one, other))
    ]
    assert clashes == []


def test_similar_vectors_never_merge_two_statements(terms: Vocabulary, minilm: MiniLmEmbedder) -> None:
    """Without guards 35 of the 2,485 pairs would merge at 0.80; what is left is one parent with its child."""
    vectors = minilm.embed(terms.prompts)
    close = [
        (terms.prompts[i], terms.prompts[j])
        for i, j in zip(*np.triu(vectors @ vectors.T > 0.80, 1).nonzero(), strict=True)
    ]
    assert len(close) == 35
    assert [pair for pair in close if conflict(*pair) is None] == [
        ("supraventricular tachycardia", "paroxysmal supraventricular tachycardia")
    ]
    assert [pair for pair in close if narrower(*pair) is None] == []


@pytest.mark.parametrize(
    "text",
    ["no AF", "AF absent", "absence of Q waves", "without ST elevation", "not sinus rhythm", "ischemia ruled out"],
)
def test_absence_is_recognised(text: str) -> None:
    assert negated(text)


@pytest.mark.parametrize(
    "text",
    [
        "atrial fibrillation",
        "nonspecific ST changes",
        "non-diagnostic T abnormalities",
        "negative T waves",
        "ischemia cannot be ruled out",
        "NSTEMI",
        "no ECG abnormality",
    ],
)
def test_presence_is_not_taken_for_absence(text: str) -> None:
    assert not negated(text)
