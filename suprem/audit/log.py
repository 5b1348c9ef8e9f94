"""The audit log: who did what, when; rows are only ever added, and each holds the hash of the one before it.

A row's hash is SHA-256 over the previous row's hash and the row as canonical JSON, so a changed, removed, inserted or
swapped row breaks the chain from there on. The newest number and hash are kept beside it, so missing last rows are
noticed too. Triggers refuse UPDATE and DELETE to whoever comes by SQL in good faith. Someone who may rewrite the whole
database can compute a new chain; against that, keep the head (`AuditLog.head`) elsewhere and give it to `verify`.

A row cannot be taken back: no waveform, no report text and no patient's name belongs in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    true,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from suprem.audit.append_only import append_only, refuse
from suprem.database import open_database, writing
from suprem.errors import ConceptError, DatabaseUnavailable

START = "0" * 64
"""What the first row holds in place of a previous hash."""

METADATA = MetaData()
AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
HEAD = Table(
    "audit_head",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
append_only(AUDIT)
refuse(HEAD, "DELETE")
refuse(HEAD, "UPDATE", "NEW.number <= OLD.number")


@dataclass(frozen=True)
class AuditRow:
    """One event.

    Attributes:
        number: 1, 2, ... without gaps.
        at: When, UTC, ISO 8601.
        actor: Who, as they name themselves.
        action: What, for example "decide", "threshold_apply", "export", "override_quality".
        subject: What it was done to.
        details: The facts, canonical JSON.
        previous: Hash of the row before.
        hash: Hash of this row.
    """

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str


@dataclass(frozen=True)
class AuditHead:
    """Number and hash of the newest row. A copy kept elsewhere proves that nothing up to it was changed."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> AuditHead:
        """Read what `str` writes.

        Raises:
            ConceptError: It is something else.
        """
        number, _, digest = text.strip().partition(":")
        if not (number.isdecimal() and len(digest) == 64 and set(digest) <= set("0123456789abcdef")):
            raise ConceptError(
                "The head of an audit log has the form NUMBER:HASH, where the hash is 64 digits of 0-9, a-f."
            )
        return cls(int(number), digest)


@dataclass(frozen=True)
class BrokenRow:
    """The first row that is not as it was written, and in which way."""

    number: int
    reason: str


class AuditLog:
    """The audit log of a database, which is created where it is missing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with transaction(engine) as connection:
            METADATA.create_all(connection)
            if not connection.execute(select(HEAD)).first() and not connection.execute(select(AUDIT.c.number)).first():
                connection.execute(insert(HEAD).values(only=1, number=0, hash=START))

    def append(
        self, connection: Connection, actor: str, action: str, subject: str, details: Mapping[str, Any]
    ) -> AuditRow:
        """Add a row in the caller's `transaction`, so that the event and its row are both written or neither is.

        Args:
            connection: Of `transaction`, which keeps other writers out.
            actor: Who acts.
            action: What they do, one word.
            subject: What it is done to.
            details: Facts that JSON can hold; they can never be removed again.

        Raises:
            ConceptError: The head of the log is missing, so that nothing can be added to it.
        """
        return self.append_all(connection, actor, action, [(subject, details)])[0]

    def append_all(
        self, connection: Connection, actor: str, action: str, events: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> list[AuditRow]:
        """Add a row for each (subject, details) of what one actor does at once. Errors as of `append`."""
        head = connection.execute(select(HEAD.c.number, HEAD.c.hash)).first()
        if head is None:
            raise ConceptError("The audit log has lost its head; run suprem verify-audit.")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows: list[AuditRow] = []
        previous = head.hash
        for number, (subject, details) in enumerate(events, head.number + 1):
            facts = (number, at, actor, action, subject, _canonical(details))
            rows.append(AuditRow(*facts, previous, _chained(previous, facts)))
            previous = rows[-1].hash
        if rows:
            connection.execute(insert(AUDIT), [vars(row) for row in rows])
            connection.execute(update(HEAD).values(number=rows[-1].number, hash=previous))
        return rows

    def record(self, actor: str, action: str, subject: str, details: Mapping[str, Any]) -> AuditRow:
        """Add a row for an event that changes nothing else in this database, such as an export."""
        with transaction(self._engine) as connection:
            return self.append(connection, actor, action, subject, details)

    def head(self) -> AuditHead:
        """Return number and hash of the newest row; number 0 in an empty log."""
        with self._engine.connect() as connection:
            row = connection.execute(select(HEAD.c.number, HEAD.c.hash)).first()
        return AuditHead(0, START) if row is None else AuditHead(row.number, row.hash)

    def rows(self, *, limit: int = 500) -> list[AuditRow]:
        """Return the newest rows, newest first."""
        with self._engine.connect() as connection:
            found = connection.execute(select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit))
            return [AuditRow(*row) for row in found]

    def verify(self, known: AuditHead | None = None) -> BrokenRow | None:
        """Return the first row that is not as it was written, or None where the whole log is.

        Args:
            known: A head that was noted earlier; the log must still contain it.
        """
        # One statement, hence one snapshot: a writer at work is no broken chain.
        joined = select(AUDIT, HEAD.c.number.label("head_number"), HEAD.c.hash.label("head_hash")).select_from(
            HEAD.outerjoin(AUDIT, true())
        )
        with self._engine.connect() as connection:
            found = connection.execution_options(yield_per=1000).execute(joined.order_by(AUDIT.c.number))
            return _first_broken(found, known)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open `suprem.database.writing`, and say it in a sentence when the database does not answer.

    Raises:
        ConceptError: The database is locked or gone.
    """
    try:
        with writing(engine) as connection:
            yield connection
    except DatabaseUnavailable as error:
        raise ConceptError(
            "The review database did not answer; what was done last may not be saved. Reload the page to see, and try "
            "again."
        ) from error


