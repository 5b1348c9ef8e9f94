"""What a reviewer does to rows, by mouse or by keyboard; each decision is written at once.

What a reviewer chose on one row never carries over to the next: concept, equivalence and comment start anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suprem.concepts.mapping.mentions import Mentions
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.review.decision import Status
from suprem.concepts.review.proposals import PROPOSAL, check_proposal
from suprem.concepts.review.store import ReviewStore
from suprem.concepts.review.worklist import ReviewRow, review_rows
from suprem.errors import ReviewConflict, SupremError
from suprem.web.concept_map.concept_cache import mappings_of, mentions_of, reference_of_version
from suprem.web.session import Reviewing, session

NO_CONCEPT = "No concept is chosen on this row. Press 1 to 5, choose another one, propose one, or press N: no target."


@dataclass(frozen=True, eq=False)
class Review:
    """One reviewer at work on one version."""

    store: ReviewStore
    version: VocabularyVersion
    reviewer: str
    rows: list[ReviewRow]
    mentions: Mentions

    @classmethod
    def open(cls, store: ReviewStore, version: VocabularyVersion, reviewer: str) -> Review:
        """Join the version's mapping with what this reviewer decided; nobody else's decisions are shown."""
        mentions = mentions_of(version.folder)
        decisions = store.current(version.id, reviewer)
        return cls(
            store, version, reviewer, review_rows(mappings_of(version.folder), mentions.counts, decisions), mentions
        )

    def go_to(self, entity: str) -> None:
        """Look at another row; what was chosen on the last one is forgotten."""
        session().reviewing[self.version.id] = Reviewing(entity)

    @property
    def reviewing(self) -> Reviewing:
        """The row under review, and what was chosen on it."""
        return session().reviewing[self.version.id]


def decide(review: Review, found: Sequence[ReviewRow], row: ReviewRow, status: Status, code: str, comment: str) -> None:
    """Write a decision on a row and go to the next; where none can be meant, say so on the row."""
    if status is Status.APPROVED and not code:
        review.reviewing.told = NO_CONCEPT
        return
    try:
        review.store.decide(
            review.version.id,
            row.entity,
            review.reviewer,
            status=status,
            code=code,
            equivalence=review.reviewing.equivalence if code else None,
            comment=comment,
            expected=row.decision.number if row.decision else None,
        )
    except ReviewConflict as error:
        session().notice = f"{row.entity}: {error}"  # the newer decision may have taken the row out of the list
    except SupremError as error:
        review.reviewing.told = str(error)
    else:
        step(review, found, row, 1)


def propose(review: Review, found: Sequence[ReviewRow], row: ReviewRow, name: str) -> None:
    """Flag a row as one that needs a concept which the vocabulary does not have."""
    try:
        tidy = check_proposal(name, reference_of_version(review.version.folder))
    except SupremError as error:
        review.reviewing.told = str(error)
        return
    decide(review, found, row, Status.FLAGGED, "", f"{PROPOSAL}{tidy}")


def approve_exact(review: Review, targets: Mapping[str, str]) -> None:
    """Approve all rows whose entity is a wording of its concept; one undo takes them back."""
    try:
        made = review.store.approve_all(review.version.id, targets, review.reviewer, comment="approved as exact match")
    except SupremError as error:
        session().notice = str(error)
        return
    session().approved_at_once[review.version.id] = made
    rows = "1 exact match is" if len(made) == 1 else f"{len(made):,} exact matches are"
    session().notice = f"{rows} approved. Undo (Z) takes all of them back."


def undo(review: Review) -> None:
    """Take back the last decision, or all that the last press made."""
    try:
        at_once = session().approved_at_once.get(review.version.id, [])
        mine = review.store.current(review.version.id, review.reviewer).values()
        if at_once and max((decision.number for decision in mine), default=0) in at_once:
            del session().approved_at_once[review.version.id]
            count = review.store.take_back(review.version.id, at_once, review.reviewer)
            session().notice = f"{count:,} approvals are taken back."
            return
        undone = review.store.undo(review.version.id, review.reviewer)
    except SupremError as error:
        session().notice = str(error)
        return
    if undone is None:
        session().notice = "There is nothing left to undo."
    else:
        review.go_to(undone.entity)


def step(review: Review, found: Sequence[ReviewRow], row: ReviewRow, by: int) -> None:
    """Look at the row so many places on in the list, or at its end."""
    position = next(index for index, other in enumerate(found) if other.entity == row.entity) + by
    review.go_to(found[min(max(position, 0), len(found) - 1)].entity)
