"""The words that start a stage under torchrun, and those that continue it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from suprem.errors import ConfigError

PORT = 29500


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
