"""The table of jobs, shared by every process of an installation: pages, supervisors and command lines."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from suprem.database import complete_tables, open_database, writing
from suprem.errors import JobError
from suprem.jobs.job import ACTIVE, CONFIGURATION, ENDED, LEGAL, Job, JobSpec, State
from suprem.jobs.processes import ProcessGroup, ProcessName

METADATA = MetaData()
_JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("stage", String(40), nullable=False),
    # The configuration as a JSON object; earlier versions wrote the words of a command line here, a JSON list.
    Column("arguments", Text, nullable=False),
    Column("title", String(400), nullable=False),
    Column("processes", Integer, nullable=False),
    Column("resumes", Integer),
    Column("state", String(20), nullable=False, index=True),
    Column("folder", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("supervisor_pid", Integer),
    Column("supervisor_start", Float),
    Column("process_group", Integer),
    # Added later: rows of earlier versions have neither, and their processes cannot be told from others.
    Column("host", String(255)),
    Column("boot", String(64)),
    Column("group_start", Float),
    Column("seen", Float),
    Column("target", String(64)),
    Column("owner", String(200)),
    Column("exit_code", Integer),
    Column("message", Text, nullable=False),
)
Index(
    "jobs_one_a_target",
    _JOBS.c.target,
    unique=True,
    sqlite_where=_JOBS.c.ended.is_(None),
    postgresql_where=_JOBS.c.ended.is_(None),
)


class JobStore:
    """Jobs in a database, and a folder below which each has its own.

    Args:
        url: Database URL, as `suprem.database.open_database` takes it.
        folder: Where the jobs' folders go.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self._engine: Engine = open_database(url)
        with writing(self._engine) as connection:
            complete_tables(connection, METADATA)

    def submit(self, spec: JobSpec, owner: str = "") -> Job:
        """Queue a job for who starts it.

        Raises:
            JobError: Another that has not ended writes the same.
        """
        target = hashlib.sha256(spec.target.encode()).hexdigest()
        same = select(_JOBS.c.id).where(_JOBS.c.target == target, _JOBS.c.ended.is_(None))
        with writing(self._engine) as connection:
            other = connection.execute(same).scalar()
            if other is not None:
                raise JobError(f"Job {other} writes the same already; wait until it has ended, or cancel it first.")
            row = {
                "target": target,
                "owner": owner[:200],
                "stage": spec.stage,
                "arguments": json.dumps(spec.configuration),
                "title": spec.title[:400],
                "processes": spec.processes,
                "resumes": spec.resumes,
                "state": State.QUEUED,
                "folder": "",
                "created": time.time(),
                "message": "",
            }
            number = int(connection.execute(insert(_JOBS).returning(_JOBS.c.id), row).scalar_one())
            folder = self.folder / f"{number:06d}-{spec.stage.replace('_', '-')}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / CONFIGURATION).write_text(spec.configuration_text, encoding="utf-8")
            _set(connection, number, folder=str(folder))
            return _get(connection, number)

    def get(self, number: int) -> Job:
        """Return one job.

        Raises:
            JobError: There is none of that number.
        """
        with self._engine.begin() as connection:
            return _get(connection, number)

    def jobs(self, *, states: Iterable[State] | None = None, limit: int = 500) -> list[Job]:
        """Return jobs, newest first."""
        query = select(_JOBS).order_by(_JOBS.c.id.desc()).limit(limit)
        if states is not None:
            query = query.where(_JOBS.c.state.in_([str(state) for state in states]))
        with self._engine.begin() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def claim(self, *, limit: int) -> Job | None:
        """Give the oldest queued job a place and return it; None when none waits or all `limit` places are taken.

        Two processes that claim at the same time never get the same job.
        """
        with writing(self._engine) as connection:
            active = connection.execute(select(_JOBS.c.id).where(_JOBS.c.state.in_([str(s) for s in ACTIVE]))).all()
            if len(active) >= limit:
                return None
            oldest = select(_JOBS.c.id).where(_JOBS.c.state == str(State.QUEUED)).order_by(_JOBS.c.id).limit(1)
            number = connection.execute(oldest).scalar()
            if number is None:
                return None
            _set(connection, number, state=State.STARTING, started=time.time())
            return _get(connection, number)

    def move(self, number: int, state: State, **facts: Any) -> Job:
        """Change the state of a job, and set other columns with it.

        Raises:
            JobError: That state cannot follow the present one.
        """
        with writing(self._engine) as connection:
            job = _get(connection, number)
            if state not in LEGAL[job.state]:
                raise JobError(f"Job {number} is {job.state} and cannot become {state}.")
            if state in ENDED:
                facts.setdefault("ended", time.time())
            _set(connection, number, state=state, **facts)
            return _get(connection, number)

    def note_supervisor(self, number: int, process: ProcessName) -> None:
        """Record which process watches a job."""
        named = {"supervisor_pid": process.pid, "supervisor_start": process.start}
        with writing(self._engine) as connection:
            _set(connection, number, host=process.host, boot=process.boot, seen=time.time(), **named)

    def note_group(self, number: int, leader: ProcessName) -> Job:
        """Record which processes a job's stage consists of, and that it runs.

        Raises:
            JobError: It was cancelled or lost in the meantime.
        """
        return self.move(number, State.RUNNING, process_group=leader.pid, group_start=leader.start)

    def report(self, number: int) -> Job:
        """Record that a job's supervisor is at work, and return the job."""
        with writing(self._engine) as connection:
            _set(connection, number, seen=time.time())
            return _get(connection, number)

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()


def _set(connection: Connection, number: int, **columns: Any) -> None:
    values = {name: str(value) if isinstance(value, State) else value for name, value in columns.items()}
    connection.execute(update(_JOBS).where(_JOBS.c.id == number).values(**values))


def _get(connection: Connection, number: int) -> Job:
    row = connection.execute(select(_JOBS).where(_JOBS.c.id == number)).mappings().first()
    if row is None:
        raise JobError(f"There is no job {number}.")
    return _job(row)


def _job(row: Any) -> Job:
    supervisor = group = None
    if row["host"] is not None:
        supervisor = ProcessName(row["host"], row["boot"], row["supervisor_pid"], row["supervisor_start"])
        if row["process_group"] is not None:
            leader = ProcessName(row["host"], row["boot"], row["process_group"], row["group_start"])
            group = ProcessGroup(leader, str(supervisor))
    stored = json.loads(row["arguments"])
    earlier = not isinstance(stored, dict)
    return Job(
        id=row["id"],
        spec=JobSpec(
            stage=row["stage"],
            configuration={} if earlier else stored,
            title=row["title"],
            processes=row["processes"],
            resumes=row["resumes"],
            earlier=earlier,
        ),
        state=State(row["state"]),
        folder=Path(row["folder"]),
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        supervisor=supervisor,
        seen=row["seen"],
        group=group,
        exit_code=row["exit_code"],
        message=row["message"],
        owner=row["owner"] or "",
    )
