from __future__ import annotations

import pytest

from suprem.concepts.terminologies.terminologies import unite
from suprem.concepts.vocabulary import Concept
from suprem.errors import ConceptError


def test_concepts_of_one_name_become_one_and_keep_the_first_code() -> None:
    united = unite(
        [
            Concept("1", "ECG: atrial flutter", ("flutter on trace",), snomed="9"),
            Concept("2", "Atrial flutter", ("quivering of the upper chambers",), snomed="8"),
            Concept("3", "Bundle branch block"),
        ]
    )
    first, second = united.vocabulary.concepts
    assert (first.code, first.snomed, second.code) == ("1", "9", "3")
    assert set(first.synonyms) == {"flutter on trace", "Atrial flutter", "quivering of the upper chambers"}
    assert (united.merged, united.ambiguous) == (1, 0)
    assert united.vocabulary.lookup("quivering of the upper chambers") is first


def test_a_wording_that_means_several_things_is_nobodys() -> None:
    united = unite(
        [
            Concept("1", "Atrial flutter", ("quivering", "Atrial fibrillation")),
            Concept("2", "Atrial fibrillation", ("quivering", "delirium cordis")),
        ]
    )
    assert [concept.synonyms for concept in united.vocabulary.concepts] == [(), ("delirium cordis",)]
    assert united.ambiguous == 3
    assert united.vocabulary.lookup("quivering") is None


def test_an_abbreviation_that_our_dictionary_reads_otherwise_is_left_out() -> None:
    united = unite([Concept("1", "Heart attack of a mouse", ("LBBB", "HAM")), Concept("2", "Atrial flutter", ("AFL",))])
    assert united.vocabulary.concepts[0].synonyms == ("HAM",)
    assert united.vocabulary.lookup("AFL") is united.vocabulary.concepts[1]


def test_terms_without_a_word_leave_nothing() -> None:
    assert unite([Concept("1", "---"), Concept("2", "flutter", ("***",))]).vocabulary.names == ("flutter",)
    with pytest.raises(ConceptError, match="No term is left"):
        unite([])
