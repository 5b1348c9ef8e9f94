from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from suprem.concepts.embed import MiniLmEmbedder
from suprem.concepts.query import CardiacQuery, Support, SupportIndex, SupportResult, parse_queries
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import QueryError
from tests.fakes import FakeEmbedder
from tests.tiny import every_concept


@pytest.mark.parametrize(
    ("text", "prompt", "code"),
    [
        ("  AF\t", "atrial fibrillation", "AFIB"),
        ("1st   degree AVB", "first degree atrioventricular block", "1AVB"),
        ("block of the right bundle branch, complete", "complete right bundle branch block", "CRBBB"),
        ("Left axis deviation!", "left axis deviation", None),
        ("PVCs with couplets", "ventricular premature complex with couplets", None),
    ],
)
def test_a_known_finding_is_asked_by_its_canonical_phrase(text: str, prompt: str, code: str | None) -> None:
    query = CardiacQuery.from_text(text)
    assert (query.text, query.prompt, query.code) == (" ".join(text.split()), prompt, code)


def test_a_wording_learned_after_a_vocabulary_was_made_finds_its_concept(terms: Vocabulary) -> None:
    names = Vocabulary(tuple(replace(concept, synonyms=()) for concept in terms.concepts))
    learned = [
        (wording, concept)
        for concept in terms.concepts
        for wording in concept.synonyms
        if names.lookup(wording) is None
    ]
    assert learned
    for wording, concept in learned:
        query = CardiacQuery.from_text(wording, names)
        assert (query.code, query.prompt) == (concept.code, concept.prompt)
    without = Vocabulary(tuple(concept for concept in names.concepts if concept.code != learned[0][1].code))
    assert CardiacQuery.from_text(learned[0][0], without).code is None, "not one of its concepts"


def test_a_query_is_resolved_against_the_given_vocabulary() -> None:
    vocabulary = Vocabulary((Concept("X", "delta wave"),))
    assert CardiacQuery.from_text("delta waves", vocabulary).code == "X"
    assert CardiacQuery.from_text("AF", vocabulary).code is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "query is empty; name one finding"),
        (" \n\t ", "query is empty; name one finding"),
        ("x" * 10_000, "has 10,000 characters, at most 200"),
        ("a b " * 50, "has 100 words, at most 64"),
        ("AF\x00", "cannot be printed"),
        ("atrial\u200bfibrillation", "cannot be printed"),
        ("12345 !?", "no letters"),
        ("❤❤❤", "no letters"),
    ],
)
def test_what_is_not_a_query_is_refused_in_one_sentence(text: str, message: str) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match=message) as caught:
        CardiacQuery.from_text(text)
    assert len(str(caught.value)) < 150
    assert time.monotonic() - started < 0.5


def test_a_block_of_text_is_one_query_a_line() -> None:
    block = "\ufeffAF\r\n\n# rhythm\n   # more\nmyocardial infarction, anterior\n af \n  LBBB  # \n"
    assert [query.text for query in parse_queries(block)] == ["AF", "myocardial infarction, anterior", "LBBB #"]
    assert parse_queries("\n# nothing\n") == []


def test_a_bad_line_is_named_by_its_number() -> None:
    with pytest.raises(QueryError, match="Line 3: The query has no letters"):
        parse_queries("AF\n\n123\n")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("no atrial fibrillation", "absence of a finding"),
        ("without ST elevation", "absence of a finding"),
        ("absence of Q waves", "absence of a finding"),
        ("not sinus rhythm", "absence of a finding"),
        ("history of atrial fibrillation", "history, symptoms or treatment"),
        ("h/o MI", "history, symptoms or treatment"),
        ("s/p CABG", "history, symptoms or treatment"),
        ("patient is on digoxin", "history, symptoms or treatment"),
        ("chest pain", "history, symptoms or treatment"),
        ("will die within 5 years", "an outcome"),
        ("risk of atrial fibrillation", "an outcome"),
        ("mortality", "an outcome"),
        ("male", "who the patient is"),
        ("65 years old woman with LBBB", "who the patient is"),
        ("AF and LBBB", "more than one finding (atrial fibrillation, complete left bundle branch block)"),
        ("LVH, RVH", "more than one finding"),
        ("a photograph of a cat", "No word of this is known"),
        ("the quick brown fox", "No word of this is known"),
        ("心房颤动", "No word of this is known"),
    ],
)
def test_what_an_ecg_model_cannot_answer_is_said(text: str, part: str) -> None:
    caution = CardiacQuery.from_text(text).caution
    assert caution is not None
    assert part in caution


