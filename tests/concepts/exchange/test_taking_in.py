from __future__ import annotations

import pytest

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.exchange.taking_in import AMBIGUOUS, NO_CONCEPT, NOT_HERE, TWICE, UNDECIDED, UNUSABLE, take_in
from suprem.concepts.review.decision import Equivalence, Status
from suprem.concepts.review.store import ReviewStore
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError

VOCABULARY = Vocabulary(
    (
        Concept("AFIB", "atrial fibrillation", snomed="49436004"),
        Concept("IMI", "inferior infarction", snomed="54329005"),
        Concept("AMI", "anterior infarction", snomed="54329005"),
    )
)
ENTITIES = ("a fib", "old mi", "technical", "strain")


def row(entity: str, **facts: object) -> ExchangedRow:
    return ExchangedRow(entity, **{"status": Status.APPROVED, **facts})  # type: ignore[arg-type]


def test_decisions_are_of_who_takes_them_in_and_say_whose_they_were() -> None:
    rows = [
        row(
            "A  fib", snomed="49436004", equivalence=Equivalence.EQUAL, reviewers=("Maria",), decided_at="2026-01-02T03"
        ),
        row("old mi", code="IMI", snomed="54329005", comment="x" * 2000),
        row("technical", status=Status.NO_TARGET, equivalence=Equivalence.EQUAL),
        row("strain", status=Status.FLAGGED),
    ]
    taken = take_in(rows, ENTITIES, VOCABULARY, "v", "Anna")
    assert [(one.entity, one.code, one.status, one.equivalence, one.reviewer) for one in taken.drafts] == [
        ("a fib", "AFIB", Status.APPROVED, Equivalence.EQUAL, "Anna"),
        ("old mi", "IMI", Status.APPROVED, None, "Anna"),
        ("technical", "", Status.NO_TARGET, None, "Anna"),
        ("strain", "", Status.FLAGGED, None, "Anna"),
    ]
    assert taken.drafts[0].comment == "Taken in; decided elsewhere by Maria on 2026-01-02."
    assert taken.words == "4 rows become decisions."


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (row("a fib", code="AFIB", status=Status.UNREVIEWED), UNDECIDED),
        (row("elsewhere", code="AFIB"), NOT_HERE),
        (row("a fib", code="XYZ", concept="unheard of"), NO_CONCEPT),
        (row("old mi", snomed="54329005", concept="infarction"), AMBIGUOUS),
        (row("a fib", code="AFIB", comment="bell \x07"), UNUSABLE),
    ],
)
def test_what_cannot_be_taken_in_is_counted_with_its_reason(given: ExchangedRow, reason: str) -> None:
    taken = take_in([given], ENTITIES, VOCABULARY, "v", "Anna")
    assert (taken.drafts, taken.aside) == ((), {reason: 1})
    assert reason in taken.words


def test_a_concept_is_also_found_by_its_name_and_an_entity_counts_once() -> None:
    rows = [
        row("old mi", snomed="54329005", concept="Anterior infarction"),
        row("a fib", concept="atrial fibrillation"),
        row("a fib", code="IMI"),
    ]
    taken = take_in(rows, ENTITIES, VOCABULARY, "v", "Anna")
    assert [draft.code for draft in taken.drafts] == ["AMI", "AFIB"]
    assert taken.aside == {TWICE: 1}


def test_a_reviewer_needs_a_name() -> None:
    with pytest.raises(ConceptError, match="reviewer's name is empty"):
        take_in([], ENTITIES, VOCABULARY, "v", " ")


def test_own_decisions_stay_and_what_was_taken_in_can_be_undone(store: ReviewStore) -> None:
    store.decide("v", "a fib", "Anna", status=Status.FLAGGED)
    taken = take_in([row("a fib", code="AFIB"), row("old mi", code="IMI")], ENTITIES, VOCABULARY, "v", "Anna")
    assert store.take_in(taken.drafts) == 1
    found = store.current("v", "Anna")
    assert (found["a fib"].status, found["old mi"].code) == (Status.FLAGGED, "IMI")
    assert store.verify() is None
    assert [event.action for event in store.audit.rows()] == ["take_in", "decide"]
    store.undo("v", "Anna")
    assert "old mi" not in store.current("v", "Anna")
    assert store.take_in(()) == 0
