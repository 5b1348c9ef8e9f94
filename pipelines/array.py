"""Stages that several processes share: `--part I/N` does one part, `--finish` joins what the parts left.

`suprem STAGE ... --launch slurm --array N` submits N parts as an array of Slurm, and the finish behind them;
`--launch local --array N` runs them on this machine. In an array that was written by hand a task takes its part from
SLURM_ARRAY_TASK_ID. A part that was stopped goes on where it was when it is started again.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.slurm import REQUEUES, SAVES_WITHIN, import_path, submitit_module
from suprem.errors import Cancelled, ConfigError, JobError
from suprem.jobs.job import STOPPED
from suprem.part import Part
from suprem.settings import array_task


@dataclass(frozen=True)
class Array:
    """Where the parts of a stage run.

    Args:
        launch: "local" or "slurm".
        array: Parts; 0 where no array was asked for.
        partition: Of the cluster; its default where empty.
        hours: Time limit of a part on the cluster; one that needs longer is queued again.
        cpus: Cores of a part on the cluster.
        logs: Folder of the cluster's scripts and logs.
    """

    launch: str = "local"
    array: int = 0
    partition: str = ""
    hours: float = 24.0
    cpus: int = 2
    logs: Path = Path("slurm")

    def __post_init__(self) -> None:
        if self.array < 0 or self.cpus < 1 or self.hours <= 0:
            raise ConfigError("--array and --cpus must be at least 1 and --hours above 0.")
        if self.launch == "slurm" and not self.array:
            raise ConfigError("--launch slurm needs --array N, the number of parts.")


def part_options() -> argparse.ArgumentParser:
    """Return the options of this module, for a stage's parser to take over."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = parser.add_argument_group("shared by several processes")
    group.add_argument("--part", metavar="I/N", help="do part I of N; in an array of Slurm its task by default")
    group.add_argument("--finish", action="store_true", help="join the parts, all of which have ended")
    _array_options(group)
    return parser


def read_array(argv: Sequence[str] | None) -> tuple[Array, list[str]]:
    """Take the options of an array out of a command line; the words that are left are the stage's.

    Raises:
        ConfigError: They cannot be.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _array_options(parser)
    options, words = parser.parse_known_args(argv)
    return Array(**vars(options)), words


def part_of(args: argparse.Namespace) -> Part | None:
    """Return the part that a process was asked for, by option or by Slurm; None for the whole.

    Raises:
        ConfigError: There is no such part, or a part is to be done and joined.
    """
    if args.part and args.finish:
        raise ConfigError("--finish joins what all parts left; give it without --part.")
    if args.part:
        return Part.read(args.part)
    return None if args.finish else array_task()


def start(stage: str, words: Sequence[str], array: Array) -> str:
    """Run the parts of a stage and join them, here or on a cluster, and return a sentence about what was done.

    Raises:
        JobError: They could not be started, or one ended with an error.
        Cancelled: It was stopped.
    """
    parts = [Part(number, array.array) for number in range(1, array.array + 1)]
    if array.launch == "slurm":
        return _submit(stage, tuple(words), parts, array)
    processes = [subprocess.Popen(_command(stage, words, f"--part={part}")) for part in parts]
    codes = _wait(processes)
    for part, code in zip(parts, codes, strict=True):
        if code:
            raise JobError(f"Part {part} ended with code {code}; the reason is above. The same command goes on.")
    if code := _wait([subprocess.Popen(_command(stage, words, "--finish"))])[0]:
        raise JobError(f"The parts are done; joining them ended with code {code}, the reason is above.")
    return f"Done in {len(parts)} parts."


@dataclass
class PartRun:
    """What a task of an array does on the cluster; submitit pickles it, so it holds words."""

    command: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __call__(self) -> int:
        """Run to the end and return the exit code.

        Raises:
            JobError: The stage failed.
        """
        self._process = subprocess.Popen([sys.executable, "-m", "suprem", *self.command])
        while (code := self._process.poll()) is None:  # `checkpoint` comes by a signal in the middle of this
            time.sleep(0.2)
        if code not in (0, STOPPED, -signal.SIGTERM):
            raise JobError(f"{self.command[0]} ended with code {code}; the reason is above in this log.")
        return code

    def checkpoint(self) -> Any:
        """End the part and return what is queued again; it goes on where it was."""
        if self._process is not None:
            self._process.terminate()
        return submitit_module().helpers.DelayedSubmission(PartRun(self.command))


def _submit(stage: str, words: tuple[str, ...], parts: Sequence[Part], array: Array) -> str:
    submitit = submitit_module()
    parameters: dict[str, Any] = {
        "job_name": stage.replace("_", "-"),
        "cpus_per_task": array.cpus,
        "time": round(60 * array.hours),
        "signal_delay_s": SAVES_WITHIN,
        "setup": [import_path()],
    }
    if array.partition:
        parameters["partition"] = array.partition
    logs = array.logs.absolute()
    try:
        executor = submitit.SlurmExecutor(folder=logs, max_num_timeout=REQUEUES)
        requeued = {"additional_parameters": {"requeue": True}}
        executor.update_parameters(**parameters, **requeued, array_parallelism=len(parts))
        jobs = executor.submit_array([PartRun((stage, *words, f"--part={part}")) for part in parts])
        root = str(jobs[0].job_id).partition("_")[0]
        executor = submitit.SlurmExecutor(folder=logs, max_num_timeout=REQUEUES)
        executor.update_parameters(**parameters, additional_parameters={"dependency": f"afterok:{root}"})
        last = executor.submit(PartRun((stage, *words, "--finish")))
    except (RuntimeError, OSError, submitit.core.utils.FailedJobError) as error:
        raise JobError(f"Slurm did not take the job ({error}). Submit where sbatch and srun are at hand.") from error
    return (
        f"Slurm array {root} of {len(parts)} parts, then job {last.job_id} joins them; scripts and logs are in {logs}."
    )


def _array_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument("--launch", choices=("local", "slurm"), default="local", help="where an --array runs")
    parser.add_argument("--array", type=int, default=0, metavar="N", help="run N parts, then join them")
    parser.add_argument("--partition", default="", help="of the Slurm cluster")
    parser.add_argument("--hours", type=float, default=24.0, help="time limit of a part; then it is queued again")
    parser.add_argument("--cpus", type=int, default=2, help="cores of a part on the cluster")
    parser.add_argument("--logs", type=Path, default=Path("slurm"), help="folder of its scripts and logs")


def _command(stage: str, words: Sequence[str], last: str) -> list[str]:
    return [sys.executable, "-m", "suprem", stage, *words, last]


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> list[int]:
    stopped = False

    def stop(number: int, _frame: Any) -> None:
        nonlocal stopped
        stopped = True
        for process in processes:
            process.send_signal(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        codes = [process.wait() for process in processes]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stopped:
        raise Cancelled("Stopped; the same command goes on.")
    return codes
