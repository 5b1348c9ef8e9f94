"""A job: one pipeline stage in the background, its state, and which changes of state are legal."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from suprem.configfile import as_table, table_to_toml
from suprem.errors import JobError
from suprem.jobs.processes import ProcessGroup, ProcessName

STAGES = frozenset(
    {
        "build_vocabulary",
        "download",
        "evaluate",
        "index_datasets",
        "pretrain",
        "promote",
        "score",
        "zero_shot",
    }
)
"""The stages that a job may run, by module name below `pipelines`. A browser never names anything else."""

GOES_ON = frozenset({"download", "index_datasets", "pretrain"})
"""The stages that go on where they were stopped; the others begin anew."""

STOPPED = 143
"""Exit code of a stage that SIGTERM stopped and that saved its state, as a shell reports it (128 + 15)."""

LOG = "log.txt"
CONFIGURATION = "job.toml"
"""In a job's folder: what its stage is asked to do."""

MAX_CHARACTERS = 100_000
"""Of a configuration as JSON."""


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
    """What to run: a stage, and its configuration as a table of plain values, which becomes the stage's TOML file.

    Args:
        stage: A command of `suprem`, one of `STAGES`.
        configuration: What the stage is asked to do; `JobSpec.of` takes it from the stage's own dataclass.
        title: For people, for example "pretrain compact, seed 1".
        processes: Above 1 the stage runs under `torchrun` with so many processes on this machine.
        resumes: The job whose work this one continues.
        earlier: Whether a version of the program that kept command lines made it; it is shown and no longer run.

    Raises:
        JobError: The stage is unknown or the configuration is not what a file can hold.
    """

    stage: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    processes: int = 1
    resumes: int | None = None
    earlier: bool = False

    def __post_init__(self) -> None:
        if self.earlier:
            return
        if self.stage not in STAGES:
            raise JobError(f"There is no stage {self.stage!r} for a job; expected one of {', '.join(sorted(STAGES))}.")
        text = json.dumps(self.configuration)
        if len(text) > MAX_CHARACTERS or "\\u0000" in text:
            raise JobError(f"A job's configuration holds at most {MAX_CHARACTERS:,} characters, and no null character.")
        if not 1 <= self.processes <= 1024:
            raise JobError(f"A job was given {self.processes} processes; expected 1 to 1024.")

    @classmethod
    def of(cls, stage: str, request: object, title: str, processes: int = 1) -> JobSpec:
        """Return the job of a stage's own dataclass, which the stage's command reads back."""
        return cls(stage, as_table(request), title, processes)

    def command_line(self, configuration: Path) -> str:
        """Return what a person would type to run the same from a file with the configuration."""
        launcher = "python" if self.processes == 1 else f"torchrun --standalone --nproc_per_node={self.processes}"
        return f"{launcher} -m suprem {self.stage} {shlex.join(['--job', str(configuration)])}"

    @property
    def configuration_text(self) -> str:
        """The configuration as TOML."""
        return table_to_toml(self.configuration)

    @property
    def run_folder(self) -> Path | None:
        """The training run that it writes, None when it writes none."""
        folder = self.configuration.get("run_dir")
        return Path(folder) if self.stage == "pretrain" and folder else None

    @property
    def target(self) -> str:
        """What it writes: of two jobs that write the same, one waits for nothing and may not be queued.

        The folder or file that the configuration names; of a stage that chooses its own place, and of an estimate,
        which writes nothing, all that it is asked.
        """
        for name in ("run_dir", "results", "out", "to"):
            if self.configuration.get(name) and not self.configuration.get("dry_run"):
                return str(Path(self.configuration[name]).resolve())
        return f"{self.stage} {json.dumps(self.configuration, sort_keys=True)}"

    def again(self) -> Mapping[str, Any]:
        """Return the configuration that continues this work after it was stopped.

        A training run goes on with what lies in its folder; one that was stopped before it had written that, and every
        other stage, takes the same configuration once more.
        """
        folder = self.run_folder
        begun = folder is not None and (folder / "config.toml").exists()
        return {**self.configuration, "resume": True} if begun else self.configuration


@dataclass(frozen=True)
class Job:
    """One row of the table.

    Args:
        id: Number, in the order of submission.
        spec: What it runs.
        state: Where it stands.
        folder: Its own folder, with the log.
        created, started, ended: Seconds since 1970, None until then.
        supervisor: The process that watches it.
        seen: When its supervisor last reported, seconds since 1970; what other machines judge it by.
        group: Process group of the stage; a cancel takes the whole group.
        owner: Who started it, as the audit log names them; empty for one of an earlier version or of a command line.
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
    supervisor: ProcessName | None = None
    seen: float | None = None
    group: ProcessGroup | None = None
    exit_code: int | None = None
    message: str = ""
    owner: str = ""

    @property
    def log(self) -> Path:
        """Everything the stage wrote."""
        return self.folder / LOG

    @property
    def configuration_file(self) -> Path:
        """What its stage is asked to do, as TOML."""
        return self.folder / CONFIGURATION

    @property
    def can_resume(self) -> bool:
        """Whether it ended before its work was done, so that it can be continued or begun anew."""
        return self.state in ENDED - {State.DONE} and not self.spec.earlier
