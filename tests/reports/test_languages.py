from __future__ import annotations

import pytest

from suprem.reports.entity import Certainty
from suprem.reports.extract import Language, RuleExtractor, extract_entities
from suprem.reports.languages import LANGUAGES, lexicon_of, load_language
from suprem.reports.lexicon import CODES
from suprem.reports.report import Report
from suprem.reports.rules import extract_statement
from suprem.reports.statement import split_statements

_NAMED = {CODES[section] for section in ("normal", "finding", "diagnosis", "wave", "state", "state_noun", "region")}


def read(text: str) -> list[tuple[str, str]]:
    found = []
    for statement in split_statements(text):
        for entity in extract_statement(statement.text).entities:
            assert statement.text[entity.start : entity.end] == entity.text
            found.append((entity.name, entity.certainty.value))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_word_that_makes_a_name_has_a_meaning_in_english(language: str) -> None:
    lexicon = load_language(language)
    assert [phrase for phrase, (code, reading) in lexicon.phrases.items() if code in _NAMED and not reading] == []
    assert all(reading.isascii() for _, reading in lexicon.phrases.values() if reading)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("sinus rhythm, left axis deviation", "English"),
        ("Sinusrhythmus, Linkstyp", "German"),
        ("Rythme sinusal, axe gauche", "French"),
        ("Ritmo sinusal, eje izquierdo", "Spanish"),
        ("Ritmo sinusale, asse deviato a sinistra", "Italian"),
        ("Sinusrytm, vänsterställd el-axel", "Swedish"),
        ("Bradicardia sinusale", "Italian"),
        ("Bradicardia sinusal", "Spanish"),
    ],
)
def test_the_language_is_told_by_the_words(text: str, language: str) -> None:
    assert lexicon_of(text).language == language


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kompletter Linksschenkelblock", "complete left bundle branch block"),
        ("bloc de branche gauche complet", "complete left bundle branch block"),
        ("bloqueo completo de rama izquierda", "left complete bundle branch block"),
        ("blocco di branca sinistra completo", "complete left bundle branch block"),
        ("AV-Block II. Grades", "second degree av block"),
        ("AV-Block II°", "second degree av block"),
        ("bloc auriculo-ventriculaire du deuxième degré", "second degree av block"),
        ("bloqueo AV de segundo grado", "second degree av block"),
        ("blocco AV di II grado", "second degree av block"),
        ("ST-Strecken-Hebung in V2-V4", "st elevation in v2-v4"),
        ("sus-décalage de ST en V2-V4", "st elevation in v2-v4"),
        ("elevación del segmento ST en DII, DIII, aVF", "st elevation in ii, iii, avf"),
        ("sottoslivellamento ST in D2, D3", "st depression in ii, iii"),
        ("ondas T invertidas en cara lateral", "inverted t wave in lateral leads"),
        ("onde T negative in sede inferiore", "inverted t wave in inferior leads"),
        ("nécrose inférieure ancienne", "old inferior myocardial infarction"),
        ("Hinterwandischämie", "inferior ischemia"),
        ("Kammerextrasystolen", "ventricular extrasystole"),
        ("t-förändring anterolateralt", "t wave changes anterolateral"),
        (
            "fibrilación auricular con respuesta ventricular rápida",
            "atrial fibrillation with rapid ventricular response",
        ),
    ],
)
def test_a_finding_is_named_in_english_words_and_order(text: str, name: str) -> None:
    assert [found for found, _ in read(text)] == [name]


@pytest.mark.parametrize(
    ("text", "certainty"),
    [
        ("V. a. Linkshypertrophie", "uncertain"),
        ("Linkshypertrophie möglich", "uncertain"),
        ("Vorderwandinfarkt nicht auszuschließen", "uncertain"),
        ("kein Hinweis auf Ischämie", "negated"),
        ("Vorhofflimmern nicht mehr nachweisbar", "negated"),
        ("pas de bloc de branche", "negated"),
        ("hypertrophie ventriculaire gauche douteuse", "uncertain"),
        ("le flutter a disparu", "negated"),
        ("sin signos de isquemia", "negated"),
        ("posible hipertrofia ventricular izquierda", "uncertain"),
        ("isquemia no se puede descartar", "uncertain"),
        ("no se puede descartar isquemia", "uncertain"),
        ("senza segni di ischemia", "negated"),
        ("ischemia dubbia", "uncertain"),
        ("inferior infarkt kan ej uteslutas", "uncertain"),
    ],
)
def test_doubt_and_denial_are_read_in_each_language(text: str, certainty: str) -> None:
    assert [found for _, found in read(text)] == [certainty]


def test_both_of_a_denied_pair_are_denied() -> None:
    for text in ("Keine Ischämie oder Hypertrophie", "sin isquemia ni hipertrofia", "né ischemia né ipertrofia"):
        assert [certainty for _, certainty in read(text)] == ["negated", "negated"], text


@pytest.mark.parametrize(
    "text",
    [
        "Vater mit Myokardinfarkt",
        "antécédents familiaux : père avec infarctus",
        "Antecedentes familiares: madre con fibrilación auricular",
        "Familiarità: nonno con infarto",
    ],
)
def test_findings_of_relatives_are_not_of_this_tracing(text: str) -> None:
    assert read(text) == []


def test_an_ordinal_and_a_short_form_end_no_statement() -> None:
    text = "AV-Block I. Grades. V. a. Hypertrophie. Z. n. Infarkt"
    assert [one.text for one in split_statements(text)] == ["AV-Block I. Grades", "V. a. Hypertrophie", "Z. n. Infarkt"]


def test_a_language_without_a_lexicon_is_said_and_not_read_as_empty() -> None:
    found = extract_entities([Report("1", "rytm zatokowy, blok prawej odnogi pęczka Hisa")], RuleExtractor()).reports[0]
    assert (found.language, found.entities) == (Language.NOT_UNDERSTOOD, ())


def test_each_statement_of_a_report_has_its_own_language() -> None:
    report = Report("1", "Sinusrhythmus, kein Schenkelblock. Left axis deviation.")
    result = extract_entities([report], RuleExtractor())
    assert [entity.certainty for entity in result.reports[0].entities] == [
        Certainty.NORMAL,
        Certainty.NEGATED,
        Certainty.ABNORMAL,
    ]
    assert result.summary.languages == {"German": 1, "English": 1}
