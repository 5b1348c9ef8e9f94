"""A job: one pipeline stage in the background, its state, and which changes of state are legal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from suprem.errors import JobError

STAGES = frozenset(
    {
        "build_vocabulary",
        "evaluate",
        "extract_entities",
        "index_datasets",
        "map_entities",
        "pretrain",
        "promote",
        "score",
        "zero_shot",
    }
)
"""The stages that a job may run, by module name below `pipelines`. A browser never names anything else."""

STOPPED = 143
"""Exit code of a stage that SIGTERM stopped and that saved its state, as a shell reports it (128 + 15)."""

LOG = "log.txt"
MAX_ARGUMENTS = 100
MAX_ARGUMENT_CHARACTERS = 4_000


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Its supervisor vanished: a crash, a kill, a restart of the machine."""


ACTIVE = frozenset({State.STARTING, State.RUNNING, State.CANCELLING})
"""Takes one of the places that the concurrency limit gives."""

ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.LOST})

LEGAL: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.STARTING, State.CANCELLED}),
    State.STARTING: frozenset({State.RUNNING, State.CANCELLING, State.FAILED, State.LOST}),
    State.RUNNING: frozenset({State.CANCELLING, State.DONE, State.FAILED, State.LOST}),
    State.CANCELLING: frozenset({State.CANCELLED, State.DONE, State.FAILED, State.LOST}),
    **dict.fromkeys(ENDED, frozenset()),
}


@dataclass(frozen=True)
class JobSpec:
    """What to run.

    Args:
        stage: Module below `pipelines`, one of `STAGES`.
        arguments: Its command line, one word each; no shell reads them.
        title: For people, for example "pretrain compact, seed 1".
        processes: Above 1 the stage runs under `torchrun` with so many processes on this machine.
        resumes: The job whose work this one continues.

    Raises:
        JobError: The stage is unknown or the arguments are not what a command line can hold.
    """

    stage: str
    arguments: tuple[str, ...] = ()
    title: str = ""
    processes: int = 1
    resumes: int | None = None

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise JobError(f"There is no stage {self.stage!r} for a job; expected one of {', '.join(sorted(STAGES))}.")
        if len(self.arguments) > MAX_ARGUMENTS or any(
            len(word) > MAX_ARGUMENT_CHARACTERS or "\0" in word for word in self.arguments
        ):
            raise JobError(
                f"A job takes at most {MAX_ARGUMENTS} arguments of at most {MAX_ARGUMENT_CHARACTERS} characters."
            )
        if not 1 <= self.processes <= 1024:
            raise JobError(f"A job was given {self.processes} processes; expected 1 to 1024.")


@dataclass(frozen=True)
class Job:
    """One row of the table.

    Args:
        id: Number, in the order of submission.
        spec: What it runs.
        state: Where it stands.
        folder: Its own folder, with the log.
        created, started, ended: Seconds since 1970, None until then.
        supervisor: Process id and start time of its supervisor: together they name one process for ever.
        group: Process group of the stage; a cancel takes the whole group.
        exit_code: Of the stage, None until it ended by itself or was stopped.
        message: Why it failed or was lost, for a person.
    """

    id: int
    spec: JobSpec
    state: State
    folder: Path
    created: float
    started: float | None = None
    ended: float | None = None
    supervisor: tuple[int, float] | None = None
    group: int | None = None
    exit_code: int | None = None
    message: str = ""

    @property
    def log(self) -> Path:
        """Everything the stage wrote."""
        return self.folder / LOG

    @property
    def can_resume(self) -> bool:
        """Whether a stopped run can go on where it was."""
        return self.spec.stage == "pretrain" and self.state in ENDED - {State.DONE}
