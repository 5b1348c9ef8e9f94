"""Parts of a stage: killed, gone on with and joined they leave the same bytes as one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import array, extract_entities, index_datasets, measure
from pipelines.array import read_array
from suprem.datasets import signal_store
from suprem.errors import CohortError, ConfigError
from suprem.inference.cohort import PART, Cohort, Plan, QualityVerdict, ScoredRecord, add_part, begin, finish
from suprem.inference.cohort_parts import begin_part, join_cohort
from suprem.part import Part
from suprem.reports import blocks
from suprem.settings import array_task
from tests.tiny import write_ptbxl


def content(folder: Path) -> dict[str, bytes]:
    """Return name -> bytes of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_part_is_read_and_its_turns_come_round() -> None:
    assert [unit for unit in range(7) if Part.read("2/3").owns(unit)] == [1, 4]
    for wrong in ("0/3", "4/3", "2", "a/b", "-1/3"):
        with pytest.raises(ConfigError, match="2/8"):
            Part.read(wrong)


def test_slurm_tells_the_part() -> None:
    told = {"ID": "5", "COUNT": "3", "MIN": "4", "MAX": "6"}
    environ = {f"SLURM_ARRAY_TASK_{name}": value for name, value in told.items()}
    assert array_task(environ) == Part(2, 3)
    assert array_task({}) is None
    with pytest.raises(ConfigError, match="one after the other"):
        array_task({**environ, "SLURM_ARRAY_TASK_MAX": "9"})
    with pytest.raises(ConfigError, match="--part"):
        array_task({"SLURM_ARRAY_TASK_ID": "1"})


def reports(path: Path, number: int) -> Path:
    rows = [f'{i},"sinus rhythm. possible lvh. heart rate {50 + i % 40}."' for i in range(number)]
    path.write_text("\n".join(["report_id,report", *rows, "7,sinus rhythm", "x,"]) + "\n")
    return path


def test_two_tasks_of_reports_one_killed_leave_what_one_process_leaves(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table = reports(tmp_path / "reports.csv", 2 * blocks.BLOCK + 10)
    words = ["--reports", str(table), "--out"]
    assert extract_entities.main([*words, str(tmp_path / "one")]) == 0

    out = tmp_path / "many"
    command = [sys.executable, "-m", "suprem", "extract_entities", *words, str(out), "--part", "1/2"]
    with subprocess.Popen(command) as killed:
        while killed.poll() is None and not list(out.glob("*/00000.json")):
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
    assert extract_entities.main([*words, str(out), "--finish"]) == 2
    assert "run every part to its end first" in capfd.readouterr().err
    first = next(out.glob("*/00000.jsonl")).stat().st_mtime_ns
    for part in ("1/2", "2/2"):
        assert extract_entities.main([*words, str(out), "--part", part]) == 0
    assert next(out.glob("*/00000.jsonl")).stat().st_mtime_ns == first, "what was done is not done again"
    assert extract_entities.main([*words, str(out), "--finish"]) == 0
    assert content(out) == content(tmp_path / "one")


def test_parts_of_a_store_and_of_its_measurements_are_those_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signal_store, "SHARD_BYTES", 1)  # a shard a record
    corpus = write_ptbxl(tmp_path / "ptb-xl", [{"NORM": 100.0}, {"AFIB": 0.0}, {}, {}], [1, 8, 9, 2])
    (corpus / "records100/00000/00002_lr.dat").unlink()
    words = ["--ptbxl", str(corpus), "--workers", "1", "--out"]
    one, many = tmp_path / "one", tmp_path / "many"
    assert index_datasets.main([*words, str(one)]) == 0
    for part in ("1/2", "2/2", "2/2"):
        assert index_datasets.main([*words, str(many), "--part", part]) == 0
    assert not many.exists()
    assert index_datasets.main([*words, str(many), "--finish"]) == 0
    assert content(many) == content(one)
    assert not list(tmp_path.glob("*.building"))
    assert not list(tmp_path.glob(".*.lock"))

    monkeypatch.setattr(measure, "cores", lambda: 1)
    assert measure.main(["--store", str(one)]) == 0
    assert measure.main(["--store", str(many), "--finish"]) == 2
    assert measure.main(["--store", str(many), "--part", "2/2"]) == 0
    assert measure.main(["--store", str(many), "--finish"]) == 2
    assert "Part 1/2 has measured 0 of 1 records" in capsys.readouterr().err
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    for name, value in (("COUNT", "2"), ("MIN", "0"), ("MAX", "1")):
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert measure.main(["--store", str(many)]) == 0
    assert measure.main(["--store", str(many), "--finish"]) == 0
    assert content(many) == content(one)


