"""What is known of each score, joined in one row: what a figure draws, a table lists and a file exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import logit

from suprem.concepts.query import CardiacQuery
from suprem.inference.reference import (
    OperatingThreshold,
    ReferencePercentile,
    operating_thresholds,
    reference_percentile,
)
from suprem.inference.score import QueryScore, WordingSpread
from suprem.model_card import ModelCard


class Order(StrEnum):
    """By what the rows of the findings are sorted, the highest first."""

    RANK = "Rank"
    PROBABILITY = "Probability"
    AUROC = "AUROC"
    TYPED = "As typed"


@dataclass(frozen=True)
class FindingRow:
    """One query's score with all that is known of it.

    Args:
        score: Of the query.
        place: Its rank among the reference ECGs; None where the query was not evaluated.
        spread: Lowest and highest rank of the same finding in its other wordings; None where it has none.
        thresholds: Its operating points.
        contradicted: Whether a measurement of the same ECG speaks against a high score of it.
        unmet: What the finding cannot be without and the ECG lacks, as measured; then it has no bar.
    """

    score: QueryScore
    place: ReferencePercentile | None = None
    spread: tuple[float, float] | None = None
    thresholds: tuple[OperatingThreshold, ...] = ()
    contradicted: bool = False
    unmet: str = ""


def finding_rows(
    scores: Sequence[QueryScore],
    queries: Sequence[CardiacQuery],
    card: ModelCard,
    spreads: Mapping[str, WordingSpread] | None = None,
    contradicted: frozenset[str] = frozenset(),
    unmet: Mapping[str, str] | None = None,
) -> list[FindingRow]:
    """Return a row for each score, in the order of the queries.

    Args:
        scores: In any order.
        queries: What was asked.
        card: The model card with the reference.
        spreads: Query -> scores of its other wordings.
        contradicted: Queries that a measurement speaks against.
        unmet: Query -> the measurement that rules the finding out by its definition.
    """
    by_query = {score.query: score for score in scores}
    rows = []
    for query in queries:
        score = by_query[query.text]
        spread = (spreads or {}).get(query.text)
        ends = [
            reference_percentile(card, query.code, float(logit(value)))
            for value in ((spread.lowest, spread.highest) if spread else ())
        ]
        rows.append(
            FindingRow(
                score,
                reference_percentile(card, query.code, score.logit),
                (ends[0].lower, ends[1].lower) if len(ends) == 2 and ends[0] and ends[1] else None,
                operating_thresholds(card, query.code),
                query.text in contradicted,
                (unmet or {}).get(query.text, ""),
            )
        )
    return rows


def in_order(rows: Sequence[FindingRow], order: Order) -> list[FindingRow]:
    """Return the rows sorted; those without the figure come last, in the order they have."""
    if order is Order.TYPED:
        return list(rows)

    def figure(row: FindingRow) -> float | None:
        if row.place is None or (row.unmet and order is not Order.AUROC):
            return None
        return {Order.RANK: row.place.lower, Order.PROBABILITY: row.place.probability, Order.AUROC: row.place.auroc}[
            order
        ]

    known = sorted((row for row in rows if figure(row) is not None), key=lambda row: -(figure(row) or 0.0))
    return [*known, *(row for row in rows if figure(row) is None)]


def percentiles(
    scores: Sequence[QueryScore], queries: Sequence[CardiacQuery], card: ModelCard
) -> dict[str, ReferencePercentile]:
    """Return query -> where its score stands among the reference ECGs, for trained concepts."""
    codes = {query.text: query.code for query in queries}
    places = {score.query: reference_percentile(card, codes.get(score.query), score.logit) for score in scores}
    return {query: place for query, place in places.items() if place is not None}
