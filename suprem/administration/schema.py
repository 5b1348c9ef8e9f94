"""The tables of the installation's database, and bringing those of an earlier version up to this one.

Decisions and the audit log are append-only and each row's hash covers its content, so a later version may add tables,
columns that may be empty, indexes and triggers, and never change what is there. What is missing can therefore be found
by looking, and added; nothing has to be known about which version wrote a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, inspect, text
from sqlalchemy.exc import DBAPIError

from suprem.audit.append_only import TRIGGERS
from suprem.audit.log import METADATA as AUDIT_TABLES
from suprem.audit.log import open_review_database, transaction
from suprem.concepts.review.decision_table import METADATA as REVIEW_TABLES
from suprem.database import complete_tables
from suprem.errors import ConceptError
from suprem.jobs.store import METADATA as JOB_TABLES

TABLES: tuple[Table, ...] = (
    *AUDIT_TABLES.sorted_tables,
    *REVIEW_TABLES.sorted_tables,
    *JOB_TABLES.sorted_tables,
)
"""All of them, each after those that it refers to."""


@dataclass(frozen=True)
class Upgraded:
    """What was added to a database, one sentence each; empty where it was up to date."""

    added: tuple[str, ...]


@contextmanager
def opened(url: str, *, create: bool = False) -> Iterator[Engine]:
    """Open a database for one task and give it back. Arguments and errors as of `open_review_database`."""
    engine = open_review_database(url, create=create)
    try:
        yield engine
    finally:
        engine.dispose()


def upgrade(engine: Engine) -> Upgraded:
    """Add to a database what this version needs and it lacks, in one transaction; rows stay as they are.

    Args:
        engine: Of `open_review_database`.

    Raises:
        ConceptError: The database was written by a later version, or does not allow its tables to be changed.
    """
    try:
        with transaction(engine) as connection:
            missing = [found for table in TABLES for found in _missing(connection, table)]
            for tables in (AUDIT_TABLES, REVIEW_TABLES, JOB_TABLES):
                complete_tables(connection, tables)
            return Upgraded((*missing, *(added for table in TABLES for added in _restore_triggers(connection, table))))
    except DBAPIError as error:
        raise ConceptError(
            f"The database could not be brought up to date ({type(error.orig).__name__}) and is as it was; its account "
            "must own the tables."
        ) from error


def columns_of(connection: Connection, table: Table) -> list[str]:
    """Return the columns that a table has in this database, in the order of the program; none where it is missing."""
    if not inspect(connection).has_table(table.name):
        return []
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return [column.name for column in table.columns if column.name in there]


def _missing(connection: Connection, table: Table) -> list[str]:
    found = inspect(connection)
    if not found.has_table(table.name):
        return [f"table {table.name}"]
    columns = {column["name"] for column in found.get_columns(table.name)}
    if unknown := columns - set(table.columns.keys()):
        raise ConceptError(
            f"The table {table.name} has the column {min(unknown)}, which this version does not know: a later version "
            "wrote the database. Install that version or a newer one."
        )
    indexes = {index["name"] for index in found.get_indexes(table.name)}
    return [
        *(f"column {column.name} of {table.name}" for column in table.columns if column.name not in columns),
        *(f"index {index.name}" for index in table.indexes if index.name not in indexes),
    ]


def _restore_triggers(connection: Connection, table: Table) -> list[str]:
    """Create the triggers that refuse changes where they are gone: after an import that left them out, for example."""
    known = "SELECT tgname FROM pg_trigger" if connection.dialect.name == "postgresql" else _SQLITE_TRIGGERS
    there = set(connection.execute(text(known)).scalars())
    missing = {
        trigger.name: trigger
        for trigger in TRIGGERS.get(table.name, ())
        if trigger.dialect == connection.dialect.name and trigger.name not in there
    }
    for trigger in missing.values():
        for statement in trigger.statements:
            connection.exec_driver_sql(statement)
    return [f"trigger {name}" for name in missing]


_SQLITE_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
