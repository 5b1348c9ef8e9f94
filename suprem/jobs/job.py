"""A job: one pipeline stage in the background, its state, and which changes of state are legal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from suprem.errors import JobError

STAGES = frozenset(
    {
        "ablate",
        "build_vocabulary",
        "compare",
        "download",
        "evaluate",
        "evaluate_extraction",
        "extract_entities",
        "index_datasets",
        "linear_probe",
        "map_entities",
        "pretrain",
        "promote",
        "score",
        "zero_shot",
    }
)
"""The stages that a job may run, by module name below `pipelines`. A browser never names anything else."""

GOES_ON = frozenset({"ablate", "download", "index_datasets", "pretrain"})
"""The stages that go on where they were stopped; the others begin anew."""

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


def resuming(words: Sequence[str]) -> tuple[str, ...]:
    """Return the command line that continues a training run: it keeps its own configuration and vocabulary."""
    options = ("--set", "--config", "--vocabulary")
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in options:
            next(rest, None)
        elif not word.startswith(tuple(f"{option}=" for option in options)):
            kept.append(word)
    return tuple(kept) if "--resume" in kept else (*kept, "--resume")


@dataclass(frozen=True)
class JobSpec:
    """What to run.

    Args:
        stage: A command of `suprem`, one of `STAGES`.
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

    @property
    def command_line(self) -> str:
        """What a person would type to run the same."""
        launcher = "python" if self.processes == 1 else f"torchrun --standalone --nproc_per_node={self.processes}"
        return f"{launcher} -m suprem {self.stage} {shlex.join(self.arguments)}".rstrip()

    @property
    def run_folder(self) -> Path | None:
        """The training run that it writes, None when it writes none."""
        words = self.arguments
        return Path(words[words.index("--run-dir") + 1]) if "--run-dir" in words[:-1] else None

    def again(self) -> tuple[str, ...]:
        """Return the arguments that continue this work after it was stopped.

        A training run keeps the configuration that lies in its folder; one that was stopped before it had written
        that, and every other stage, takes the same arguments once more.
        """
        folder = self.run_folder
        if self.stage != "pretrain" or folder is None or not (folder / "config.toml").exists():
            return self.arguments
        return resuming(self.arguments)


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
        """Whether it ended before its work was done, so that it can be continued or begun anew."""
        return self.state in ENDED - {State.DONE}
