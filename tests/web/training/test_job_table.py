"""The table of jobs names what each runs on, how far it is and how good, and is searched by words."""

from __future__ import annotations

import json
from pathlib import Path

from suprem.experiments.configurations import PretrainRequest, shipped_configuration
from suprem.jobs.job import Job, JobSpec, State
from suprem.web.training.job_table import job_row, search_jobs


def job(folder: Path, number: int, state: State, title: str) -> Job:
    request = PretrainRequest(
        shipped_configuration("compact"), folder / f"run-{number}", folder / "ptb-xl", preset="compact"
    )
    return Job(number, JobSpec.of("pretrain", request, title), state, folder, created=0.0, started=100.0)


def test_a_row_tells_data_vocabulary_time_and_the_best_validation_so_far(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()
    line = {"split": "validation", "step": 10, "epoch": 0, "macro_auroc": 0.875}
    (tmp_path / "run-1" / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    row = job_row(job(tmp_path, 1, State.RUNNING, "first"), now=3700.0, versions={})
    assert (row["job"], row["what"], row["data"], row["vocabulary"]) == (1, "first", "ptb-xl", "71 statements")
    assert (row["AUROC"], row["progress"]) == (0.875, None)
    assert job_row(job(tmp_path, 2, State.DONE, "second"), now=0.0, versions={})["progress"] == 1.0


def test_all_words_of_a_search_must_occur_in_any_column(tmp_path: Path) -> None:
    rows = [
        job_row(job(tmp_path, number, state, f"run {number}"), now=200.0, versions={})
        for number, state in ((1, State.DONE), (2, State.FAILED))
    ]
    assert [row["job"] for row in search_jobs(rows, "FAILED ptb")] == [2]
    assert search_jobs(rows, "") == rows
    assert search_jobs(rows, "failed done") == []
