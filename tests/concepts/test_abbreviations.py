from __future__ import annotations

import random

import pytest

from suprem.concepts.abbreviations import WORDINGS, expand, match_key
from suprem.concepts.vocabulary import Vocabulary
from tests.concepts.phrases import OTHER_FINDINGS, PARAPHRASES, UNRELATED


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("AF", "atrial fibrillation"),
        ("A-Fib w/ RVR", "atrial fibrillation with rapid ventricular response"),
        ("AFL", "atrial flutter"),
        ("PACs", "atrial premature complex"),
        ("frequent PVC(s)", "frequent ventricular premature complex"),
        ("premature ventricular contractions", "ventricular premature complex"),
        ("ventricular extrasystole(s)", "ventricular premature complex"),
        ("Ventrikuläre Extrasystole(n)", "ventricular premature complex"),
        ("supraventricular ectopics", "supraventricular premature complex"),
        ("1st degree AVB", "first degree atrioventricular block"),
        ("AV-Block I°", "first degree atrioventricular block"),
        ("AV-block grade 1", "first degree atrioventricular block"),
        ("1° A-V block", "first degree atrioventricular block"),
        ("a-v block i", "first degree atrioventricular block"),
        ("2:1 AV block", "2:1 atrioventricular block"),
        ("AV block of the second degree", "second degree atrioventricular block"),
        ("second degree AV block (Type two)", "second degree atrioventricular block mobitz type ii"),
        ("Mobitz I", "second degree atrioventricular block mobitz type i"),
        ("Wenckebach", "second degree atrioventricular block mobitz type i"),
        ("2nd degree AV block, Mobitz II", "second degree atrioventricular block mobitz type ii"),
        ("complete heart block", "third degree atrioventricular block"),
        ("complete AV block", "third degree atrioventricular block"),
        ("iRBBB", "incomplete right bundle branch block"),
        ("LAHB", "left anterior fascicular block"),
        ("left anterior hemi-block", "left anterior fascicular block"),
        ("left front bundle branch block", "left anterior fascicular block"),
        ("ST segment depression in leads II, III, aVF", "st depression in inferior leads"),
        ("ischaemia in I, aVL, V5 and V6", "ischemia in lateral leads"),
        ("Q waves in V1-V4", "q waves in anteroseptal leads"),
        ("non-specific ST-T wave changes", "nonspecific st-t changes"),
        ("nsstt changes", "nonspecific st-t changes"),
        ("NSTEMI", "non st elevation myocardial infarction"),
        ("inferior infarct", "inferior myocardial infarction".replace("myocardial ", "")),
        ("LAD", "left axis deviation"),
        ("LAD occlusion", "left anterior descending occlusion"),
        ("look at the ECG", "look at the ecg"),
        ("AT", "atrial tachycardia"),
        ("PQ prolongation", "pr prolongation"),
        ("QTc prolonged", "qt prolonged"),
        ("LA enlargement", "left atrial enlargement"),
        ("P mitrale", "left atrial enlargement"),
        ("c/w MI", "consistent with myocardial infarction"),
        ("h/o MI", "history of myocardial infarction"),
        ("w/o RVH", "without right ventricular hypertrophy"),
        ("LVH &amp; LAE", "left ventricular hypertrophy and left atrial enlargement"),
        ("Sinusrhythmus, Linksschenkelblock", "sinus rhythm left bundle branch block"),
        ("inkompletter Rechtsschenkelblock", "incomplete right bundle branch block"),
        ("Ｓｉｎｕｓ\u00a0 rhythm", "sinus rhythm"),
        ("EKG", "ecg"),
        ("", ""),
        ("!?", ""),
    ],
)
def test_text_is_brought_into_the_normal_form(text: str, expanded: str) -> None:
    assert expand(text) == expanded


def test_expanding_twice_changes_nothing_more(terms: Vocabulary) -> None:
    texts = [*terms.names, *(text for concept in terms.concepts for text in concept.synonyms)]
    texts += [*PARAPHRASES, *OTHER_FINDINGS, *UNRELATED]
    texts += [*WORDINGS["abbreviations"], *WORDINGS["wordings"], *WORDINGS["abbreviations"].values()]
    texts += [" ".join(random.sample(texts, 2)) for _ in range(1000)]
    assert {text for text in texts if expand(expand(text)) != expand(text)} == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("block of the right bundle branch, complete", "complete right bundle branch block"),
        ("hypertrophy of the left ventricle", "left ventricular hypertrophy"),
        ("T waves are inverted", "T wave inversion"),
        ("ST segments are depressed", "ST depression"),
        ("signs of inferior wall ischaemia", "ischemia in inferior leads"),
        ("ECG shows sinus rhythm", "sinus rhythm"),
        ("dilated left atrium", "left atrial enlargement"),
    ],
)
def test_grammar_and_word_order_do_not_matter_for_the_key(one: str, other: str) -> None:
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ischemia in inferior leads", "inferior infarction"),
        ("left atrial enlargement", "right atrial enlargement"),
        ("incomplete RBBB", "RBBB"),
        ("sinus rhythm", "no sinus rhythm"),
        ("possible LVH", "LVH"),
        ("ST elevation", "ST depression"),
        ("old infarct", "infarct"),
    ],
)
def test_words_that_change_the_meaning_stay_in_the_key(one: str, other: str) -> None:
    assert match_key(one) != match_key(other)


def test_a_long_text_is_expanded_quickly() -> None:
    assert len(expand("LBBB and AF, " * 2000).split()) == 2000 * 7
