from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from suprem.concepts.places import PLACES
from suprem.concepts.vocabulary import CONCEPTS, Concept, Vocabulary, load_terms
from suprem.errors import ConceptError
from tests.concepts.phrases import OTHER_FINDINGS, PARAPHRASES, UNRELATED


def test_terms_are_the_71_statements_of_ptb_xl(terms: Vocabulary, test_data: Path) -> None:
    with (test_data / "ptb-xl" / "scp_statements.csv").open(encoding="utf-8") as file:
        rows = {row[""]: row for row in csv.DictReader(file)}
    assert set(terms.codes) == set(rows)
    for concept in terms.concepts:
        assert rows[concept.code][concept.category] == "1.0"
        assert (concept.superclass or "") == rows[concept.code]["diagnostic_class"]


def test_each_statement_has_four_to_twelve_synonyms(terms: Vocabulary) -> None:
    assert len(terms) == 71
    assert {concept.code for concept in terms.concepts if not 4 <= len(set(concept.synonyms)) <= 12} == set()


def test_each_wording_finds_its_own_statement(terms: Vocabulary) -> None:
    for concept in terms.concepts:
        for wording in (concept.code, concept.name, concept.name.upper(), *concept.synonyms, *concept.texts):
            assert terms.lookup(wording) is concept, wording


def test_prompts_are_distinct_and_first_among_the_texts(terms: Vocabulary) -> None:
    assert len(set(terms.prompts)) == 71
    assert all(concept.texts[0] == concept.prompt for concept in terms.concepts)
    assert all(terms.texts[text] is concept for concept in terms.concepts for text in concept.texts)


def test_most_wordings_nobody_listed_are_found_and_none_wrongly(terms: Vocabulary) -> None:
    found = {text: concept.code for text in PARAPHRASES if (concept := terms.lookup(text))}
    assert {text: code for text, code in found.items() if PARAPHRASES[text] != code} == {}
    assert len(found) >= 0.8 * len(PARAPHRASES)


@pytest.mark.parametrize("text", [*OTHER_FINDINGS, *UNRELATED])
def test_what_is_not_a_statement_is_not_found(terms: Vocabulary, text: str) -> None:
    assert terms.lookup(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "no atrial fibrillation",
        "without ST elevation",
        "atrial fibrillation with rapid ventricular response",
        "old inferior infarct",
        "possible LVH",
        "left and right bundle branch block",
        "",
        "   ",
    ],
)
def test_narrower_negated_and_empty_texts_are_not_found(terms: Vocabulary, text: str) -> None:
    assert terms.lookup(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("isc_", "ISC_"), ("ISC", "ISC_"), ("LAE", "LAO/LAE"), ("RAO", "RAO/RAE"), ("PRC", "PRC(S)"), ("iscal", "ISCAL")],
)
def test_codes_are_found_with_and_without_their_marks(terms: Vocabulary, text: str, code: str) -> None:
    concept = terms.lookup(text)
    assert concept is not None
    assert concept.code == code


def test_json_round_trip_keeps_everything(terms: Vocabulary) -> None:
    again = Vocabulary.from_json(terms.to_json())
    assert again == terms
    assert again.content_hash == terms.content_hash


def test_hash_changes_with_any_wording_and_with_the_order(terms: Vocabulary) -> None:
    first, *rest = terms.concepts
    longer = Vocabulary((replace(first, synonyms=(*first.synonyms, "one more wording")), *rest))
    turned = Vocabulary((*rest, first))
    assert len({terms.content_hash, longer.content_hash, turned.content_hash}) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"concepts": [{"name": "no code"}]}', '{"concepts": [1]}', "null"])
def test_what_is_not_a_vocabulary_is_refused(text: str) -> None:
    with pytest.raises(ConceptError, match="not a vocabulary"):
        Vocabulary.from_json(text)


def test_an_empty_vocabulary_is_refused() -> None:
    with pytest.raises(ConceptError, match="at least one"):
        Vocabulary.from_json(json.dumps({"concepts": []}))


def test_a_repeated_code_is_refused() -> None:
    with pytest.raises(ConceptError, match="SR more than once"):
        Vocabulary((Concept("SR", "sinus rhythm"), Concept("SR", "paced rhythm")))


def test_a_wording_of_two_concepts_is_refused() -> None:
    with pytest.raises(ConceptError, match="wording of both A and B"):
        Vocabulary((Concept("A", "atrial fibrillation"), Concept("B", "other", synonyms=("AF",))))


def test_concepts_beyond_the_statements_name_codes_that_exist(terms: Vocabulary) -> None:
    concepts = load_terms(CONCEPTS)
    assert concepts.concepts[: len(terms)] == terms.concepts
    codes = set(concepts.codes)
    assert all(set(concept.narrower) <= codes for concept in concepts.concepts)
    placed = [concept for concept in concepts.concepts if concept.of]
    assert len(placed) > 150
    assert all(concept.of in codes and concept.place in PLACES for concept in placed)
    assert concepts.lookup("T wave inversion in V1") == next(c for c in placed if c.code == "INVT:lead V1")
    assert Vocabulary.from_json(concepts.to_json()) == concepts


def test_a_statement_alone_is_written_as_before(terms: Vocabulary) -> None:
    row = json.loads(terms.to_json())["concepts"][0]
    assert row.keys() == {"code", "name", "synonyms", "category", "superclass", "snomed"}


def test_a_missing_or_broken_terms_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConceptError, match=r"no terms file nothing\.toml"):
        load_terms(tmp_path / "nothing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[[statement]]\nname = 'no code'\n", encoding="utf-8")
    with pytest.raises(ConceptError, match=r"broken\.toml is not a terms file"):
        load_terms(broken)
