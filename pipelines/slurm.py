"""Runs on a Slurm cluster, by submitit: at the end of its time a run saves, is queued again and resumes."""

from __future__ import annotations

import importlib.util
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.torchrun import PORT, Launch, resuming, torchrun
from suprem.errors import ConfigError, JobError
from suprem.jobs.job import STOPPED
from suprem.resources import ROOT

SAVES_WITHIN = 120
"""Seconds before its end at which Slurm tells a job to save."""


REQUEUES = 100
"""Times that a job whose time was up is queued again."""


@dataclass(frozen=True)
class SlurmLauncher:
    """A job of a Slurm cluster: one task a machine, which starts torchrun there."""

    launch: Launch

    def start(self, stage: str, words: Sequence[str], run_dir: Path) -> str:
        """See `Launcher`."""
        submitit = submitit_module()
        try:
            executor = submitit.SlurmExecutor(folder=run_dir.absolute() / "slurm", max_num_timeout=REQUEUES)
            executor.update_parameters(**slurm_parameters(self.launch, run_dir.name))
            job = executor.submit(NodeRun(stage, tuple(words), run_dir, self.launch))
        except (RuntimeError, OSError, submitit.core.utils.FailedJobError) as error:
            raise JobError(
                f"Slurm did not take the job ({error}). Submit where sbatch and srun are at hand."
            ) from error
        return f"Slurm job {job.job_id}; its script and its logs are in {run_dir / 'slurm'}, cancel it with scancel."


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
        job = submitit_module().JobEnvironment()
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
        return submitit_module().helpers.DelayedSubmission(again)

    def _wait(self, seconds: float = float("inf")) -> int | None:
        # Asked again and again: `checkpoint` comes by a signal in the middle of this, where `Popen.wait` would block.
        deadline = time.monotonic() + seconds
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return None if self._process is None else self._process.returncode


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
        "setup": [import_path()],
    }
    if not launch.cpu:
        parameters["gpus_per_node"] = launch.gpus_per_node
    if launch.partition:
        parameters["partition"] = launch.partition
    return parameters


def import_path() -> str:
    """Return the line of an sbatch script by which Python finds this module there.

    submitit starts Python by itself, and an installed package keeps this module where only `suprem` looks.
    """
    return f"export PYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}"


def submitit_module() -> Any:
    """Return the module of submitit.

    Raises:
        ConfigError: It is not installed.
    """
    if importlib.util.find_spec("submitit") is None:
        raise ConfigError("--launch slurm needs submitit; install it with: pip install '.[slurm]'")
    import submitit

    return submitit
