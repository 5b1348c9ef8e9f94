"""Two jobs never write the same place, however they were queued."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suprem.errors import JobError
from suprem.jobs import runner
from suprem.jobs.job import JobSpec, State
from suprem.jobs.store import JobStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "jobs")
    yield store
    store.close()


def test_of_ten_tabs_that_launch_the_same_run_one_does(store: JobStore) -> None:
    def launch(tab: int) -> str:
        try:
            store.submit(JobSpec("pretrain", {"run_dir": "runs/one"}, f"tab {tab}"))
        except JobError as refused:
            return str(refused)
        return "queued"

    with ThreadPoolExecutor(10) as tabs:
        answers = sorted(tabs.map(launch, range(10)))
    assert answers[:9] == ["Job 1 writes the same already; wait until it has ended, or cancel it first."] * 9
    assert answers[9] == "queued"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (JobSpec("pretrain", {"run_dir": "a/b"}), JobSpec("pretrain", {"run_dir": "a/./c/../b", "resume": True})),
        (
            JobSpec("score", {"results": "cohort", "folder": "x"}),
            JobSpec("score", {"results": "cohort", "folder": "y"}),
        ),
        (JobSpec("download", {"corpus": "ptb-xl"}), JobSpec("download", {"corpus": "ptb-xl"})),
        (JobSpec("promote", {"checkpoint": "a"}), JobSpec("promote", {"checkpoint": "a"})),
    ],
)
def test_what_writes_the_same_waits_for_the_other_to_end(store: JobStore, first: JobSpec, second: JobSpec) -> None:
    store.submit(first)
    with pytest.raises(JobError, match="Job 1 writes the same already; wait until it has ended"):
        store.submit(second)
    runner.cancel(store, 1)
    assert store.submit(second).state is State.QUEUED


def test_what_writes_elsewhere_is_queued_beside_it(store: JobStore) -> None:
    for spec in (JobSpec("download", {"corpus": "ptb-xl"}), JobSpec("download", {"corpus": "csn"})):
        store.submit(spec)
    assert len(store.jobs()) == 2
