"""Concepts that reviewers propose: collected by name, refused where the vocabulary has them, added with their rows."""

from __future__ import annotations

import pytest

from suprem.concepts.review.decision import Decision, Status
from suprem.concepts.review.proposals import PROPOSAL, check_proposal, proposals, with_proposals
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError

REFERENCE = Vocabulary((Concept("SR", "sinus rhythm"),))


def flagged(entity: str, reviewer: str, comment: str) -> Decision:
    return Decision(1, "v", entity, reviewer, Status.FLAGGED, comment=comment)


def test_one_name_by_several_reviewers_on_several_rows_is_one_concept() -> None:
    found = proposals(
        [
            flagged("axis ok", "Anna", f"{PROPOSAL}Normal axis"),
            flagged("axis fine", "Berta", f"{PROPOSAL}normal axis"),
            flagged("noise", "Anna", "is this one?"),
            Decision(2, "v", "sinus rhythm", "Anna", Status.APPROVED, "SR", comment=f"{PROPOSAL}x"),
        ]
    )
    (one,) = found
    assert (one.name, one.entities, one.reviewers) == ("Normal axis", ("axis ok", "axis fine"), ("Anna", "Berta"))
    vocabulary = with_proposals(REFERENCE, found)
    assert vocabulary.codes == ("SR", "proposed:normal-axis")
    assert vocabulary.lookup("axis fine") is vocabulary.concepts[1]


@pytest.mark.parametrize("name", ["", "  ", "--", "Sinus rhythm"])
def test_no_name_and_a_name_that_is_taken_are_refused(name: str) -> None:
    with pytest.raises(ConceptError):
        check_proposal(name, REFERENCE)


def test_a_row_that_another_concept_has_is_refused() -> None:
    with pytest.raises(ConceptError, match="wording of both"):
        with_proposals(REFERENCE, proposals([flagged("sinus rhythm", "Anna", f"{PROPOSAL}calm rhythm")]))
