"""The table of decisions and what is asked of it. Rows are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    func,
    select,
)

from suprem.audit.append_only import append_only
from suprem.audit.log import AUDIT
from suprem.concepts.review.decision import Decision, Equivalence, Status

METADATA = MetaData()
DECISIONS = Table(
    "decisions",
    METADATA,
    Column("number", Integer, ForeignKey(AUDIT.c.number), primary_key=True, autoincrement=False),
    Column("version", String(64), nullable=False),
    Column("entity", String(200), nullable=False),
    Column("reviewer", String(100), nullable=False),
    Column("status", String(20), nullable=False),
    Column("code", String(64), nullable=False),
    Column("equivalence", String(20)),
    Column("comment", Text, nullable=False),
    Column("decided_at", String(40), nullable=False),
    Column("replaces", Integer),
    Column("undoes", Integer),
    Column("adjudication", Boolean, nullable=False),
    Index("decisions_by_entity", "version", "entity"),
    Index("decisions_by_reviewer", "version", "reviewer"),
)
append_only(DECISIONS)


def read_decisions(connection: Connection, query: Select[Any]) -> list[Decision]:
    """Return what a query of the table finds, oldest first."""
    return [
        Decision(
            **{
                **row,
                "status": Status(row["status"]),
                "equivalence": None if row["equivalence"] is None else Equivalence(row["equivalence"]),
            }
        )
        for row in connection.execute(query.order_by(DECISIONS.c.number)).mappings()
    ]


def numbered(connection: Connection, number: int) -> Decision:
    """Return the decision of a number, which must be there."""
    return read_decisions(connection, select(DECISIONS).where(DECISIONS.c.number == number))[0]


def newest_decisions(
    connection: Connection,
    version: str,
    reviewer: str | None = None,
    *,
    adjudication: bool = False,
    taken_back: bool = False,
) -> list[Decision]:
    """Return the newest decision of each reviewer on each entity, or the newest adjudication of each entity."""
    newest = select(func.max(DECISIONS.c.number)).where(
        DECISIONS.c.version == version, DECISIONS.c.adjudication == adjudication
    )
    if reviewer is not None:
        newest = newest.where(DECISIONS.c.reviewer == reviewer)
    newest = newest.group_by(DECISIONS.c.entity, *([] if adjudication else [DECISIONS.c.reviewer]))
    found = read_decisions(connection, select(DECISIONS).where(DECISIONS.c.number.in_(newest)))
    return [decision for decision in found if taken_back or decision.status is not Status.UNREVIEWED]


def present_decision(connection: Connection, draft: Decision) -> Decision | None:
    """Return the decision that a new one follows: the reviewer's own, or for an adjudication anybody's."""
    query = select(DECISIONS).where(
        DECISIONS.c.version == draft.version,
        DECISIONS.c.entity == draft.entity,
        DECISIONS.c.adjudication == draft.adjudication,
    )
    if not draft.adjudication:
        query = query.where(DECISIONS.c.reviewer == draft.reviewer)
    found = read_decisions(connection, query)
    return found[-1] if found else None


def latest_not_undone(connection: Connection, version: str, reviewer: str) -> Decision | None:
    """Return the latest decision of a reviewer that no undo has taken back and that is no undo itself."""
    mine = (DECISIONS.c.version == version) & (DECISIONS.c.reviewer == reviewer)
    undone = select(DECISIONS.c.undoes).where(mine, DECISIONS.c.undoes.is_not(None))
    number = connection.execute(
        select(func.max(DECISIONS.c.number)).where(
            mine, DECISIONS.c.undoes.is_(None), DECISIONS.c.number.not_in(undone)
        )
    ).scalar()
    return None if number is None else numbered(connection, number)
