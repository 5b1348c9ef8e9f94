"""Start a stage where its size wants it: in this process, under torchrun on some machines, or on a Slurm cluster.

`python -m pipelines.pretrain ... --launch slurm --nodes 2 --gpus-per-node 8 --partition P` submits the stage; the same
words without the options of this module are what every process then runs. Slurm goes through submitit
(`pip install '.[slurm]'`): at the end of its time or when it is preempted a run saves, is queued again, and resumes.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipelines.slurm import SlurmLauncher
from pipelines.torchrun import Launch, torchrun
from suprem.errors import Cancelled, JobError
from suprem.jobs.job import STOPPED


class Launcher(Protocol):
    """Starts a stage of `pipelines`."""

    def start(self, stage: str, words: Sequence[str], run_dir: Path) -> str:
        """Start it and return a sentence about what was done.

        Args:
            stage: Module below `pipelines`.
            words: Its command line.
            run_dir: The run folder, on a disk that all machines see.

        Raises:
            JobError: It could not be started, or ended with an error.
            Cancelled: It was stopped.
        """


@dataclass(frozen=True)
class LocalLauncher:
    """One process on this machine."""

    launch: Launch

    def start(self, stage: str, words: Sequence[str], run_dir: Path) -> str:
        """See `Launcher`."""
        return _carry_out([sys.executable, "-m", "suprem", stage, *words])


@dataclass(frozen=True)
class TorchrunLauncher:
    """torchrun here, and by the same command on each of the other machines."""

    launch: Launch

    def start(self, stage: str, words: Sequence[str], run_dir: Path) -> str:
        """See `Launcher`."""
        return _carry_out(torchrun(stage, words, self.launch, identity=run_dir.name))


LAUNCHERS: dict[str, type[LocalLauncher | TorchrunLauncher | SlurmLauncher]] = {
    "local": LocalLauncher,
    "torchrun": TorchrunLauncher,
    "slurm": SlurmLauncher,
}


def launch_options() -> argparse.ArgumentParser:
    """Return the options of this module, for a stage's parser to take over."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = parser.add_argument_group("where it runs")
    group.add_argument("--launch", choices=list(LAUNCHERS), default="local", help="default: in this process")
    group.add_argument("--nodes", type=int, default=1, help="machines")
    group.add_argument("--gpus-per-node", type=int, default=1, help="GPUs of each; with --cpu, processes")
    group.add_argument("--cpu", action="store_true", help="ask the cluster for no GPU; set training.cpu=true as well")
    group.add_argument("--partition", default="", help="of the Slurm cluster")
    group.add_argument("--hours", type=float, default=24.0, help="time limit on the cluster; then it is queued again")
    group.add_argument("--cpus-per-gpu", type=int, default=8, help="cores for each process on the cluster")
    group.add_argument("--rendezvous", default="", metavar="HOST:PORT", help="where torchrun's machines meet")
    return parser


def read_launch(argv: Sequence[str] | None) -> tuple[Launch, list[str]]:
    """Take the options of this module out of a command line; the words that are left are the stage's.

    Raises:
        ConfigError: They cannot be.
    """
    options, words = launch_options().parse_known_args(argv)
    values = vars(options)
    return Launch(kind=values.pop("launch"), **values), words


def _carry_out(command: list[str]) -> str:
    process = subprocess.Popen(command)
    stopped = False

    def stop(number: int, _frame: Any) -> None:
        nonlocal stopped
        stopped = True
        process.send_signal(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code and (stopped or code == STOPPED):  # torchrun has a code of its own for having been stopped
        raise Cancelled("Stopped; continue with --resume.")
    if code:
        raise JobError(f"It ended with code {code}; the reason is above.")
    return "Done."
