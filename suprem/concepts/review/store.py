"""What cardiologists decide about mapping rows: kept at once, kept for ever, by several reviewers blind to each other.

A decision is a row that is only ever added: the newest of a reviewer on an entity counts. Its number is that of its row
in the audit log (`suprem/audit/log.py`), written in the same transaction, so each can be checked by the other.
Undo adds a row that restores what was before; nothing is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from types import EllipsisType
from typing import Any, overload

from sqlalchemy import Connection, Engine, func, insert, select

from suprem.audit.log import AUDIT, AuditHead, AuditLog, BrokenRow, open_review_database, transaction
from suprem.concepts.review.decision import (
    Decision,
    Equivalence,
    ReviewerAgreement,
    Status,
    disputed,
    measure_reviewers,
    settled,
)
from suprem.concepts.review.decision_table import (
    DECISIONS,
    METADATA,
    latest_not_undone,
    newest_decisions,
    numbered,
    present_decision,
    read_decisions,
)
from suprem.errors import ReviewConflict

__all__ = ["ReviewerAgreement", "Decision", "Equivalence", "ReviewConflict", "ReviewStore", "Status"]

DECIDE, UNDO, CARRY_OVER, ADJUDICATE, TAKE_IN = ACTIONS = ("decide", "undo", "carry_over", "adjudicate", "take_in")
"""What the audit log calls the ways in which a decision comes about."""

_BY_AUDIT = frozenset({"number", "reviewer", "decided_at"})
"""Fields of a decision that its audit row holds outside of `details`."""


class ReviewStore:
    """Decisions and their audit log in one database; used from any number of threads, processes and machines.

    Names of entities come from reports, and comments are free text: whoever writes either must not write a patient's
    name or number, since no row can be removed again.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.audit = AuditLog(engine)
        with transaction(engine) as connection:
            METADATA.create_all(connection)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> ReviewStore:
        """Open a store, by default creating what is missing.

        Args:
            url: `Settings.database`.
            create: Whether a database without reviews may be taken.

        Raises:
            ConfigError: The URL cannot be used.
            ConceptError: The database does not answer, or is to exist and does not.
        """
        return cls(open_review_database(url, create=create))

    def decide(
        self,
        version: str,
        entity: str,
        reviewer: str,
        *,
        status: Status,
        code: str = "",
        equivalence: Equivalence | None = None,
        comment: str = "",
        expected: int | EllipsisType | None = ...,
    ) -> Decision:
        """Write one reviewer's decision, durably, before returning.

        Args:
            version: Id of the vocabulary version.
            entity: The row.
            reviewer: Who decides; other reviewers' decisions on the row stay as they are.
            status: UNREVIEWED takes the present decision back.
            code: The concept; required where approved.
            equivalence: None is unset; nothing is taken over from an earlier decision.
            comment: Free text of at most 1,000 characters. It is kept for ever: no patient's name or number.
            expected: Number of the decision that the reviewer saw, None for none; left out, it is not compared.

        Raises:
            ReviewConflict: The reviewer has decided the row elsewhere (another tab) since; nothing was written.
            ConceptError: A value cannot be meant, or the database does not answer.
        """
        draft = Decision(0, version, entity, reviewer, status, code, equivalence, comment)
        return self._write(DECIDE, draft, expected)

    def adjudicate(
        self,
        version: str,
        entity: str,
        reviewer: str,
        *,
        status: Status,
        code: str = "",
        equivalence: Equivalence | None = None,
        comment: str = "",
        expected: int | EllipsisType | None = ...,
    ) -> Decision:
        """Settle a row on which reviewers disagree; their own decisions stay. Arguments and errors as of `decide`."""
        draft = Decision(0, version, entity, reviewer, status, code, equivalence, comment, adjudication=True)
        return self._write(ADJUDICATE, draft, expected)

    def approve_all(self, version: str, targets: Mapping[str, str], reviewer: str, *, comment: str = "") -> list[int]:
        """Approve several rows at once, those that the reviewer has decided already left as they are.

        Args:
            version: Id of the vocabulary version.
            targets: Entity -> code.
            reviewer: Who approves.
            comment: Why all of them.

        Returns:
            Numbers of the decisions, which `take_back` takes.

        Raises:
            ConceptError: A value cannot be meant, or the database does not answer.
        """
        drafts = [
            Decision(0, version, entity, reviewer, Status.APPROVED, code, Equivalence.EQUAL, comment)
            for entity, code in targets.items()
        ]
        for draft in drafts:
            draft.check()
        with transaction(self._engine) as connection:
            before = {d.entity: d for d in newest_decisions(connection, version, reviewer, taken_back=True)}
            fresh = [
                replace(draft, replaces=there.number if there else None)
                for draft in drafts
                if (there := before.get(draft.entity)) is None or there.status is Status.UNREVIEWED
            ]
            return [decision.number for decision in self._append(connection, DECIDE, fresh)]

    def take_back(self, version: str, numbers: Iterable[int], reviewer: str) -> int:
        """Take back decisions of one reviewer that still stand, all at once; return how many stood."""
        wanted = set(numbers)
        with transaction(self._engine) as connection:
            standing = [d for d in newest_decisions(connection, version, reviewer) if d.number in wanted]
            blank = [
                Decision(0, version, one.entity, reviewer, Status.UNREVIEWED, replaces=one.number, undoes=one.number)
                for one in standing
            ]
            return len(self._append(connection, UNDO, blank))

    def undo(self, version: str, reviewer: str) -> Decision | None:
        """Restore what was before a reviewer's latest decision that is not yet undone; again, the one before it.

        Returns:
            The decision that was added, UNREVIEWED where there was none before; None when nothing is left to undo.

        Raises:
            ReviewConflict: It was an adjudication, and somebody else has adjudicated the row since.
        """
        with transaction(self._engine) as connection:
            latest = latest_not_undone(connection, version, reviewer)
            if latest is None:
                return None
            present = present_decision(connection, latest)
            if present is None or present.reviewer != reviewer:
                raise ReviewConflict("Somebody else has adjudicated this row since; your ruling cannot be undone.")
            blank = Decision(0, version, latest.entity, reviewer, Status.UNREVIEWED, adjudication=latest.adjudication)
            before = blank if latest.replaces is None else numbered(connection, latest.replaces)
            draft = replace(before, reviewer=reviewer, replaces=present.number, undoes=latest.number)
            return self._append(connection, UNDO, [draft])[0]

    def carry_over(self, source: str, target: str, entities: Iterable[str], reviewer: str) -> int:
        """Copy a reviewer's decisions on some entities to another version; those already there stay.

        Returns:
            How many were copied. Each is a decision of its own, and undone as such.
        """
        with transaction(self._engine) as connection:
            mine = {d.entity: d for d in newest_decisions(connection, source, reviewer)}
            there = {d.entity: d for d in newest_decisions(connection, target, reviewer, taken_back=True)}
            copied = [
                replace(mine[entity], version=target, replaces=before.number if before else None, undoes=None)
                for entity in dict.fromkeys(entities)
                if entity in mine and ((before := there.get(entity)) is None or before.status is Status.UNREVIEWED)
            ]
            self._append(connection, CARRY_OVER, copied)
        return len(copied)

    def take_in(self, drafts: Sequence[Decision]) -> int:
        """Write one reviewer's decisions on a version that were read from a file; those already there stay.

        Args:
            drafts: Of `exchange.taking_in`, one an entity, all of one version and reviewer.

        Returns:
            How many were written. Each is a decision of its own, and undone as such.

        Raises:
            ConceptError: A value cannot be meant, or the database does not answer; nothing was written.
        """
        for draft in drafts:
            draft.check()
        if not drafts:
            return 0
        version, reviewer = drafts[0].version, drafts[0].reviewer
        with transaction(self._engine) as connection:
            there = {d.entity: d for d in newest_decisions(connection, version, reviewer, taken_back=True)}
            new = [
                replace(draft, replaces=before.number if before else None)
                for draft in drafts
                if (before := there.get(draft.entity)) is None or before.status is Status.UNREVIEWED
            ]
            self._append(connection, TAKE_IN, new)
        return len(new)

    @overload
    def current(self, version: str, reviewer: None = None) -> list[Decision]: ...

    @overload
    def current(self, version: str, reviewer: str) -> dict[str, Decision]: ...

    def current(self, version: str, reviewer: str | None = None) -> list[Decision] | dict[str, Decision]:
        """Return what holds now: entity -> decision for one reviewer; for None a list over all reviewers.

        An entity that is not there is unreviewed. Adjudications are apart, see `adjudications`.
        """
        with self._engine.connect() as connection:
            found = newest_decisions(connection, version, reviewer)
        return found if reviewer is None else {decision.entity: decision for decision in found}

    def adjudications(self, version: str) -> dict[str, Decision]:
        """Return entity -> the adjudication that holds now."""
        with self._engine.connect() as connection:
            return {d.entity: d for d in newest_decisions(connection, version, adjudication=True)}

    def history(self, version: str, entity: str) -> list[Decision]:
        """Return everything that was ever decided on a row, by everyone, oldest first."""
        with self._engine.connect() as connection:
            wanted = (DECISIONS.c.version == version) & (DECISIONS.c.entity == entity)
            return read_decisions(connection, select(DECISIONS).where(wanted))

    def settled(self, version: str) -> dict[str, tuple[Decision, ...]]:
        """Return entity -> what settles it: its reviewers' decisions where all agree, else the adjudication."""
        return settled(self.current(version), self.adjudications(version).values())

    def approved(self, version: str) -> dict[str, str]:
        """Return entity -> code, empty where it has no target; only what is settled."""
        return {entity: decisions[0].code for entity, decisions in self.settled(version).items()}

    def disagreements(self, version: str) -> dict[str, tuple[Decision, ...]]:
        """Return entity -> the reviewers' decisions, where they differ and nobody has adjudicated."""
        return disputed(self.current(version), self.adjudications(version).values())

    def agreement(self, version: str, first: str, second: str) -> ReviewerAgreement:
        """Compare two reviewers over the rows that both decided."""
        return measure_reviewers(first, second, self.current(version))

    def verify(self, known: AuditHead | None = None) -> BrokenRow | None:
        """Return the first row of the log, or of the decisions against the log, that is not as it was written.

        Args:
            known: A head of the log that was noted earlier; the log must still contain it.
        """
        broken = self.audit.verify(known)
        if broken:
            return broken
        # Each is one statement, hence one snapshot: a reviewer at work is no broken row.
        audited = select(DECISIONS, AUDIT).select_from(DECISIONS.outerjoin(AUDIT)).order_by(DECISIONS.c.number)
        absent = select(func.min(AUDIT.c.number)).select_from(AUDIT.outerjoin(DECISIONS))
        with self._engine.connect() as connection:
            removed = connection.execute(
                absent.where(AUDIT.c.action.in_(ACTIONS), DECISIONS.c.number.is_(None))
            ).scalar()
            for row in connection.execution_options(yield_per=1000).execute(audited):
                number = row[0]
                if removed is not None and removed < number:
                    break
                if tuple(row)[: len(DECISIONS.c)] != _as_audited(*tuple(row)[len(DECISIONS.c) :]):
                    return BrokenRow(number, "of the decisions is not what the audit log holds of it")
        return None if removed is None else BrokenRow(removed, "of the decisions was removed")

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def _write(self, action: str, draft: Decision, expected: int | EllipsisType | None) -> Decision:
        draft.check()
        with transaction(self._engine) as connection:
            present = present_decision(connection, draft)
            number = present.number if present else None
            seen = None if present is None or present.status is Status.UNREVIEWED else number
            if expected is not ... and expected not in (number, seen):
                raise ReviewConflict(
                    "This row was decided elsewhere since this page showed it, perhaps in another tab. Nothing was "
                    "changed; look at the newer decision and decide again."
                )
            return self._append(connection, action, [replace(draft, replaces=number)])[0]

    def _append(self, connection: Connection, action: str, drafts: Sequence[Decision]) -> list[Decision]:
        """Write what one reviewer decides at once, each with its audit row."""
        if not drafts:
            return []
        events = [(f"{draft.version}/{draft.entity}", _audited(draft)) for draft in drafts]
        rows = self.audit.append_all(connection, drafts[0].reviewer, action, events)
        written = [
            replace(draft, number=row.number, decided_at=row.at) for draft, row in zip(drafts, rows, strict=True)
        ]
        connection.execute(insert(DECISIONS), [vars(decision) for decision in written])
        return written


def _audited(draft: Decision) -> dict[str, Any]:
    return {name: value for name, value in vars(draft).items() if name not in _BY_AUDIT}


def _as_audited(number: int | None, at: str, actor: str, action: str, _subject: str, details: str, *_: str) -> Any:
    """Return the decision, in the order of its columns, as its audit row tells it; None where it tells of none."""
    if number is None or action not in ACTIONS:
        return None
    facts = {**json.loads(details), "number": number, "reviewer": actor, "decided_at": at}
    return tuple(facts.get(field.name) for field in fields(Decision))
