"""Start a stage where its size wants it: in this process, under torchrun on some machines, or on a Slurm cluster.

`python -m pipelines.pretrain ... --launch slurm --nodes 2 --gpus-per-node 8 --partition P` submits the stage; the same
words without the options of this module are what every process then runs. Slurm goes through submitit
(`pip install '.[slurm]'`): at the end of its time or when it is preempted a run saves, is queued again, and resumes.
"""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from suprem.errors import Cancelled, ConfigError, JobError
from suprem.jobs.job import STOPPED
from suprem.resources import ROOT

PORT = 29500
SAVES_WITHIN = 120
"""Seconds before its end at which Slurm tells a job to save."""

REQUEUES = 100
"""Times that a job whose time was up is queued again."""


@dataclass(frozen=True)
class Launch:
    """Where and how large.

    Args:
        kind: One of `LAUNCHERS`.
        nodes: Machines.
        gpus_per_node: GPUs of each; with `cpu`, processes.
        cpu: Whether the processes compute on CPUs, so that no GPU is asked for.
        partition: Of the cluster; its default where empty.
        hours: Time limit of one stretch on the cluster.
        cpus_per_gpu: Cores for each process on the cluster.
        rendezvous: HOST:PORT of one of several machines, where torchrun's processes meet.
    """

    kind: str = "local"
    nodes: int = 1
    gpus_per_node: int = 1
    cpu: bool = False
    partition: str = ""
    hours: float = 24.0
    cpus_per_gpu: int = 8
    rendezvous: str = ""

    def __post_init__(self) -> None:
        if min(self.nodes, self.gpus_per_node, self.cpus_per_gpu) < 1 or self.hours <= 0:
            raise ConfigError("--nodes, --gpus-per-node and --cpus-per-gpu must be at least 1 and --hours above 0.")
        if self.kind == "local" and max(self.nodes, self.gpus_per_node) > 1:
            raise ConfigError("Several machines or GPUs need --launch torchrun or --launch slurm.")
        if self.kind == "torchrun" and self.nodes > 1 and not self.rendezvous:
            raise ConfigError(
                f"torchrun on {self.nodes} machines needs --rendezvous HOST:{PORT}, one of them; run the same command "
                "on each."
            )


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


@dataclass(frozen=True)
class SlurmLauncher:
    """A job of a Slurm cluster: one task a machine, which starts torchrun there."""

    launch: Launch

    def start(self, stage: str, words: Sequence[str], run_dir: Path) -> str:
        """See `Launcher`."""
        submitit = _submitit()
        try:
            executor = submitit.SlurmExecutor(folder=run_dir.absolute() / "slurm", max_num_timeout=REQUEUES)
            executor.update_parameters(**slurm_parameters(self.launch, run_dir.name))
            job = executor.submit(NodeRun(stage, tuple(words), run_dir, self.launch))
        except (RuntimeError, OSError, submitit.core.utils.FailedJobError) as error:
            raise JobError(
                f"Slurm did not take the job ({error}). Submit where sbatch and srun are at hand."
            ) from error
        return f"Slurm job {job.job_id}; its script and its logs are in {run_dir / 'slurm'}, cancel it with scancel."


LAUNCHERS: dict[str, type[LocalLauncher | TorchrunLauncher | SlurmLauncher]] = {
    "local": LocalLauncher,
    "torchrun": TorchrunLauncher,
    "slurm": SlurmLauncher,
}


class NodeRun:
    """What one machine of a cluster runs: torchrun, with `--resume` when an earlier stretch left something to resume.

    submitit calls it, and `checkpoint` when time is up or the job is preempted. Pickled by submitit, so it holds words.
    """

    def __init__(self, stage: str, words: tuple[str, ...], run_dir: Path, launch: Launch) -> None:
        self.stage, self.words, self.run_dir, self.launch = stage, words, run_dir, launch
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Run to the end and return the exit code.

        Raises:
            JobError: The stage failed.
        """
        job = _submitit().JobEnvironment()
        endpoint = f"{job.hostnames[0]}:{PORT}" if self.launch.nodes > 1 else ""
        words = resuming(self.words) if (self.run_dir / "config.toml").exists() else self.words
        self._process = subprocess.Popen(
            torchrun(self.stage, words, self.launch, identity=job.job_id, rendezvous=endpoint)
        )
        code = self._wait()
        if code not in (0, STOPPED):
            raise JobError(f"{self.stage} ended with code {code}; the reason is above in this log.")
        return code

    def checkpoint(self) -> Any:
        """Let the stage save and end, and return what is queued again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._wait(seconds=SAVES_WITHIN - 20)
        again = NodeRun(self.stage, self.words, self.run_dir, self.launch)
        return _submitit().helpers.DelayedSubmission(again)

    def _wait(self, seconds: float = float("inf")) -> int | None:
        # Asked again and again: `checkpoint` comes by a signal in the middle of this, where `Popen.wait` would block.
        deadline = time.monotonic() + seconds
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return None if self._process is None else self._process.returncode


def resuming(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words that continue a training run: it keeps its own configuration and vocabulary."""
    options = ("--set", "--config", "--vocabulary")
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in options:
            next(rest, None)
        elif not word.startswith(tuple(f"{option}=" for option in options)):
            kept.append(word)
    return tuple(kept) if "--resume" in kept else (*kept, "--resume")


def torchrun(
    stage: str, words: Sequence[str], launch: Launch, *, identity: str, rendezvous: str | None = None
) -> list[str]:
    """Return the command line of torchrun on one machine; `identity` is the same on all machines of a run."""
    meeting = launch.rendezvous if rendezvous is None else rendezvous
    where = ["--standalone"]
    if launch.nodes > 1:
        where = [f"--nnodes={launch.nodes}", "--rdzv-backend=c10d", f"--rdzv-endpoint={meeting}"]
        where += [f"--rdzv-id={identity}"]
    start = [sys.executable, "-m", "torch.distributed.run", *where, f"--nproc_per_node={launch.gpus_per_node}"]
    return [*start, "-m", "suprem", stage, *words]


def slurm_parameters(launch: Launch, name: str) -> dict[str, Any]:
    """Return what submitit writes into the sbatch script."""
    parameters: dict[str, Any] = {
        "job_name": name,
        "nodes": launch.nodes,
        "ntasks_per_node": 1,  # torchrun starts the processes
        "cpus_per_task": launch.cpus_per_gpu * launch.gpus_per_node,
        "time": round(60 * launch.hours),
        "signal_delay_s": SAVES_WITHIN,
        "additional_parameters": {"requeue": True},
        # submitit starts Python by itself there; an installed package keeps this module where only `suprem` looks.
        "setup": [f"export PYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}"],
    }
    if not launch.cpu:
        parameters["gpus_per_node"] = launch.gpus_per_node
    if launch.partition:
        parameters["partition"] = launch.partition
    return parameters


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
    found, words = launch_options().parse_known_args(argv)
    values = vars(found)
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


def _submitit() -> Any:
    if importlib.util.find_spec("submitit") is None:
        raise ConfigError("--launch slurm needs submitit; install it with: pip install '.[slurm]'")
    import submitit

    return submitit
