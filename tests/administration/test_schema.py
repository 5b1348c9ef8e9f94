"""Databases of earlier versions: the tables as commit d57394d made them, and such from which something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from suprem.administration.backup import restore_backup, write_backup
from suprem.administration.schema import TABLES, opened, upgrade
from suprem.audit.append_only import TRIGGERS
from suprem.audit.log import START
from suprem.concepts.review.store import ReviewStore, Status
from suprem.database import open_database
from suprem.errors import ConceptError
from suprem.jobs.store import JobStore

D57394D = """\
CREATE TABLE audit (number INTEGER NOT NULL, at VARCHAR(40) NOT NULL, actor VARCHAR(200) NOT NULL,
    action VARCHAR(60) NOT NULL, subject TEXT NOT NULL, details TEXT NOT NULL, previous VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL, PRIMARY KEY (number));
CREATE TABLE audit_head ("only" INTEGER NOT NULL, number INTEGER NOT NULL, hash VARCHAR(64) NOT NULL,
    PRIMARY KEY ("only"));
CREATE TABLE decisions (number INTEGER NOT NULL, version VARCHAR(64) NOT NULL, entity VARCHAR(200) NOT NULL,
    reviewer VARCHAR(100) NOT NULL, status VARCHAR(20) NOT NULL, code VARCHAR(64) NOT NULL, equivalence VARCHAR(20),
    comment TEXT NOT NULL, decided_at VARCHAR(40) NOT NULL, replaces INTEGER, undoes INTEGER,
    adjudication BOOLEAN NOT NULL, PRIMARY KEY (number), FOREIGN KEY(number) REFERENCES audit (number));
CREATE INDEX decisions_by_reviewer ON decisions (version, reviewer);
CREATE INDEX decisions_by_entity ON decisions (version, entity);
CREATE TABLE jobs (id SERIAL NOT NULL, stage VARCHAR(40) NOT NULL, arguments TEXT NOT NULL, title VARCHAR(400) NOT NULL,
    processes INTEGER NOT NULL, resumes INTEGER, state VARCHAR(20) NOT NULL, folder TEXT NOT NULL,
    created FLOAT NOT NULL, started FLOAT, ended FLOAT, supervisor_pid INTEGER, supervisor_start FLOAT,
    process_group INTEGER, exit_code INTEGER, message TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_jobs_state ON jobs (state);
INSERT INTO audit VALUES (1, '2026-11-26T04:00:00.000+00:00', 'Anna', 'decide', 'v/lvh',
    '{"adjudication":false,"code":"LVH","comment":"","entity":"lvh","equivalence":"equal","replaces":null,\
"status":"approved","undoes":null,"version":"v"}',
    'START', 'HASH');
INSERT INTO audit_head VALUES (1, 1, 'HASH');
INSERT INTO decisions VALUES (1, 'v', 'lvh', 'Anna', 'approved', 'LVH', 'equal', '', '2026-11-26T04:00:00.000+00:00',
    NULL, NULL, false);
INSERT INTO jobs VALUES (1, 'pretrain', '["--config", "smoke"]', 'an old job', 1, NULL, 'done', '/gone', 1.5, 2.5, 3.5,
    NULL, NULL, NULL, 0, '');
"""
# Of the row above, as that version computed it.
HASH = "681d65ffafdc29583693655a29663ff0e6d528af2e1ba1b3bb2a4e394e66c835"


@pytest.fixture
def earlier(review_url: str) -> Engine:
    """A database as d57394d left it, with a decision and a job."""
    engine = open_database(review_url)
    sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        for statement in D57394D.replace("START", START).replace("HASH", HASH).split(";\n")[:-1]:
            connection.exec_driver_sql(statement.replace("SERIAL", "INTEGER") if sqlite else statement)
    return engine


def state(engine: Engine) -> dict[str, tuple[set[object], set[object]]]:
    found = inspect(engine)
    return {
        table.name: (
            {column["name"] for column in found.get_columns(table.name)},
            {index["name"] for index in found.get_indexes(table.name)},
        )
        for table in TABLES
    }


def test_a_database_of_an_earlier_version_is_brought_up_and_used(
    earlier: Engine, review_url: str, tmp_path: Path
) -> None:
    lacking = {trigger.name for table in TABLES for trigger in TRIGGERS[table.name]
               if trigger.dialect == earlier.dialect.name}  # fmt: skip
    added = upgrade(earlier).added
    assert {f"trigger {name}" for name in lacking} <= set(added)
    assert "column seen of jobs" in added
    assert upgrade(earlier).added == ()
    store = ReviewStore.open(review_url, create=False)
    assert store.verify() is None
    assert store.approved("v") == {"lvh": "LVH"}
    store.decide("v", "af", "Ben", status=Status.NO_TARGET)
    assert store.verify() is None
    assert [job.spec.title for job in JobStore(review_url, tmp_path).jobs()] == ["an old job"]
    with earlier.connect() as connection, pytest.raises(Exception, match="append-only"):
        connection.execute(text("UPDATE audit SET actor = 'x'"))


def test_what_is_missing_is_added_and_rows_stay(earlier: Engine, review_url: str) -> None:
    upgrade(earlier)
    whole = state(earlier)
    with earlier.begin() as connection:
        connection.execute(text("DROP INDEX decisions_by_entity"))
        connection.execute(text("ALTER TABLE jobs DROP COLUMN exit_code"))
    added = upgrade(earlier).added
    assert set(added) == {"column exit_code of jobs", "index decisions_by_entity"}
    assert state(earlier) == whole
    assert ReviewStore.open(review_url).approved("v") == {"lvh": "LVH"}


def test_a_table_that_came_later_is_created(earlier: Engine) -> None:
    upgrade(earlier)
    with earlier.begin() as connection:
        connection.execute(text("DROP TABLE jobs"))
    assert upgrade(earlier).added == ("table jobs",)


def test_a_database_of_a_later_version_is_left_alone(earlier: Engine) -> None:
    upgrade(earlier)
    with earlier.begin() as connection:
        connection.execute(text("ALTER TABLE jobs ADD COLUMN priority INTEGER"))
        connection.execute(text("DROP INDEX decisions_by_entity"))
    before = state(earlier)
    with pytest.raises(ConceptError, match="column priority, which this version does not know"):
        upgrade(earlier)
    assert state(earlier) == before


def test_it_can_be_backed_up_before_it_is_upgraded(earlier: Engine, tmp_path: Path) -> None:
    written = write_backup(earlier, tmp_path / "a.backup")
    assert written.rows == {"audit": 1, "audit_head": 1, "decisions": 1, "jobs": 1}
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    with opened(other, create=True) as engine:
        assert restore_backup(tmp_path / "a.backup", engine) == written
    assert [job.spec.title for job in JobStore(other, tmp_path).jobs()] == ["an old job"]
