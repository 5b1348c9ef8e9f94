"""Tables whose rows the database itself refuses to change, on SQLite and PostgreSQL.

This stops mistakes and careless scripts, not someone who may drop a trigger; those are found by the audit log's chain.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import DDL, Table, event

_FUNCTION = (
    "CREATE OR REPLACE FUNCTION suprem_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'this table is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
)


@dataclass(frozen=True)
class Trigger:
    """A trigger that refuses changes: its name, the dialect it is written in, and what creates it."""

    name: str
    dialect: str
    statements: tuple[str, ...]


TRIGGERS: defaultdict[str, list[Trigger]] = defaultdict(list)
"""Name of a table -> its triggers in each dialect."""


def append_only(table: Table) -> None:
    """Have UPDATE, DELETE and TRUNCATE refused with an integrity error, from when the table is created.

    SQLite's REPLACE removes the old row without asking the trigger on DELETE, so a row with a known key is refused too;
    that trigger is also given to tables that were created before it was known.
    """
    (key,) = table.primary_key.columns
    once = (
        f"CREATE TRIGGER IF NOT EXISTS {table.name}_replace BEFORE INSERT ON {table.name} FOR EACH ROW WHEN EXISTS "
        f"(SELECT 1 FROM {table.name} WHERE {key.name} = NEW.{key.name}) "
        "BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END"
    )
    ddl = DDL(once)  # type: ignore[no-untyped-call]
    event.listen(table.metadata, "after_create", ddl.execute_if(dialect="sqlite"))
    refuse(table, "UPDATE")
    refuse(table, "DELETE")
    name = f"{table.name}_truncate"
    truncate = f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table.name} EXECUTE FUNCTION suprem_refuse()"
    _when_created(table, Trigger(name, "postgresql", (_FUNCTION, truncate)))


def refuse(table: Table, verb: str, condition: str = "") -> None:
    """Have a kind of change refused, on a condition over OLD and NEW where one is given."""
    when = f" WHEN ({condition})" if condition else ""
    name = f"{table.name}_{verb.lower()}"
    trigger = f"CREATE TRIGGER {name} BEFORE {verb} ON {table.name} FOR EACH ROW{when}"
    refusal = f"{trigger} BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END"
    _when_created(table, Trigger(name, "sqlite", (refusal,)))
    _when_created(table, Trigger(name, "postgresql", (_FUNCTION, f"{trigger} EXECUTE FUNCTION suprem_refuse()")))


def _when_created(table: Table, trigger: Trigger) -> None:
    TRIGGERS[table.name].append(trigger)
    for statement in trigger.statements:
        ddl = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect=trigger.dialect))