def score(cohort: Cohort) -> None:
    """Give every recording that a cohort lacks a verdict that tells its name."""
    files = cohort.plan.files[cohort.done :]
    for first in range(0, len(files), PART):
        rows = [ScoredRecord(QualityVerdict.UNREADABLE, name) for name in files[first : first + PART]]
        add_part(cohort, rows, width=2)
    finish(cohort.folder, {})


def test_parts_of_a_cohort_are_joined_in_the_order_of_one(tmp_path: Path) -> None:
    files = tuple(f"{number:04d}.hea" for number in range(3 * PART + 5))
    plan = Plan(tmp_path, files, ("LBBB",), ("trained",), "0123", ignore_quality=False, links=True)
    one, many = tmp_path / "one", tmp_path / "many"
    score(begin(one, plan))
    score(begin_part(many, plan, Part(2, 3)))
    score(begin_part(many, plan, Part(1, 3)))
    with pytest.raises(CohortError, match="Part 3/3 has 0 recordings done"):
        join_cohort(many, {})
    score(begin_part(many, plan, Part(3, 3)))
    joined = join_cohort(many, {})
    assert joined.messages == joined.plan.files == files
    assert {name: data for name, data in content(many).items() if name != "cohort.json"} == {
        name: data
        for name, data in content(one).items()
        if name != "cohort.json"  # its date
    }


def test_an_array_on_this_machine_does_the_parts_and_joins_them(tmp_path: Path) -> None:
    table = reports(tmp_path / "reports.csv", 20)
    words = ["--reports", str(table), "--out"]
    assert extract_entities.main([*words, str(tmp_path / "one")]) == 0
    assert extract_entities.main([*words, str(tmp_path / "many"), "--array", "2"]) == 0
    assert content(tmp_path / "many") == content(tmp_path / "one")
    missing = tmp_path / "nothing.csv"
    assert extract_entities.main(["--reports", str(missing), "--out", str(tmp_path / "no"), "--array", "2"]) == 2


def test_a_cluster_gets_an_array_and_the_finish_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("submitit")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("sbatch", "srun"):
        counting = f"echo x >>'{tmp_path}/jobs'; echo Submitted batch job $(wc -l <'{tmp_path}/jobs')"
        (commands / name).write_text(f"#!/bin/sh\n{counting}\n")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    logs = tmp_path / "logs"
    words = ["--store", str(tmp_path / "store"), "--launch", "slurm", "--array", "8", "--logs", str(logs)]
    assert measure.main([*words, "--hours", "2", "--partition", "cpu"]) == 0
    assert "Slurm array 1 of 8 parts, then job 2 joins them" in capsys.readouterr().out
    parts, last = ((logs / f"{number}_submission.sh").read_text().splitlines() for number in (1, 2))
    assert {"#SBATCH --array=0-7%8", "#SBATCH --requeue", "#SBATCH --time=120", "#SBATCH --partition=cpu"} <= set(parts)
    assert "#SBATCH --dependency=afterok:1" in last
    assert not any("--array=" in line for line in last)
    with pytest.raises(ConfigError, match="--array N"):
        read_array(["--launch", "slurm"])
    assert array.PartRun(("measure", "--help"))() == 0
