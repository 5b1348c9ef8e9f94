"""The zero-shot protocol with a fake model whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from suprem.datasets.index import COLUMNS, RecordIndex
from suprem.datasets.task import LabelledRecords, Task, TaskClass
from suprem.errors import EvaluationError, UnreadableEcg
from suprem.evaluation.metrics import auroc
from suprem.evaluation.query_set import QuerySet
from suprem.evaluation.results import EvaluationResult, Skipped
from suprem.evaluation.scoring import ScoredRecords, Scorer, Signals, score_query_sets
from suprem.evaluation.zero_shot import Setting, evaluate_scores

TASK = Task(
    name="test_task",
    classes=(
        TaskClass("A", "first finding", ("A",)),
        TaskClass("B", "second finding", ("B1", "B2")),
        TaskClass("C", "third finding", ("C",)),
    ),
    labels="exact",
    split="fold 9",
    published_records={9: 42},
    citation="none",
    defects=("none",),
)
ABOUT = Setting("folds 9", "abc", "fake", draws=20)
QUERIES = QuerySet("simplified", tuple((query,) for query in TASK.queries))


class FakeScorer:
    """Answers query number q with the first sample of lead q, and remembers how it was asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.queries: list[str] = []

    def vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        self.queries += queries
        return np.eye(len(queries), dtype=np.float32)

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(len(signals))
        return signals[:, : len(vectors), 0] @ vectors.T


def evaluate(scorer: Scorer, stream: Signals, data: LabelledRecords, about: Setting) -> EvaluationResult:
    """Score and evaluate as the commands do."""
    (scored,) = score_query_sets(scorer, stream, [QUERIES])
    return evaluate_scores(scored, data, about, QUERIES).result


def labelled(records: int = 40) -> LabelledRecords:
    """Two records a patient; A in every second record, B in every fifth, C in none."""
    table = pd.DataFrame({name: [""] * records for name in COLUMNS})
    table["record_id"] = [f"r{row:02d}" for row in range(records)]
    table["patient_id"] = [f"p{row // 2}" for row in range(records)]
    table["fold"] = 9
    table["codes"] = [("A",) * (row % 2 == 0) + ("B2",) * (row % 5 == 0) or ("A",) for row in range(records)]
    return TASK.label(RecordIndex(corpus="test", root=Path(), table=table))


def signals(data: LabelledRecords, *, noise: float = 1.0) -> list[tuple[str, NDArray[np.float32]]]:
    """Signals (8 leads, 5 samples) whose first samples carry the labels and noise."""
    rng = np.random.default_rng(0)
    made = rng.normal(scale=noise, size=(len(data.present), 8, 5)).astype(np.float32)
    made[:, :3, 0] += data.present
    return list(zip(data.record_ids, made, strict=True))


def test_the_result_holds_what_the_metrics_say_of_the_models_answers() -> None:
    data = labelled()
    scorer = FakeScorer()
    stream = signals(data)
    result = evaluate(scorer, stream, data, replace(ABOUT, draws=200, seed=1))

    assert scorer.queries == ["first finding", "second finding", "third finding"]
    assert scorer.batches == [32, 8]
    expected = auroc(data.present, np.stack([signal[:3, 0] for _, signal in stream]))
    assert [entry.auroc for entry in result.classes[:2]] == pytest.approx(expected[:2])
    assert result.macro == pytest.approx(expected[:2].mean())
    assert (result.task, result.labels, result.checkpoint, result.encoder) == ("test_task", "exact", "abc", "fake")
    assert (result.records, result.patients, result.published_records) == (40, 20, 42)
    assert (result.split, result.draws, result.seed) == ("folds 9", 200, 1)
    for entry in result.classes[:2]:
        assert entry.ci[0] < entry.auroc < entry.ci[1]
    assert result.macro_ci[0] < result.macro < result.macro_ci[1]


def test_a_class_without_positives_is_named_and_not_in_the_mean() -> None:
    result = evaluate(FakeScorer(), signals(labelled(), noise=0.0), labelled(), ABOUT)
    assert result.skipped == (Skipped("C", "none of 40 records has it; nothing can be ranked"),)
    assert result.classes[2].positives == 0
    assert np.isnan(result.classes[2].auroc)
    assert result.classes[2].lost_draws == 20
    assert result.macro == 1.0


def test_rare_classes_are_left_out_of_the_second_mean() -> None:
    data = labelled()
    result = evaluate(FakeScorer(), signals(data), data, ABOUT)
    assert [entry.positives for entry in result.classes] == [36, 8, 0]
    assert result.macro_10 == result.classes[0].auroc != result.macro
    assert result.macro_10_ci == pytest.approx(result.classes[0].ci)


def test_the_order_in_which_records_come_does_not_matter() -> None:
    data = labelled()
    stream = signals(data)
    first = evaluate(FakeScorer(), stream, data, replace(ABOUT, draws=50))
    second = evaluate(FakeScorer(), stream[::-1], data, replace(ABOUT, draws=50))
    assert first.to_json() == second.to_json()


def test_unreadable_records_are_listed_and_the_others_evaluated() -> None:
    data = labelled()
    stream = [
        (name, UnreadableEcg("The file is empty.") if name in {"r03", "r11"} else signal)
        for name, signal in signals(data)
    ]
    result = evaluate(FakeScorer(), stream, data, ABOUT)
    assert result.records == 38
    assert result.unreadable == (Skipped("r03", "The file is empty."), Skipped("r11", "The file is empty."))
    rows = [row for row, name in enumerate(data.record_ids) if name not in {"r03", "r11"}]
    expected = evaluate(FakeScorer(), [stream[row] for row in rows], data.take(rows), ABOUT)
    assert result.classes == expected.classes or result.table().equals(expected.table())


def test_no_readable_record_is_an_error_that_tells_the_first_reason() -> None:
    stream = [("r00", UnreadableEcg("The file is empty.")), ("r01", UnreadableEcg("No header."))]
    with pytest.raises(EvaluationError, match=r"Not one of 2 records.*The file is empty\."):
        evaluate(FakeScorer(), stream, labelled(), ABOUT)


def test_a_record_that_is_neither_scored_nor_explained_is_named() -> None:
    data = labelled()
    with pytest.raises(EvaluationError, match="1 of 40 labelled records have no scores, first r39"):
        evaluate(FakeScorer(), signals(data)[:-1], data, ABOUT)


def test_scores_for_other_queries_or_twice_for_a_record_are_refused() -> None:
    data = labelled()
    logits = np.zeros((40, 3), np.float32)
    with pytest.raises(EvaluationError, match="one column for each of its 3 classes"):
        evaluate_scores(ScoredRecords(data.record_ids, logits[:, :2], ()), data, ABOUT, QUERIES)
    with pytest.raises(EvaluationError, match="scored twice"):
        evaluate_scores(ScoredRecords((*data.record_ids[:39], "r00"), logits, ()), data, ABOUT, QUERIES)


def test_a_model_that_answers_with_nan_is_refused() -> None:
    data = labelled()
    logits = np.zeros((40, 3), np.float32)
    logits[7, 1] = np.nan
    with pytest.raises(EvaluationError, match="not finite"):
        evaluate_scores(ScoredRecords(data.record_ids, logits, ()), data, ABOUT, QUERIES)
