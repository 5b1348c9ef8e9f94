"""Saved scores come back as they were; damaged files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.score_table import ScoreOrigin, ScoreTable

ORIGIN = ScoreOrigin("csn", "exact", ("A", "B"), "folds 9", "cleanest", "abc", "fake", "simplified")


def scores(records: int = 3) -> ScoreTable:
    names = tuple(f"r{row}" for row in range(records))
    logits = np.arange(2.0 * records).reshape(records, 2).astype(np.float32)
    return ScoreTable(ORIGIN, names, names, logits > 1, logits)


def test_scores_read_back_are_the_scores_written(tmp_path: Path) -> None:
    scores().save(tmp_path / "a.npz")
    again = ScoreTable.load(tmp_path / "a.npz")
    assert (again.origin, again.record_ids, again.patients) == (ORIGIN, ("r0", "r1", "r2"), ("r0", "r1", "r2"))
    assert np.array_equal(again.present, scores().present)
    assert np.array_equal(again.logits, scores().logits)


def test_what_is_no_score_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no")
    np.savez(tmp_path / "other.npz", origin=np.array("{}"))
    np.savez(tmp_path / "pickled.npz", origin=np.array([{}], dtype=object))
    for name in ("absent.npz", "text.npz", "other.npz", "pickled.npz"):
        with pytest.raises(EvaluationError, match=f"{name} holds no scores"):
            ScoreTable.load(tmp_path / name)


def test_a_file_with_missing_rows_is_refused(tmp_path: Path) -> None:
    whole = scores()
    ScoreTable(ORIGIN, whole.record_ids, whole.patients, whole.present, whole.logits[:2]).save(tmp_path / "a.npz")
    with pytest.raises(EvaluationError, match=r"a\.npz is damaged: 3 records and 2 classes"):
        ScoreTable.load(tmp_path / "a.npz")
