from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from suprem.evaluation.concept_figures import concept_figures


def test_only_records_with_a_label_count() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice([-1.0, 0.0, 1.0], size=(80, 2), p=[0.3, 0.4, 0.3])
    logits = rng.normal(size=(80, 2)) + labels
    rows = concept_figures(("A", "B"), ("a", "b"), labels, logits, [str(n // 2) for n in range(80)], draws=50)
    for column, row in enumerate(rows):
        known = labels[:, column] >= 0
        assert row.auroc == pytest.approx(roc_auc_score(labels[known, column], logits[known, column]), abs=1e-4)
        assert (row.positives, row.unknown) == ((labels[:, column] == 1).sum(), (~known).sum())
        low, high = row.ci or (None, None)
        assert low is not None
        assert high is not None
        assert row.auroc is not None
        assert low < row.auroc < high


def test_a_concept_without_both_labels_has_no_figure() -> None:
    (row,) = concept_figures(("A",), ("a",), np.array([[0.0], [-1.0]]), np.zeros((2, 1)), ["1", "2"], draws=5)
    assert (row.auroc, row.ci, row.negatives) == (None, None, 1)
