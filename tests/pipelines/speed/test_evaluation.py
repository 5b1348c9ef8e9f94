"""What an evaluation is timed on has the shape of a real one, and both figures come with their bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.speed import evaluation
from suprem.evaluation.metrics import evaluable
from tests.tiny import write_checkpoint


def test_the_noise_has_frequent_and_rare_classes() -> None:
    labelled = evaluation.labelled_noise(evaluation.RECORDS)
    assert labelled.present.shape == (2198, 71)
    assert evaluable(labelled.present).sum() > 65
    assert labelled.present.sum(axis=0).min() < 10 < 500 < labelled.present.sum(axis=0).max()


def test_recordings_are_scored_from_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "DRAWS", 20)
    monkeypatch.setattr(evaluation.Predictor, "vectors", lambda self, asked: self._queries._names[[0] * len(asked)])
    bootstrap, whole = evaluation.evaluation_figures(write_checkpoint(tmp_path / "c"), records=60, scored=2)
    assert (bootstrap.unit, bootstrap.wanted, whole.wanted) == ("s", "< 10", "< 300")
    assert bootstrap.name == "20 bootstrap draws, 60 records x 71 classes"
    assert whole.value > 0
    assert "calculated from 2 of 500 Hz" in whole.note
