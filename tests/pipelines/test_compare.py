"""The command: from two results with their scores to a verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines import compare
from suprem.evaluation.score_table import ScoreTable
from tests.evaluation.test_comparison import ORIGIN, scores
from tests.evaluation.test_results import RESULT


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A result with its scores in a folder beside it, and a file of scores."""
    (tmp_path / "kept").mkdir()
    scores(2.0, seed=1).save(tmp_path / "kept" / "a.npz")
    (tmp_path / "a.json").write_text(replace(RESULT, scores="kept/a.npz").to_json())
    scores(0.5, seed=2).save(tmp_path / "b.npz")
    return tmp_path / "a.json", tmp_path / "b.npz"


def test_a_result_and_a_score_file_are_compared(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--first", str(files[0]), "--second", str(files[1]), "--bootstrap", "100"]
    out = tmp_path / "new" / "comparison.json"
    assert compare.main([*arguments, "--json", "--out", str(out)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(out.read_text())
    assert printed["tasks"][0]["difference"] > 0.1
    assert printed["tasks"][0]["p_value"] < 0.05
    assert compare.main(arguments) == 0
    text = capsys.readouterr().out
    assert "csn, labels exact: 300 records" in text
    assert "100 paired draws of patients" in text
    assert "too few positives for a test to be trusted: C" in text


def test_several_tasks_are_tested_together(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, strength in (("c", 1.5), ("d", 1.4)):
        made = scores(strength, seed=len(name) + int(10 * strength))
        ScoreTable(
            replace(ORIGIN, task="cpsc2018"),
            made.record_ids,
            made.patients,
            made.present,
            made.logits.astype(np.float32),
        ).save(tmp_path / f"{name}.npz")
    first, second = [str(files[0]), str(tmp_path / "c.npz")], [str(files[1]), str(tmp_path / "d.npz")]
    assert compare.main(["--first", *first, "--second", *second, "--bootstrap", "50"]) == 0
    assert "over 2 tasks: mean difference" in capsys.readouterr().out


def test_what_a_part_gives_to_two_models_is_tested(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = []
    for number, (option, strengths) in enumerate(
        {"first": (2.0, 1.8), "second": (0.6, 0.5), "first-without": (0.4, 0.3), "second-without": (0.5, 0.6)}.items()
    ):
        arguments.append(f"--{option}")
        for task, strength in enumerate(strengths):
            path = tmp_path / f"{option}-{task}.npz"
            scores(strength, seed=10 * number + task).save(path)
            arguments.append(str(path))
    assert compare.main([*arguments, "--bootstrap", "20", "--json"]) == 0
    part = json.loads(capsys.readouterr().out)["part"]
    assert part["first_gain"] > 0.2 > abs(part["second_gain"])
    assert [row["df"] for row in part["anova"]] == [1, 1, 1, 4]
    assert compare.main([*arguments, "--bootstrap", "20"]) == 0
    assert "analysis of variance, within tasks: sum of squares, df, F, p" in capsys.readouterr().out
    assert compare.main([*arguments[:-1], "--bootstrap", "20"]) == 2
    assert "2 files with the part and 1 without it" in capsys.readouterr().err


def test_a_wrong_request_is_one_sentence_and_exit_code_2(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bare.json").write_text(RESULT.to_json())
    for arguments, expected in (
        (["--first", str(tmp_path / "bare.json"), "--second", str(files[1])], "without the scores of each record"),
        (["--first", str(tmp_path / "no.json"), "--second", str(files[1])], "no.json cannot be read"),
        (["--first", str(files[1]), str(files[1]), "--second", str(files[1])], "2 files of the first model and 1"),
    ):
        assert compare.main(arguments) == 2
        captured = capsys.readouterr().err
        assert captured.startswith("error: ")
        assert expected in captured
        assert captured.count("\n") == 1
