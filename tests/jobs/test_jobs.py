"""Jobs run detached, end in the state they earned, and nothing that a crash leaves behind goes unnoticed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from suprem.errors import JobError
from suprem.jobs import runner, supervise
from suprem.jobs.job import ENDED, LEGAL, JobSpec, State
from suprem.jobs.processes import end_group, group_members, identity, is_alive, start_detached
from suprem.jobs.progress import Progress, last_progress, progress_line, tail
from suprem.jobs.store import JobStore


def spec_of(run: str) -> JobSpec:
    return JobSpec("pretrain", {"run_dir": run}, "tiny")


SPEC = spec_of("a")
WITHIN = 200.0
"""Seconds, of which a quiet machine needs one and a busy one many."""

# Stages for tests, run in place of `python -m pipelines.<stage>`.
QUICK = "print('result')"
FAILING = "import sys; print('what went wrong', file=sys.stderr); sys.exit(3)"
PATIENT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
print('ready', flush=True)
time.sleep(600)
"""
STUBBORN_FAMILY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        break
print('ready', flush=True)
time.sleep(600)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "jobs")
    yield store
    for job in store.jobs():
        if job.group is not None:
            end_group(job.group)
    store.close()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let every job run this Python source."""

    def set_stage(source: str) -> None:
        monkeypatch.setattr(supervise, "command", lambda _spec: [sys.executable, "-c", source])

    return set_stage


def until(condition: Callable[[], bool], seconds: float = WITHIN) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def supervisor(url: str, folder: Path, number: int, source: str, grace: float) -> None:
    supervise.command = lambda _spec: [sys.executable, "-c", source]
    supervise.supervise(JobStore(url, folder), number, grace=grace)


def supervised(
    store: JobStore, tmp_path: Path, number: int, source: str, grace: float = WITHIN
) -> multiprocessing.Process:
    """Start a real supervisor process of a claimed job and wait until its stage says that it is ready."""
    arguments = (f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "jobs", number, source, grace)
    process = multiprocessing.get_context("spawn").Process(target=supervisor, args=arguments)
    process.start()
    until(lambda: "ready" in tail(store.get(number).log))
    return process


def claimed(store: JobStore) -> int:
    store.submit(SPEC)
    job = store.claim(limit=9)
    assert job is not None
    return job.id


def test_a_job_that_succeeds_is_done_and_its_log_is_kept(store: JobStore, stage: Callable[[str], None]) -> None:
    stage(QUICK)
    job = supervise.supervise(store, claimed(store))
    assert (job.state, job.exit_code, job.message) == (State.DONE, 0, "")
    assert tail(job.log) == ["result"]
    assert job.started is not None
    assert job.ended is not None
    assert job.created <= job.started <= job.ended


def test_a_job_that_fails_says_so_with_its_exit_code(store: JobStore, stage: Callable[[str], None]) -> None:
    stage(FAILING)
    job = supervise.supervise(store, claimed(store))
    assert (job.state, job.exit_code) == (State.FAILED, 3)
    assert "exit code 3" in job.message
    assert tail(job.log) == ["what went wrong"]


def test_a_running_job_is_cancelled_after_it_has_saved(store: JobStore, tmp_path: Path) -> None:
    number = claimed(store)
    process = supervised(store, tmp_path, number, PATIENT)
    assert runner.cancel(store, number).state is State.CANCELLING
    process.join(WITHIN)
    job = store.get(number)
    assert (job.state, job.exit_code) == (State.CANCELLED, 143)


def test_a_family_that_ignores_the_request_is_killed_as_a_whole(store: JobStore, tmp_path: Path) -> None:
    number = claimed(store)
    process = supervised(store, tmp_path, number, STUBBORN_FAMILY, grace=0.5)
    group = store.get(number).group
    assert group is not None
    until(lambda: len(group_members(group)) == 3)
    runner.cancel(store, number)
    process.join(WITHIN)
    assert store.get(number).state is State.CANCELLED
    assert group_members(group) == []


def test_a_killed_supervisor_is_found_and_its_stage_ended(store: JobStore, tmp_path: Path) -> None:
    number = claimed(store)
    process = supervised(store, tmp_path, number, STUBBORN_FAMILY)
    group = store.get(number).group
    assert group is not None
    assert runner.reconcile(store, limit=1) == [], "while it lives nothing is lost"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(WITHIN)
    assert group_members(group), "the stage outlives its supervisor"
    lost = runner.reconcile(store, limit=1)
    assert [(job.id, job.state) for job in lost] == [(number, State.LOST)]
    assert group_members(group) == []
    assert lost[0].can_resume
    assert runner.reconcile(store, limit=1) == []


def resumed(store: JobStore, spec: JobSpec) -> JobSpec:
    store.submit(spec)
    store.claim(limit=1)
    store.move(1, State.LOST)
    return runner.resume(store, 1, limit=1, start=lambda _job: None).spec


def test_resuming_keeps_the_run_folder_and_drops_what_the_folder_decides(store: JobStore, tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    spec = JobSpec("pretrain", {"run_dir": str(tmp_path), "data": "store"}, "three epochs", processes=2)
    continued = {**spec.configuration, "resume": True}
    assert resumed(store, spec) == JobSpec("pretrain", continued, "three epochs", 2, resumes=1)
    assert tomllib.loads(store.get(2).configuration_file.read_text()) == continued
    for number, message in (
        (2, r"Job 2 .* is starting; only one that was stopped"),
        (1, "Job 2 continues job 1 already"),
    ):
        with pytest.raises(JobError, match=message):
            runner.resume(store, number, limit=1, start=lambda _job: None)


@pytest.mark.parametrize(
    ("stage", "configuration"), [("pretrain", {"run_dir": "run"}), ("zero_shot", {"config": {"folds": [9]}})]
)
def test_what_left_nothing_to_go_on_with_is_begun_again(
    store: JobStore, stage: str, configuration: dict[str, object]
) -> None:
    assert resumed(store, JobSpec(stage, configuration)) == JobSpec(stage, configuration, resumes=1)


def test_a_job_of_an_earlier_version_is_shown_and_not_continued(store: JobStore, tmp_path: Path) -> None:
    store.submit(SPEC)
    store.claim(limit=1)
    store.move(1, State.LOST)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("UPDATE jobs SET stage = 'ablate', arguments = ?", (json.dumps(["--run-dir", "a"]),))
    connection.close()
    (job,) = store.jobs()
    assert (job.spec.stage, job.spec.title, job.spec.run_folder, job.can_resume) == ("ablate", "tiny", None, False)
    with pytest.raises(JobError, match="earlier version of this program; start its work anew"):
        runner.resume(store, 1, limit=1, start=lambda _job: None)


def test_a_queued_job_starts_when_a_place_is_free(store: JobStore) -> None:
    started: list[int] = []
    for run in ("a", "b", "c"):
        runner.submit(store, spec_of(run), limit=1, start=lambda job: started.append(job.id))
    assert started == [1]
    assert [job.state for job in store.jobs()] == [State.QUEUED, State.QUEUED, State.STARTING]
    store.move(1, State.RUNNING)
    store.move(1, State.DONE)
    runner.dispatch(store, limit=1, start=lambda job: started.append(job.id))
    assert started == [1, 2]
    assert runner.cancel(store, 3).state is State.CANCELLED


def claim_all(url: str, folder: Path, out: multiprocessing.Queue[list[int]]) -> None:
    store, mine = JobStore(url, folder), []
    while (job := store.claim(limit=1000)) is not None:
        mine.append(job.id)
    out.put(mine)


def test_two_processes_that_race_never_start_the_same_job(store: JobStore, tmp_path: Path) -> None:
    for run in range(40):
        store.submit(spec_of(str(run)))
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[list[int]] = context.Queue()
    arguments = (f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "jobs", out)
    racers = [context.Process(target=claim_all, args=arguments) for _ in range(2)]
    for racer in racers:
        racer.start()
    claims = [number for _ in racers for number in out.get(timeout=WITHIN)]
    for racer in racers:
        racer.join(WITHIN)
    assert sorted(claims) == list(range(1, 41))


def test_a_supervisor_that_cannot_be_started_fails_its_job(store: JobStore) -> None:
    def refuse(_job: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    job = runner.submit(store, SPEC, limit=1, start=refuse)
    assert job.state is State.FAILED
    assert "Resource temporarily unavailable" in job.message


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_only_legal_changes_of_state_happen(store: JobStore, before: State, after: State) -> None:
    paths = {
        State.QUEUED: [],
        State.STARTING: [State.STARTING],
        State.RUNNING: [State.STARTING, State.RUNNING],
        State.CANCELLING: [State.STARTING, State.RUNNING, State.CANCELLING],
        State.DONE: [State.STARTING, State.RUNNING, State.DONE],
        State.FAILED: [State.STARTING, State.FAILED],
        State.CANCELLED: [State.CANCELLED],
        State.LOST: [State.STARTING, State.LOST],
    }
    number = store.submit(SPEC).id
    for state in paths[before]:
        store.move(number, state)
    if after in LEGAL[before]:
        assert store.move(number, after).state is after
    else:
        with pytest.raises(JobError, match=f"is {before} and cannot become {after}"):
            store.move(number, after)
        assert (store.get(number).ended is not None) == (before in ENDED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "os"}, "There is no stage 'os'"),
        ({"configuration": {"run_dir": "a\0b"}}, "no null character"),
        ({"configuration": {"run_dir": "x" * 100_000}}, "at most 100,000 characters"),
        ({"processes": 0}, "was given 0 processes"),
    ],
)
def test_a_job_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(JobError, match=message):
        JobSpec(**{"stage": "pretrain", **change})  # type: ignore[arg-type]


def test_a_nearly_full_machine_starts_nothing(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FREE_DISK", 1 << 60)
    with pytest.raises(JobError, match="GB of disk are free"):
        runner.submit(store, SPEC, limit=1, start=lambda _job: None)
    monkeypatch.setattr(runner, "FREE_DISK", 0)
    monkeypatch.setattr(runner, "FREE_MEMORY", 1 << 60)
    with pytest.raises(JobError, match="GB of memory are free"):
        runner.submit(store, SPEC, limit=1, start=lambda _job: None)
    assert store.jobs() == []


def test_the_command_is_what_a_person_would_type(store: JobStore) -> None:
    one = store.submit(SPEC)
    file = str(one.configuration_file)
    assert runner.command(one)[1:] == ["-m", "suprem", "pretrain", "--job", file]
    assert (
        tomllib.loads(one.configuration_file.read_text()) == {"run_dir": "a"} == tomllib.loads(SPEC.configuration_text)
    )
    two = store.submit(JobSpec("pretrain", {"run_dir": "b"}, processes=2))
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "suprem", "pretrain", "--job"]
    assert runner.command(two)[1:] == [*words, str(two.configuration_file)]
    assert SPEC.command_line(Path("my job.toml")) == "python -m suprem pretrain --job 'my job.toml'"
    launcher = "torchrun --standalone --nproc_per_node=2 -m suprem pretrain"
    assert two.spec.command_line(Path("a.toml")) == f"{launcher} --job a.toml"


def test_a_process_that_ended_is_not_alive_even_as_a_zombie(tmp_path: Path) -> None:
    process = start_detached([sys.executable, "-c", "pass"], log=tmp_path / "log", folder=tmp_path)
    named = identity(process.pid)
    assert is_alive(named)
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert not is_alive(named)
    process.wait()
    assert not is_alive(named)
    own = identity(os.getpid())
    for other in (replace(own, start=1.0), replace(own, boot="another"), replace(own, host="elsewhere")):
        assert not is_alive(other), "another process with the same number"


def test_progress_is_read_from_the_end_of_a_long_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert tail(log) == []
    assert last_progress([]) is None
    filler = "some other line of the log\n" * 20_000
    log.write_text(
        progress_line("pretrain", 0.1, "old") + "\n" + filler + progress_line("zero_shot", 0.257, "12 of 40")
    )
    assert last_progress(tail(log)) == Progress(0.257, "12 of 40")
    assert len(tail(log)) == 400
    assert last_progress(["pretrain is at 5.0 %"]) is None
