"""The training page is timed with the jobs and the run that it was filled with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.running import python_output
from pipelines.speed.rerun import fill_installation, page_figures
from suprem.errors import JobError
from suprem.jobs.job import State
from suprem.jobs.run_folder import Metrics
from suprem.jobs.store import JobStore


def test_an_installation_is_filled_with_finished_jobs_and_a_long_run(tmp_path: Path) -> None:
    fill_installation(tmp_path, 3, 250)
    store = JobStore(f"sqlite:///{tmp_path / 'suprem.sqlite'}", tmp_path / "jobs")
    assert [job.state for job in store.jobs()] == [State.DONE] * 3
    metrics = Metrics(tmp_path / "runs" / "long" / "metrics.jsonl").refresh()
    assert (len(metrics.rows["train"]), len(metrics.rows["validation"])) == (248, 2)


def test_python_that_fails_is_reported_with_its_last_words(tmp_path: Path) -> None:
    assert python_output(tmp_path, "-c", "import os; print(os.environ['SUPREM_HOME'])").strip() == str(tmp_path)
    with pytest.raises(JobError, match="ended with code 1: ValueError: no"):
        python_output(tmp_path, "-c", "raise ValueError('no')")


@pytest.mark.slow
def test_reruns_of_the_real_page_are_timed() -> None:
    first, *later = page_figures(jobs=2, rows=200)
    assert first.value > 0
    assert [(figure.unit, figure.wanted) for figure in later] == [("ms", "< 300")] * 3
