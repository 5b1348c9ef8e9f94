"""An evaluation on disk: read back as it was, and named as broken where its parts do not belong together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.evaluation_folder import EvaluationFolder, list_evaluations, open_evaluation
from suprem.evaluation.probe_result import add_probe
from suprem.evaluation.score_table import ScoreTable
from tests.evaluations import corpus_index, evaluate_invented, invented_probe, write_evaluation, write_robustness

TASK = "ptbxl_rhythm"


@pytest.fixture
def evaluation(tmp_path: Path) -> EvaluationFolder:
    return write_evaluation(tmp_path, tasks=(TASK,))


def put_scores(evaluation: EvaluationFolder, scores: ScoreTable) -> None:
    scores.save(evaluation.folder / f"{TASK}.npz")


def test_what_was_written_is_read_back(evaluation: EvaluationFolder, tmp_path: Path) -> None:
    assert list_evaluations(tmp_path / "evaluations") == [evaluation]
    expected = evaluate_invented(TASK, corpus_index(tmp_path / "ptb-xl"), checkpoint=evaluation.checkpoint, noise=1.0)
    assert evaluation.result(TASK).macro == expected.result.macro
    np.testing.assert_array_equal(evaluation.scores(TASK).logits, expected.scores.logits)
    index = evaluation.records(TASK)
    assert (index.root, len(index), index.table["codes"].iloc[1]) == (
        tmp_path / "corpora" / "ptb-xl",
        240,
        ("AFIB", "NORM"),
    )


def test_the_newest_comes_first_and_one_without_a_manifest_is_not_there(tmp_path: Path) -> None:
    old = write_evaluation(tmp_path, name="old", created=1.0, tasks=(TASK,))
    new = write_evaluation(tmp_path, name="new", created=2.0, tasks=(TASK,))
    write_evaluation(tmp_path, name="cut-off", tasks=(TASK,)).folder.joinpath("manifest.json").unlink()
    (tmp_path / "evaluations" / "x" / "y").mkdir(parents=True)
    (tmp_path / "evaluations" / "x" / "y" / "manifest.json").write_text('{"tasks": 3}')
    assert [one.name for one in list_evaluations(tmp_path / "evaluations")] == [new.name, old.name]
    with pytest.raises(EvaluationError, match="y is not a complete evaluation"):
        open_evaluation(tmp_path / "evaluations" / "x" / "y")


def test_scores_of_another_model_are_named(evaluation: EvaluationFolder, tmp_path: Path) -> None:
    other = evaluate_invented(TASK, corpus_index(tmp_path / "ptb-xl"), checkpoint="bbbbbbbbbbbb", noise=1.0)
    put_scores(evaluation, other.scores)
    with pytest.raises(EvaluationError, match="checkpoint is 'bbbbbbbbbbbb', the result's is 'aaaaaaaaaaaa'"):
        evaluation.scores(TASK)


def test_missing_rows_are_counted(evaluation: EvaluationFolder) -> None:
    whole = evaluation.scores(TASK)
    part = replace(
        whole,
        record_ids=whole.record_ids[:-7],
        patients=whole.patients[:-7],
        present=whole.present[:-7],
        logits=whole.logits[:-7],
    )
    put_scores(evaluation, part)
    with pytest.raises(EvaluationError, match="hold 233 records and the result 240: 7 rows are missing"):
        evaluation.scores(TASK)


def test_scores_of_other_records_are_named_by_the_classes_that_differ(evaluation: EvaluationFolder) -> None:
    whole = evaluation.scores(TASK)
    present = whole.present.copy()
    present[:, whole.origin.codes.index("AFIB")] = False
    put_scores(evaluation, replace(whole, present=present))
    with pytest.raises(EvaluationError, match="other records than its result: the positives of AFIB differ"):
        evaluation.scores(TASK)


def test_scores_that_are_no_numbers_are_named(evaluation: EvaluationFolder) -> None:
    whole = evaluation.scores(TASK)
    put_scores(evaluation, replace(whole, logits=np.full_like(whole.logits, np.nan)))
    with pytest.raises(EvaluationError, match="not finite"):
        evaluation.scores(TASK)


def test_a_result_of_another_task_or_none_is_named(evaluation: EvaluationFolder) -> None:
    path = evaluation.folder / f"{TASK}.json"
    path.write_text(path.read_text().replace(TASK, "ptbxl_form"))
    with pytest.raises(EvaluationError, match="is a result of ptbxl_form by checkpoint"):
        evaluation.result(TASK)
    path.unlink()
    with pytest.raises(EvaluationError, match=r"ptbxl_rhythm.json of evaluation first cannot be read"):
        evaluation.result(TASK)


def test_linear_probes_of_the_same_checkpoint_are_found(evaluation: EvaluationFolder) -> None:
    assert evaluation.probes() == ()
    probe = invented_probe(evaluation.checkpoint, TASK)
    path = evaluation.folder.parent / "linear_probe.json"
    add_probe(path, replace(probe, macro=0.2))
    add_probe(path, replace(probe, features="random encoder", seed=2))
    add_probe(path, replace(probe, checkpoint="bbbbbbbbbbbb"))
    add_probe(path, probe)
    random, found = evaluation.probes()
    assert found.macro == probe.macro, "the same question has one answer, the last"
    assert np.isnan(found.macro_10)
    assert replace(found, macro_10=0.0) == replace(probe, macro_10=0.0)
    assert (found.learner, random.learner) == (evaluation.checkpoint, "random encoder, seed 2")
    add_probe(path.parents[1] / path.name, replace(probe, features="measurements", checkpoint=""))
    assert [one.features for one in evaluation.probes()][-1] == "measurements", "the same beside every checkpoint"
    path.write_text('{"results": [{"task": "csn"}]}')
    with pytest.raises(EvaluationError, match=r"linear_probe.json is no result of linear_probe"):
        evaluation.probes()


def test_robustness_of_the_same_checkpoint_is_read_back_and_that_of_most_records_taken(
    evaluation: EvaluationFolder,
) -> None:
    assert evaluation.robustness(TASK) is None
    expected = write_robustness(evaluation, TASK)
    few = write_robustness(evaluation, "ptbxl_form", records=3)
    (evaluation.folder.parent / "robustness-few.json").write_text(replace(few, task=TASK).to_json())
    found = evaluation.robustness(TASK)
    assert found is not None
    assert found.to_json() == expected.to_json()
    assert found.wording_means == expected.wording_means
    (evaluation.folder.parent / "robustness-x.json").write_text('{"task": 1}')
    with pytest.raises(EvaluationError, match=r"robustness-x\.json is no result of robustness of this version"):
        evaluation.robustness(TASK)
