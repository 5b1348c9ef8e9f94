"""Each case is a wording met in real machine or human reports; the sentences are ours."""

from __future__ import annotations

import pytest

from suprem.reports.rules import extract_statement

N, A, U, X = "normal", "abnormal", "uncertain", "negated"

STATEMENTS = [
    # PTB-XL, English
    ("sinus rhythm", [("sinus rhythm", N)]),
    ("otherwise normal ecg", [("otherwise normal ecg", N)]),
    ("no definite pathology", [("no definite pathology", N)]),
    ("ecg probably normal", [("ecg probably normal", U)]),
    (
        "t waves are flat in i, v6 and inverted in avl",
        [("t waves are flat in i, v6", A), ("inverted in avl", A)],
    ),
    ("t waves are low or flat in limb leads and v5,6", [("t waves are low or flat in limb leads and v5,6", A)]),
    (
        "st segments are depressed and t waves inverted in ii, v4",
        [("st segments are depressed", A), ("t waves inverted in ii, v4", A)],
    ),
    ("this may be due to lv strain or ischaemia", [("lv strain", U), ("ischaemia", U)]),
    ("voltages are high in limb leads suggesting lvh", [("voltages are high in limb leads", A), ("lvh", U)]),
    ("old septal infarct cannot be excluded", [("old septal infarct cannot be excluded", U)]),
    ("digoxin effect is a likely contribution", [("digoxin effect", U)]),
    ("suggest exclude hypokalaemia", [("hypokalaemia", U)]),
    ("non-specific t wave flattening in v4", [("non-specific t wave flattening in v4", U)]),
    ("non-specific intraventricular block", [("non-specific intraventricular block", A)]),
    ("q waves in iii are probably normal", [("q waves in iii are probably normal", U)]),
    ("left ventricular hypertrophy on voltage criteria", [("left ventricular hypertrophy on voltage criteria", A)]),
    ("the cause of the bradycardia is not evident", []),
    ("lead v5 shows artifact", []),
    # PTB-XL, translated
    (
        "sinus rhythm left type qrs(t) abnormal inferior infarction probable old t abnormal in lateral leads 4.46 "
        "unconfirmed report",
        [
            ("sinus rhythm", N),
            ("left type", A),
            ("qrs(t) abnormal", A),
            ("inferior infarction probable old", U),
            ("t abnormal in lateral leads", A),
        ],
    ),
    (
        "st &amp; t abnormal, probably anterior ischemia or left strain lateral ischemia or left strain",
        [
            ("st &amp; t abnormal", A),
            ("probably anterior ischemia", U),
            ("left strain", U),
            ("lateral ischemia", U),
            ("left strain", U),
        ],
    ),
    ("position type normal av block i", [("position type normal", N), ("av block i", A)]),
    (
        "atrial fibrillation/flutter hyperexcited left type",
        [("atrial fibrillation", A), ("flutter", A), ("hyperexcited left type", A)],
    ),
    ("t-change, such as in inferior ischemia", [("t-change", A), ("inferior ischemia", U)]),
    ("lack of r-progression", [("lack of r-progression", A)]),
    ("anterior infarction age undetermined", [("anterior infarction", A), ("age undetermined", U)]),
    # German
    ("sinusrhythmus linkstyp", [("sinusrhythmus", N), ("linkstyp", A)]),
    ("inferiorer infarkt wahrscheinlich alt", [("inferiorer infarkt wahrscheinlich alt", U)]),
    # MIMIC-IV-ECG
    ("Sinus rhythm w/ PACs", [("Sinus rhythm", N), ("PACs", A)]),
    ("RBBB with left anterior fascicular block", [("RBBB", A), ("left anterior fascicular block", A)]),
    (
        "Inferior/lateral ST-T changes may be due to ischemia",
        [("Inferior", A), ("lateral ST-T changes", A), ("ischemia", U)],
    ),
    ("hypertrophy and/or ischemia", [("hypertrophy", A), ("ischemia", A)]),
    ("Possible inferior infarct - age undetermined", [("Possible inferior infarct", U), ("age undetermined", U)]),
    (
        "Poor R wave progression - probable normal variant",
        [("Poor R wave progression", A), ("probable normal variant", U)],
    ),
    ("Cannot rule out anterior infarct", [("Cannot rule out anterior infarct", U)]),
    ("Pacemaker rhythm - no further analysis", [("Pacemaker rhythm", A)]),
    ("Low QRS voltages in precordial leads", [("Low QRS voltages in precordial leads", A)]),
    ("QTc prolonged", [("QTc prolonged", A)]),
    ("Lateral T wave changes are nonspecific", [("Lateral T wave changes are nonspecific", U)]),
    ("Borderline ECG", [("Borderline ECG", U)]),
    ("Warning: Data quality may affect interpretation", []),
    # GE and Philips
    ("ischemia, inferior leads", [("ischemia, inferior leads", A)]),
    (
        "Nonspecific T abnormalities, diffuse leads",
        [("Nonspecific T abnormalities, diffuse leads", U)],  # the place is one of the finding before the comma
    ),
    ("consider lung disease, RVH, or normal variant", [("lung disease", U), ("RVH", U), ("normal variant", U)]),
    ("Anterior T wave changes are borderline", [("Anterior T wave changes", U)]),
    ("Posterior infarct - possible", [("Posterior infarct - possible", U)]),
    ("Prolonged P-R interval", [("Prolonged P-R interval", A)]),
    ("AV quux-paced rhythm", [("AV quux-paced rhythm", A)]),
    ("Vent. rate has increased BY 30 BPM", []),
    # Negation and its scope
    ("Atrial fibrillation has replaced Sinus rhythm", [("Atrial fibrillation", A), ("Sinus rhythm", X)]),
    ("Sinus rhythm replaced by atrial fibrillation", [("Sinus rhythm", X), ("atrial fibrillation", A)]),
    ("T wave inversion no longer evident in Inferior leads", [("T wave inversion", X)]),
    ("sinusrhythmus, kein hinweis auf ischaemie", [("sinusrhythmus", N), ("ischaemie", X)]),
    ("no atrial fibrillation or flutter", [("atrial fibrillation", X), ("flutter", X)]),
    ("no evidence of acute ischemia", [("acute ischemia", X)]),
    ("sinus rhythm without ectopy", [("sinus rhythm", N), ("ectopy", X)]),
    ("myocardial infarction ruled out", [("myocardial infarction", X)]),
    ("no st elevation, otherwise normal ecg", [("st elevation", X), ("otherwise normal ecg", N)]),
    ("st segments are not elevated", [("st segments are not elevated", X)]),
]


