from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from suprem.audit.log import START, AuditHead, AuditLog, open_review_database, transaction
from suprem.concepts.review.store import ReviewStore, Status
from suprem.errors import ConceptError

TABLES = ("audit", "audit_head", "decisions")


@pytest.fixture
def full(store: ReviewStore) -> ReviewStore:
    """Five rows: decisions 1-4 and an export."""
    for entity, code in (("lvh", "LVH"), ("af", "AFIB"), ("mi", "MI"), ("lvh", "VCLVH")):
        store.decide("v", entity, "Anna", status=Status.APPROVED, code=code)
    store.audit.record("Anna", "export", "v", {"rows": 3})
    return store


@pytest.fixture
def raw(review_url: str) -> Iterator[Engine]:
    """The database as its administrator has it: no foreign keys."""
    engine = create_engine(review_url)
    yield engine
    engine.dispose()


def tamper(engine: Engine, *statements: str) -> None:
    """Do what an administrator can: switch the guards off, change rows."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        else:
            found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in found:
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))


def test_the_chain_can_be_computed_without_this_program(full: ReviewStore) -> None:
    previous = START
    for row in reversed(full.audit.rows()):
        facts = [row.number, row.at, row.actor, row.action, row.subject, row.details]
        previous = hashlib.sha256((previous + json.dumps(facts, separators=(",", ":"))).encode()).hexdigest()
        assert row.hash == previous
    assert full.audit.head() == AuditHead(5, previous)


def test_an_untouched_log_is_whole(full: ReviewStore) -> None:
    assert full.verify() is None
    assert full.verify(full.audit.head()) is None


def test_an_empty_log_is_whole(store: ReviewStore) -> None:
    assert store.verify() is None
    assert store.audit.rows() == []


def test_an_event_and_its_row_are_both_written_or_neither(store: ReviewStore) -> None:
    with pytest.raises(KeyError), transaction(store._engine) as connection:  # noqa: PT012
        store.audit.append(connection, "Anna", "export", "v", {})
        raise KeyError
    assert store.audit.head().number == 0
    store.audit.record("Anna", "export", "v", {"rows": 1})
    assert [row.number for row in store.audit.rows()] == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'Ben' WHERE number = 2",
        "DELETE FROM audit WHERE number = 5",
        "UPDATE decisions SET code = 'X' WHERE number = 2",
        "DELETE FROM decisions WHERE number = 2",
        "UPDATE audit_head SET number = 3",
        "DELETE FROM audit_head",
    ],
)
def test_the_database_refuses_to_change_a_row(statement: str, full: ReviewStore, raw: Engine) -> None:
    with pytest.raises(DBAPIError, match="append-only"), raw.begin() as connection:
        connection.execute(text(statement))
    assert full.verify() is None


@pytest.mark.parametrize("review_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("known_before", [True, False])
def test_sqlite_refuses_to_replace_a_row(full: ReviewStore, raw: Engine, review_url: str, known_before: bool) -> None:
    """REPLACE removes the old row without asking the trigger on DELETE."""
    if not known_before:  # a database of an earlier version, opened by this one
        with raw.begin() as connection:
            connection.execute(text("DROP TRIGGER audit_replace"))
        ReviewStore.open(review_url).close()
    columns = "number, at, actor, action, subject, details, previous, hash"
    replace_it = f"REPLACE INTO audit ({columns}) SELECT {columns.replace('actor', repr('Ben'))} FROM audit"
    with pytest.raises(DBAPIError, match="append-only"), raw.begin() as connection:
        connection.execute(text(f"{replace_it} WHERE number = 2"))
    assert full.verify() is None


@pytest.mark.slow
@pytest.mark.parametrize("review_url", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_empty_a_table(full: ReviewStore, raw: Engine) -> None:
    with pytest.raises(DBAPIError, match="append-only"), raw.begin() as connection:
        connection.execute(text("TRUNCATE audit CASCADE"))


@pytest.mark.parametrize(
    ("statements", "number", "reason"),
    [
        (("UPDATE audit SET details = replace(details, 'MI', 'OK') WHERE number = 3",), 3, "changed after"),
        (("UPDATE audit SET at = '2020' WHERE number = 1",), 1, "changed after"),
        (("UPDATE audit SET hash = 'x' WHERE number = 2",), 2, "changed after"),
        (("DELETE FROM audit WHERE number = 2",), 2, "missing; the next one found is row 3"),
        (("DELETE FROM audit WHERE number >= 4",), 4, "missing, with all up to row 5"),
        (("DELETE FROM audit WHERE number = 5",), 5, "missing"),
        (("DELETE FROM audit",), 1, "missing"),
        (("DELETE FROM audit WHERE number = 5", "UPDATE audit SET number = 5 WHERE number = 1"), 1, "missing"),
        (
            (
                "UPDATE audit SET number = 99 WHERE number = 2",
                "UPDATE audit SET number = 2 WHERE number = 3",
                "UPDATE audit SET number = 3 WHERE number = 99",
            ),
            2,
            "does not follow",
        ),
        (("UPDATE audit SET previous = (SELECT hash FROM audit_head) WHERE number = 4",), 4, "does not follow"),
        (
            ("INSERT INTO audit SELECT 6, at, actor, action, '', details, hash, hash FROM audit WHERE number = 5",),
            6,
            "changed after",
        ),
        (("DELETE FROM audit_head",), 1, "head of the log was removed"),
        (("UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit WHERE number = 4)",), 5, "past the head"),
        (("UPDATE decisions SET code = 'SR' WHERE number = 2",), 2, "not what the audit log holds"),
        (("UPDATE decisions SET reviewer = 'Ben' WHERE number = 4",), 4, "not what the audit log holds"),
        (("DELETE FROM decisions WHERE number = 3",), 3, "decisions was removed"),
        (("DELETE FROM decisions WHERE number > 2",), 3, "decisions was removed"),
        (("UPDATE decisions SET number = 77 WHERE number = 4",), 4, "decisions was removed"),
        (("UPDATE decisions SET code = 'X' WHERE number = 1", "DELETE FROM decisions WHERE number = 3"), 1, "not what"),
        (("UPDATE decisions SET number = 5 WHERE number = 4",), 4, "removed"),
    ],
)  # fmt: skip
def test_a_changed_log_is_found_at_its_first_wrong_row(
    statements: tuple[str, ...], number: int, reason: str, full: ReviewStore, raw: Engine
) -> None:
    tamper(raw, *statements)
    broken = full.verify()
    assert broken is not None
    assert broken.number == number
    assert reason in broken.reason


def test_an_invented_decision_is_found(full: ReviewStore, raw: Engine) -> None:
    tamper(raw, "UPDATE audit SET actor = actor")  # only to switch the guards off
    columns = ", ".join(c["name"] for c in inspect(raw).get_columns("decisions") if c["name"] != "number")
    tamper(raw, f"INSERT INTO decisions (number, {columns}) SELECT 5, {columns} FROM decisions WHERE number = 4")
    broken = full.verify()
    assert broken is not None
    assert broken.number == 5


def test_a_log_rewritten_as_a_whole_is_found_by_a_head_noted_before(full: ReviewStore, raw: Engine) -> None:
    noted = AuditHead.parse(str(full.audit.head()))
    previous, statements = START, []
    for row in reversed(full.audit.rows()):
        facts = [row.number, row.at, "Ben", row.action, row.subject, row.details]
        digest = hashlib.sha256((previous + json.dumps(facts, separators=(",", ":"))).encode()).hexdigest()
        statements.append(
            f"UPDATE audit SET actor = 'Ben', previous = '{previous}', hash = '{digest}' WHERE number = {row.number}"
        )
        previous = digest
    tamper(raw, *statements, f"UPDATE audit_head SET hash = '{previous}'", "UPDATE decisions SET reviewer = 'Ben'")
    assert full.verify() is None
    broken = full.verify(noted)
    assert broken is not None
    assert (broken.number, broken.reason) == (5, "is not the row that was noted; it or one before it was rewritten")


def test_a_cut_log_is_found_by_a_head_noted_before(full: ReviewStore, raw: Engine) -> None:
    noted = full.audit.head()
    cut = "UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit WHERE number = 4)"
    tamper(raw, "DELETE FROM audit WHERE number = 5", cut)
    assert full.verify() is None
    broken = full.verify(noted)
    assert broken is not None
    assert (broken.number, broken.reason) == (5, "is missing, with all up to row 5")


def test_a_log_without_its_head_takes_no_more_rows(full: ReviewStore, raw: Engine, review_url: str) -> None:
    tamper(raw, "DELETE FROM audit_head")
    again = ReviewStore.open(review_url)
    with pytest.raises(ConceptError, match="verify-audit"):
        again.decide("v", "lvh", "Anna", status=Status.FLAGGED)
    again.close()


@pytest.mark.parametrize("wrong", ["", "5", "5:abc", "x:" + "a" * 64, "5:" + "g" * 64])
def test_a_head_is_a_number_and_a_hash(wrong: str) -> None:
    with pytest.raises(ConceptError, match="NUMBER:HASH"):
        AuditHead.parse(wrong)


def test_a_database_without_a_log_is_left_as_it_is(tmp_path: Path) -> None:
    absent, other = tmp_path / "absent.sqlite", tmp_path / "other.sqlite"
    sqlite3.connect(other).close()
    for path in (absent, other):
        with pytest.raises(ConceptError, match="no audit log"):
            open_review_database(f"sqlite:///{path}", create=False)
    assert not absent.exists()


def test_times_are_utc_and_never_local(store: ReviewStore) -> None:
    row = store.audit.record("Anna", "export", "v", {})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", row.at)


def test_opening_a_log_again_changes_nothing(full: ReviewStore) -> None:
    before = full.audit.head()
    AuditLog(full._engine)
    assert full.audit.head() == before