@pytest.mark.parametrize(
    "text",
    [
        "atrial fibrillation",
        "nonspecific ST changes",
        "no ECG abnormality",
        "normal ECG",
        "left axis deviation",
        "inferior infarction, age undetermined",
        "infarction of unknown age",
        "myocardial infarction of inferior and lateral wall",
        "ST-T changes due to electrolyte disturbance or drug",
        "digoxin effect",
        "torsades de pointes",
        "poor R wave progression",
        "bundle branch block",
        "early repolarisation",
    ],
)
def test_a_finding_gets_no_caution(text: str) -> None:
    assert CardiacQuery.from_text(text).caution is None


def test_a_finding_that_only_composed_ecgs_taught_says_so() -> None:
    taught = Concept("X:BLOCK", "two to one conduction", synonyms=("every other beat",), category="composed")
    vocabulary = Vocabulary((taught, Concept("AFIB", "atrial fibrillation", category="rhythm")))
    for text in ("two to one conduction", "every other beat"):
        query = CardiacQuery.from_text(text, vocabulary)
        assert query.code == "X:BLOCK"
        assert query.caution is not None
        assert "composed ECGs" in query.caution
    assert CardiacQuery.from_text("atrial fibrillation", vocabulary).caution is None


def support(text: str, index: SupportIndex, minilm: MiniLmEmbedder) -> SupportResult:
    query = CardiacQuery.from_text(text)
    return index.of(query, minilm.embed([query.prompt])[0])


@pytest.mark.parametrize(
    ("text", "expected", "nearest"),
    [
        ("AF", Support.TRAINED, "atrial fibrillation"),
        ("tachycardia of sinus origin", Support.TRAINED, "sinus tachycardia"),
        ("QT interval is too long", Support.TRAINED, "prolonged QT interval"),
        ("myocardial infarction", Support.NEAR, "inferior myocardial infarction"),
        ("bundle branch block", Support.NEAR, "complete right bundle branch block"),
        ("atrial fibrillation with rapid ventricular response", Support.NEAR, "atrial fibrillation"),
        ("acute inferior myocardial infarction", Support.NEAR, "inferior myocardial infarction"),
        ("no atrial fibrillation", Support.NEAR, "atrial fibrillation"),
        ("risk of atrial fibrillation", Support.NEAR, "atrial fibrillation"),
        ("left axis deviation", Support.OUTSIDE, None),
        ("a red car", Support.OUTSIDE, None),
    ],
)
def test_support_with_the_bundled_encoder(
    text: str, expected: Support, nearest: str | None, index: SupportIndex, minilm: MiniLmEmbedder
) -> None:
    result = support(text, index, minilm)
    assert result.support is expected
    assert nearest is None or result.nearest[0][0] == nearest


def test_the_three_nearest_concepts_are_distinct_and_sorted(index: SupportIndex, minilm: MiniLmEmbedder) -> None:
    nearest = support("ST-T change", index, minilm).nearest
    assert len({name for name, _ in nearest}) == 3
    assert [cosine for _, cosine in nearest] == sorted((cosine for _, cosine in nearest), reverse=True)


def test_an_opposite_is_never_offered_as_nearest(index: SupportIndex, minilm: MiniLmEmbedder) -> None:
    names = [name for name, _ in support("left ventricular wall hypertrophy", index, minilm).nearest]
    assert "left ventricular hypertrophy" in names
    assert not any("right" in name for name in names)


def test_the_index_follows_its_own_vocabulary_not_the_shipped_one() -> None:
    embedder = FakeEmbedder()
    index = SupportIndex.build(Vocabulary((Concept("X", "delta wave"),)), embedder)
    known, unknown = CardiacQuery.from_text("delta waves"), CardiacQuery.from_text("AF")
    assert index.of(known, embedder.embed([known.prompt])[0]).support is Support.TRAINED
    assert index.of(unknown, embedder.embed([unknown.prompt])[0]).support is Support.OUTSIDE


def test_vectors_that_do_not_fit_the_vocabulary_are_refused(terms: Vocabulary) -> None:
    with pytest.raises(QueryError, match="a vector for each of"):
        SupportIndex(terms, np.zeros((3, 8), dtype=np.float32), "minilm")


def test_support_does_not_depend_on_the_length_of_vectors(index: SupportIndex, minilm: MiniLmEmbedder) -> None:
    query = CardiacQuery.from_text("fast sinus rate")
    vector = minilm.embed([query.prompt])[0]
    assert index.of(query, vector).support is index.of(query, 7 * vector).support


def test_words_of_the_measured_concepts_do_not_make_a_text_about_an_ecg() -> None:
    vocabulary = every_concept()
    asked = CardiacQuery.from_text("slow pulse", vocabulary)
    assert (asked.code, asked.caution) == ("RATE<60", None)
    # 110 is no limit that was trained: the number decides, and that is said.
    compared = CardiacQuery.from_text("ventricular rate of more than 110", vocabulary).caution
    assert compared is not None
    assert "heart rate above 100 per minute" in compared
    nonsense = CardiacQuery.from_text("more than 100 skipped under one", vocabulary).caution
    assert nonsense is not None
    assert "no meaning" in nonsense