@pytest.mark.parametrize(("statement", "expected"), STATEMENTS, ids=[case[0][:60] for case in STATEMENTS])
def test_a_statement_gives_its_entities(statement: str, expected: list[tuple[str, str]]) -> None:
    entities, understood, _ = extract_statement(statement)
    assert understood
    assert [(entity.text, entity.certainty.value) for entity in entities] == expected
    assert all(statement[entity.start : entity.end] == entity.text for entity in entities)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("PVCs", ["premature ventricular complex"]),
        ("left type", ["left axis deviation"]),
        ("av block i", ["first degree av block"]),
        ("possible lvh", ["left ventricular hypertrophy"]),
        ("inferior & lateral t wave flattening", ["inferior t wave flattening", "lateral t wave flattening"]),
        ("left and right atrial enlargement", ["left atrial enlargement", "right atrial enlargement"]),
        ("t waves flat in i and inverted in avl", ["t waves flat in i", "t waves inverted in avl"]),
        (
            "t abnormal in anterior leads lateral leads",
            ["t wave abnormal in anterior leads", "t wave abnormal lateral leads"],
        ),
        ("RSR'(V1)", ["rsr v1"]),
    ],
)
def test_names_are_in_full_words(statement: str, names: list[str]) -> None:
    assert [entity.name for entity in extract_statement(statement)[0]] == names


@pytest.mark.parametrize(
    "statement",
    [
        "rytm zatokowy, blok prawej odnogi",
        "sinusritme, linkerbundeltakblok",
        "洞性心律",
        "lorem ipsum dolor sit amet",
    ],
)
def test_another_language_is_not_guessed_at(statement: str) -> None:
    assert extract_statement(statement)[:2] == ([], False)


def test_nothing_comes_of_nothing() -> None:
    assert extract_statement("") == ([], True, True)
