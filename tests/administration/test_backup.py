from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from suprem.administration.backup import restore_backup, write_backup
from suprem.audit.log import open_review_database
from suprem.concepts.review.store import Equivalence, ReviewStore, Status
from suprem.database import open_database
from suprem.errors import ConceptError
from suprem.jobs.job import JobSpec
from suprem.jobs.store import JobStore


@pytest.fixture
def reviewed(review_url: str, tmp_path: Path) -> str:
    """URL of a database with decisions, an undo, an adjudication, an export and a job."""
    store = ReviewStore.open(review_url)
    store.decide("v", "lvh", "Anna", status=Status.APPROVED, code="LVH", equivalence=Equivalence.WIDER, comment="ä\n“")
    store.decide("v", "lvh", "Ben", status=Status.NO_TARGET)
    store.adjudicate("v", "lvh", "Cem", status=Status.APPROVED, code="LVH")
    store.decide("v", "af", "Anna", status=Status.FLAGGED)
    store.undo("v", "Anna")
    store.audit.record("Anna", "export", "v", {"rows": 1})
    store.close()
    JobStore(review_url, tmp_path / "jobs").submit(JobSpec("score", {"folder": "x"}, "a job"))
    return review_url


def contents(url: str) -> tuple[object, ...]:
    store = ReviewStore.open(url)
    found = (
        store.verify(),
        store.audit.head(),
        store.audit.rows(),
        store.current("v"),
        store.adjudications("v"),
        store.history("v", "af"),
    )
    store.close()
    return found


def test_a_backup_restored_elsewhere_is_the_same_and_is_gone_on_with(reviewed: str, tmp_path: Path) -> None:
    file, other = tmp_path / "a.backup", f"sqlite:///{tmp_path / 'other.sqlite'}"
    written = write_backup(open_review_database(reviewed, create=False), file)
    assert written.rows == {"audit": 6, "audit_head": 1, "decisions": 5, "jobs": 1}
    assert restore_backup(file, open_review_database(other)) == written
    assert contents(other) == contents(reviewed)
    assert contents(other)[0] is None
    store = ReviewStore.open(other)
    store.decide("v", "mi", "Ben", status=Status.FLAGGED)
    assert store.verify(written.head) is None
    jobs = JobStore(other, tmp_path / "jobs")
    assert [job.spec.title for job in jobs.jobs()] == ["a job"]
    assert jobs.submit(JobSpec("score", {}, "the next")).id == 2


def test_a_backup_comes_back_into_its_own_kind_after_a_page_has_opened_it(reviewed: str, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    before = contents(reviewed)
    engine = open_review_database(reviewed)
    write_backup(engine, file)
    engine.dispose()
    emptied = emptied_database(reviewed, tmp_path)
    ReviewStore.open(emptied).close()  # the head of an empty log is there
    restore_backup(file, open_review_database(emptied))
    assert contents(emptied) == before
    assert JobStore(emptied, tmp_path / "jobs").submit(JobSpec("score", {}, "the next")).id == 2
    with open_database(emptied).connect() as connection, pytest.raises(Exception, match="append-only"):
        connection.execute(text("DELETE FROM decisions"))


def emptied_database(url: str, tmp_path: Path) -> str:
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


def test_a_database_with_rows_is_never_filled(reviewed: str, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    engine = open_review_database(reviewed)
    write_backup(engine, file)
    before = contents(reviewed)
    with pytest.raises(ConceptError, match="holds rows already"):
        restore_backup(file, engine)
    assert contents(reviewed) == before


def test_a_database_that_was_changed_is_not_backed_up(reviewed: str, tmp_path: Path) -> None:
    if not reviewed.startswith("sqlite"):
        pytest.skip("the trigger is dropped in SQLite's words")
    with open_database(reviewed).begin() as connection:
        connection.execute(text("DROP TRIGGER decisions_update"))
        connection.execute(text("UPDATE decisions SET code = 'RVH' WHERE number = 1"))
    with pytest.raises(ConceptError, match="Row 1 of the decisions is not what the audit log holds"):
        write_backup(open_review_database(reviewed), tmp_path / "a.backup")
    assert not list(tmp_path.glob("*.backup*"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: b"no backup", "not a whole backup"),
        (lambda data: data[: len(data) // 2], "not a whole backup"),
        (lambda data: gzip.compress(b"\n".join(gzip.decompress(data).splitlines()[:-1])), "ends early"),
        (lambda data: gzip.compress(b"{}\n"), "found form none"),
        (lambda data: gzip.compress(b"[]\n"), "not a whole backup"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b'"undoes"', b'"redoes"')), "later version"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b'"jobs"', b'"rooms"')), "later version"),
    ],
)
def test_a_damaged_file_restores_nothing(tmp_path: Path, damage: object, told: str) -> None:
    source, file = f"sqlite:///{tmp_path / 'a.sqlite'}", tmp_path / "a.backup"
    store = ReviewStore.open(source)
    store.decide("v", "lvh", "Anna", status=Status.FLAGGED)
    JobStore(source, tmp_path / "jobs").submit(JobSpec("score", {}, "a job"))
    write_backup(open_review_database(source), file)
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))
    target = f"sqlite:///{tmp_path / 'b.sqlite'}"
    with pytest.raises(ConceptError, match=told):
        restore_backup(file, open_review_database(target))
    assert ReviewStore.open(target).audit.rows() == []


def test_a_row_that_was_edited_in_the_file_is_found(tmp_path: Path) -> None:
    source, file = f"sqlite:///{tmp_path / 'a.sqlite'}", tmp_path / "a.backup"
    ReviewStore.open(source).decide("v", "lvh", "Anna", status=Status.FLAGGED)
    write_backup(open_review_database(source), file)
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    edited = [*lines[:1], *([name, ["Ben" if cell == "Anna" else cell for cell in row]] for name, row in lines[1:])]
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, edited)).encode()))
    with pytest.raises(ConceptError, match="row 1 was changed after it was written"):
        restore_backup(file, open_review_database(f"sqlite:///{tmp_path / 'b.sqlite'}"))
