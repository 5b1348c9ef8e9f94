"""What is known of a score is joined once, and sorted by what the person asks for."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.concepts.query import CardiacQuery, Support
from suprem.inference.reference import reference_of
from suprem.inference.score import QueryScore, WordingSpread
from suprem.model_card import (
    ClassFigures,
    ModelCard,
    PlattMap,
    ProbabilityMaps,
    ThresholdFigures,
    ValidationFigures,
)
from suprem.web.read_ecg.findings import Order, finding_rows, in_order
from suprem.web.read_ecg.score_figure import score_figure

QUERIES = [CardiacQuery.from_text(text) for text in ("AF", "normal ECG", "left bundle branch block", "zebra stripes")]
SCORES = [
    QueryScore(query.text, query.prompt, 0.5, value, Support.TRAINED, (), "a1")
    for query, value in zip(QUERIES, (-2.0, 4.0, 1.0, 0.0), strict=True)
]


@pytest.fixture
def card() -> ModelCard:
    codes = ("AFIB", "NORM", "CLBBB")
    logits = np.tile(np.linspace(-5, 5, 1001)[:, None], 3)
    figures = (
        ClassFigures(code="AFIB", positives=20, auroc=0.99, ci=(0.98, 1.0)),
        ClassFigures(code="NORM", positives=20, auroc=0.95, ci=(0.9, 1.0)),
    )
    return ModelCard(
        reference=reference_of(codes, logits, logits > 3),
        validation=ValidationFigures(classes=figures),
        probability=ProbabilityMaps(maps={"CLBBB": PlattMap(slope=1.0, intercept=0.0, ece=0.01)}),
        operating_points={"AFIB": (ThresholdFigures("largest F1", 2.5, sensitivity=0.8, specificity=0.97),)},
    )


def test_rank_spread_and_thresholds_are_of_the_same_reference(card: ModelCard) -> None:
    spreads = {"AF": WordingSpread({"a": 0.5, "b": 0.9})}
    row, *_ = finding_rows(SCORES, QUERIES, card, spreads, frozenset({"AF"}))
    assert row.place is not None
    assert row.place.lower == pytest.approx(0.3, abs=0.01)
    assert row.spread == pytest.approx((0.5, 0.72), abs=0.01)
    assert row.thresholds[0].lower == pytest.approx(0.75, abs=0.01)
    assert row.contradicted


@pytest.mark.parametrize(
    ("order", "first"),
    [
        (Order.RANK, ["normal ECG", "left bundle branch block", "AF"]),
        (Order.AUROC, ["AF", "normal ECG"]),
        (Order.PROBABILITY, ["left bundle branch block"]),
        (Order.TYPED, ["AF", "normal ECG", "left bundle branch block", "zebra stripes"]),
    ],
)
def test_rows_are_sorted_by_what_is_asked_and_the_unknown_comes_last(
    card: ModelCard, order: Order, first: list[str]
) -> None:
    names = [row.score.query for row in in_order(finding_rows(SCORES, QUERIES, card), order)]
    assert names[: len(first)] == first
    assert set(names) == {query.text for query in QUERIES}
    assert names[-1] == "zebra stripes"


def test_what_measurements_rule_out_is_last_and_ranked_nowhere(card: ModelCard) -> None:
    rows = finding_rows(SCORES, QUERIES, card, unmet={"normal ECG": "heart rate is 130 /min"})
    assert [row.score.query for row in in_order(rows, Order.RANK)][:2] == ["left bundle branch block", "AF"]
    (ruled_out,) = [row for row in rows if row.unmet]
    figure = score_figure([ruled_out])
    assert list(figure.data[0].x) == [0.0]
    assert "ruled out by definition" in figure.layout.annotations[0].text
