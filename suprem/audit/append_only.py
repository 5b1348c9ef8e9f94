"""Tables whose rows the database itself refuses to change, on SQLite and PostgreSQL.

This stops mistakes and careless scripts, not someone who may drop a trigger; those are found by the audit log's chain.
"""

from __future__ import annotations

from sqlalchemy import DDL, Table, event

_FUNCTION = (
    "CREATE OR REPLACE FUNCTION suprem_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'this table is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
)


def append_only(table: Table) -> None:
    """Have UPDATE, DELETE and TRUNCATE refused with an integrity error, from when the table is created."""
    refuse(table, "UPDATE")
    refuse(table, "DELETE")
    truncate = f"CREATE TRIGGER {table.name}_truncate BEFORE TRUNCATE ON {table.name} EXECUTE FUNCTION suprem_refuse()"
    _when_created(table, "postgresql", truncate)


def refuse(table: Table, verb: str, condition: str = "") -> None:
    """Have a kind of change refused, on a condition over OLD and NEW where one is given."""
    when = f" WHEN ({condition})" if condition else ""
    trigger = f"CREATE TRIGGER {table.name}_{verb.lower()} BEFORE {verb} ON {table.name} FOR EACH ROW{when}"
    _when_created(table, "sqlite", f"{trigger} BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END")
    _when_created(table, "postgresql", _FUNCTION)
    _when_created(table, "postgresql", f"{trigger} EXECUTE FUNCTION suprem_refuse()")


def _when_created(table: Table, dialect: str, statement: str) -> None:
    ddl = DDL(statement)  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