def open_review_database(url: str, *, create: bool = True) -> Engine:
    """Return an engine for a database that holds an audit log, or shall hold one.

    Args:
        url: As `suprem.database.open_database` takes it.
        create: Whether a database without an audit log may be taken.

    Raises:
        ConfigError: The URL cannot be used.
        ConceptError: The database does not answer, or holds no audit log. No message holds the password.
    """
    missing = "There is no audit log in this database; check its URL. Nothing was created."
    try:
        parsed = make_url(url)
    except ArgumentError:
        return open_database(url)  # which says what is wrong with it
    if not create and parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise ConceptError(missing)
    engine = open_database(url)
    try:
        exists = inspect(engine).has_table(AUDIT.name)
    except DatabaseUnavailable as error:
        engine.dispose()
        raise ConceptError("The review database cannot be used; check its URL and that its server runs.") from error
    if not (create or exists):
        engine.dispose()
        raise ConceptError(missing)
    return engine


KEY = "audit.key"
"""File below the installation's home with the key of `keyed_hash`."""


def installation_key(home: Path) -> bytes:
    """Return the key of this installation, made at the first call: hashes under it say nothing elsewhere."""
    path = home / KEY
    if not path.is_file():
        home.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f".{KEY}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was faster, and its key is the one
                os.link(made, path)
        finally:
            made.unlink(missing_ok=True)
    return path.read_bytes()


def keyed_hash(key: bytes, content: bytes) -> str:
    """Return what stands in the log for a recording: whoever has the recording but not the key cannot find its row."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _canonical(details: Mapping[str, Any]) -> str:
    return json.dumps(details, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _chained(previous: str, facts: tuple[int, str, str, str, str, str]) -> str:
    return hashlib.sha256((previous + json.dumps(facts, separators=(",", ":"))).encode()).hexdigest()


def _first_broken(rows: Iterator[Row[Any]], known: AuditHead | None) -> BrokenRow | None:
    number, previous = 0, START
    head: AuditHead | None = None
    for found in rows:
        head = AuditHead(found.head_number, found.head_hash)
        if found.number is None:  # an empty log: only its head
            break
        row = AuditRow(*found[: len(AUDIT.c)])
        number += 1
        if row.number != number:
            return BrokenRow(number, f"is missing; the next one found is row {row.number}")
        if row.previous != previous:
            return BrokenRow(number, "does not follow the row before it")
        facts = (row.number, row.at, row.actor, row.action, row.subject, row.details)
        if row.hash != _chained(previous, facts):
            return BrokenRow(number, "was changed after it was written")
        if known is not None and known.number == number and known.hash != row.hash:
            return BrokenRow(number, "is not the row that was noted; it or one before it was rewritten")
        previous = row.hash
    if head is None:
        return BrokenRow(number + 1, "or the head of the log was removed")
    latest = max(head.number, known.number if known else 0)
    if number < latest:
        return BrokenRow(number + 1, f"is missing, with all up to row {latest}")
    if (number, previous) != (head.number, head.hash):
        return BrokenRow(head.number + 1, "was added past the head of the log")
    return None
