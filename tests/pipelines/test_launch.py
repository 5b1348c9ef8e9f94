"""A run goes where it is sent: the words are right, a cluster's script asks for what is needed, and it resumes."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from pipelines import launch, pretrain, slurm
from pipelines.launch import TorchrunLauncher, read_launch
from pipelines.slurm import NodeRun, SlurmLauncher
from pipelines.torchrun import Launch, resuming, torchrun
from suprem.errors import Cancelled, ConfigError, JobError

WORDS = ("--config", "a.toml", "--data", "store", "--run-dir", "run", "--set", "training.epochs=3")


def test_the_options_of_the_launch_are_taken_out_and_the_stages_are_left() -> None:
    found, words = read_launch([*WORDS, "--launch", "slurm", "--nodes", "2", "--gpus-per-node", "8"])
    assert found == Launch("slurm", nodes=2, gpus_per_node=8)
    assert words == list(WORDS)


def test_torchrun_stands_alone_or_meets_the_other_machines() -> None:
    alone = torchrun("pretrain", WORDS, Launch("torchrun", gpus_per_node=2), identity="run")
    assert alone[1:5] == ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    assert alone[5:] == ["-m", "suprem", "pretrain", *WORDS]
    two = Launch("torchrun", nodes=2, gpus_per_node=8, rendezvous="one:29500")
    assert torchrun("pretrain", WORDS, two, identity="run")[3:8] == [
        "--nnodes=2", "--rdzv-backend=c10d", "--rdzv-endpoint=one:29500", "--rdzv-id=run", "--nproc_per_node=8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nodes", "0"], "must be at least 1"),
        (["--gpus-per-node", "8"], "need --launch torchrun or --launch slurm"),
        (["--launch", "torchrun", "--nodes", "2"], "needs --rendezvous HOST:29500"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_launch(words)


@pytest.mark.parametrize(
    ("program", "error"), [("raise SystemExit(143)", Cancelled), ("raise SystemExit(3)", JobError), ("pass", None)]
)
def test_a_launched_run_ends_as_its_processes_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, error: type[Exception] | None
) -> None:
    monkeypatch.setattr(launch, "torchrun", lambda *_, **__: [sys.executable, "-c", program])
    with pytest.raises(error) if error else nullcontext():
        assert TorchrunLauncher(Launch("torchrun")).start("pretrain", WORDS, tmp_path) == "Done."


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Slurm that takes every job and runs none."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("sbatch", "srun"):
        (commands / name).write_text("#!/bin/sh\necho Submitted batch job 12\n")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)


@pytest.mark.usefixtures("cluster")
def test_a_cluster_gets_one_task_a_machine_time_to_save_and_leave_to_requeue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("submitit")
    run = tmp_path / "run-1"
    words = ["--run-dir", str(run), "--launch", "slurm", "--nodes", "2", "--gpus-per-node", "8", "--partition", "ai"]
    assert pretrain.main([*words, "--hours", "4"]) == 0
    assert "Slurm job 12" in capsys.readouterr().out
    script = (run / "slurm" / "12_submission.sh").read_text()
    wanted = {"nodes=2", "ntasks-per-node=1", "gpus-per-node=8", "cpus-per-task=64", "time=240", "partition=ai"}
    assert {f"#SBATCH --{line}" for line in (*wanted, "requeue", "signal=USR2@120", "job-name=run-1")} <= set(
        script.splitlines()
    )
    assert "srun" in script
    assert "submitit.core._submit" in script


def test_a_machine_without_slurm_is_told_where_to_submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JobError, match="Submit where sbatch and srun are at hand"):
        SlurmLauncher(Launch("slurm")).start("pretrain", WORDS, tmp_path / "run")


SAVER = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(143)); print('up', flush=True); time.sleep(60)"


def test_a_preempted_run_saves_is_queued_again_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    started: list[tuple[Any, ...]] = []

    def command(stage: str, words: Any, *_: object, **__: object) -> list[str]:
        started.append(tuple(words))
        return [sys.executable, "-c", SAVER]

    monkeypatch.setattr(slurm, "torchrun", command)
    monkeypatch.setenv("_TEST_CLUSTER_", "local")  # submitit's own switch
    monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", "12")
    run = NodeRun("pretrain", WORDS, tmp_path, Launch("slurm"))
    again: list[Any] = []
    before = signal.signal(signal.SIGALRM, lambda *_: again.append(run.checkpoint()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        began = time.monotonic()
        assert run() == 143, "stopped in the middle, by a signal as Slurm sends it"
        assert time.monotonic() - began < 30
        (tmp_path / "config.toml").touch()
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        assert run() == 143
    finally:
        signal.signal(signal.SIGALRM, before)
    assert started == [WORDS, resuming(WORDS)]
    assert again[0].function.words == WORDS


@pytest.mark.slow
def test_submitit_carries_a_run_to_another_process_and_its_error_back(tmp_path: Path) -> None:
    submitit = pytest.importorskip("submitit")
    executor = submitit.LocalExecutor(folder=tmp_path)
    executor.update_parameters(timeout_min=5)
    help_only = executor.submit(NodeRun("pretrain", ("--help",), tmp_path / "run", Launch("slurm")))
    refused = executor.submit(NodeRun("pretrain", ("--nonsense",), tmp_path / "run", Launch("slurm")))
    assert help_only.result() == 0
    with pytest.raises(submitit.core.utils.FailedJobError, match="pretrain ended with code"):
        refused.result()


RUN = ("--config", "a.toml", "--data", "store", "--run-dir", "run", "--set", "training.epochs=3")


@pytest.mark.parametrize("words", [RUN, (*RUN, "--vocabulary=v", "--resume"), ("--vocabulary", "v", *RUN)])
def test_a_run_that_goes_on_keeps_its_configuration(words: tuple[str, ...]) -> None:
    assert resuming(words) == ("--data", "store", "--run-dir", "run", "--resume")
