"""One reviewer's decision on one mapping row, and what several reviewers' decisions come to.

The terms are those of OHDSI's Usagi: a row is approved, flagged or has no target, and the equivalence says how its
concept relates to the entity.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from suprem.errors import ConceptError
from suprem.reports.agreement import cohen_kappa, kappa_interval

MAX_VERSION, MAX_ENTITY, MAX_REVIEWER, MAX_CODE, MAX_COMMENT = 64, 200, 100, 64, 1000
"""Longest texts in characters; a longer "entity" is a piece of a report, not a name."""


class Status(StrEnum):
    """A reviewer's decision about a row. A row that nobody decided has none."""

    APPROVED = "approved"
    FLAGGED = "flagged"
    NO_TARGET = "no_target"
    UNREVIEWED = "unreviewed"
    """Only in the history: the decision before was taken back."""


class Equivalence(StrEnum):
    """How the concept relates to the entity; WIDER is the concept that says less than the entity."""

    EQUAL = "equal"
    WIDER = "wider"
    NARROWER = "narrower"
    INEXACT = "inexact"


@dataclass(frozen=True)
class Decision:
    """One reviewer's decision on one entity of one vocabulary version.

    Attributes:
        number: Number of its row in the audit log; later decisions have higher ones.
        version: Id of the vocabulary version.
        entity: The name that was mapped.
        reviewer: Who decided, as they name themselves.
        status: Approved, flagged, no target; unreviewed where it was taken back.
        code: Concept that the entity goes to; for a flagged row the one in question; empty otherwise.
        equivalence: How the concept relates to the entity; None is unset.
        comment: Free text.
        decided_at: UTC, ISO 8601.
        replaces: Number of the decision it follows on the same row, None for the first.
        undoes: Number of the decision that this one takes back, None for an ordinary one.
        adjudication: Whether it settles what the reviewers disagree on.
    """

    number: int
    version: str
    entity: str
    reviewer: str
    status: Status
    code: str = ""
    equivalence: Equivalence | None = None
    comment: str = ""
    decided_at: str = ""
    replaces: int | None = None
    undoes: int | None = None
    adjudication: bool = False

    @property
    def answer(self) -> tuple[Status, str]:
        """Return what two decisions must share to agree: the status, and the code where it is approved."""
        return self.status, self.code if self.status is Status.APPROVED else ""

    def check(self) -> None:
        """Refuse what no reviewer can mean.

        Raises:
            ConceptError: A text is missing, too long or not printable, or status, code and equivalence contradict.
        """
        for what, text, longest in (
            ("version", self.version, MAX_VERSION),
            ("entity", self.entity, MAX_ENTITY),
            ("reviewer's name", self.reviewer, MAX_REVIEWER),
        ):
            if not text.strip():
                raise ConceptError(f"The {what} is empty; a decision needs one.")
            _check_text(what, text, longest)
        _check_text("code", self.code, MAX_CODE)
        _check_text("comment", self.comment.replace("\n", " ").replace("\t", " "), MAX_COMMENT)
        if self.status is Status.APPROVED and not self.code:
            raise ConceptError("An approved row needs the code of its concept; choose one, or say that there is none.")
        if self.status in (Status.NO_TARGET, Status.UNREVIEWED) and (self.code or self.equivalence):
            raise ConceptError("A row without a concept has neither code nor equivalence; leave both out.")
        if self.adjudication and self.status is Status.FLAGGED:
            raise ConceptError("An adjudication approves a concept or says that there is none; it cannot flag.")


@dataclass(frozen=True)
class ReviewerAgreement:
    """Agreement of two reviewers who do not see each other's decisions.

    Attributes:
        first: One reviewer.
        second: The other.
        rows: Rows that both decided; the figures are over these.
        same: Rows on which they gave the same answer (status, and code where approved).
        kappa: Cohen's kappa of the answers; None without rows or where chance alone agrees fully.
        interval: Its 95 % interval over the rows; None where too few rows give one.
    """

    first: str
    second: str
    rows: int
    same: int
    kappa: float | None
    interval: tuple[float, float] | None = None

    @property
    def observed(self) -> float | None:
        """Share of the rows with the same answer; None without rows."""
        return self.same / self.rows if self.rows else None


def measure_reviewers(first: str, second: str, decisions: Iterable[Decision]) -> ReviewerAgreement:
    """Compare two reviewers over the rows that both decided."""
    answers = _answers(decisions)
    pairs = Counter(
        (str(by[first].answer), str(by[second].answer)) for by in answers.values() if first in by and second in by
    )
    same = sum(count for (one, other), count in pairs.items() if one == other)
    return ReviewerAgreement(first, second, pairs.total(), same, cohen_kappa(pairs), kappa_interval(pairs))


def settled(decisions: Iterable[Decision], adjudications: Iterable[Decision]) -> dict[str, tuple[Decision, ...]]:
    """Return entity -> the decisions that settle it: of all its reviewers where they agree, else the adjudication.

    A flagged row is not settled, though all may agree on the flag.
    """
    rulings = {ruling.entity: ruling for ruling in adjudications}
    answers = _answers(decisions)
    found: dict[str, tuple[Decision, ...]] = {}
    for entity in sorted(answers.keys() | rulings.keys()):
        given = tuple(answers.get(entity, {}).values())
        if len({decision.answer for decision in given}) == 1 and given[0].status is not Status.FLAGGED:
            found[entity] = given
        elif entity in rulings:
            found[entity] = (rulings[entity],)
    return found


def disputed(decisions: Iterable[Decision], adjudications: Iterable[Decision]) -> dict[str, tuple[Decision, ...]]:
    """Return entity -> its decisions, where reviewers answered differently and nobody has adjudicated."""
    ruled = {ruling.entity for ruling in adjudications}
    return {
        entity: tuple(by.values())
        for entity, by in sorted(_answers(decisions).items())
        if entity not in ruled and len({decision.answer for decision in by.values()}) > 1
    }


def _answers(decisions: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    answers: dict[str, dict[str, Decision]] = defaultdict(dict)
    for decision in decisions:
        answers[decision.entity][decision.reviewer] = decision
    return answers


def _check_text(what: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise ConceptError(f"The {what} has {len(text):,} characters; expected at most {longest:,}.")
    if not text.isprintable():
        raise ConceptError(f"The {what} holds characters that cannot be printed; leave them out.")
