"""What a model answers to a query, as values that need no torch."""

from __future__ import annotations

from dataclasses import dataclass

from suprem.concepts.query import Support
from suprem.inference.elsewhere import MeasuredElsewhere


@dataclass(frozen=True)
class QueryScore:
    """The answer to one query.

    Args:
        query: As typed.
        prompt: The text that was embedded.
        score: Sigmoid of the logit. It orders records; it is not a probability.
        logit: The model's output.
        support: Whether the query is inside, near or outside the vocabulary the model was trained on.
        nearest: The closest trained concepts with their cosine, best first.
        checkpoint: Which model said so.
        elsewhere: What was measured of the query at other hospitals.
    """

    query: str
    prompt: str
    score: float
    logit: float
    support: Support
    nearest: tuple[tuple[str, float], ...]
    checkpoint: str
    elsewhere: tuple[MeasuredElsewhere, ...] = ()


@dataclass(frozen=True)
class WordingSpread:
    """Scores of one finding on one record in all wordings the model was trained with: how much hangs on the words.

    Args:
        scores: Wording, in the form that is embedded -> its score.
    """

    scores: dict[str, float]

    @property
    def lowest(self) -> float:
        """The lowest of the scores."""
        return min(self.scores.values())

    @property
    def highest(self) -> float:
        """The highest of the scores."""
        return max(self.scores.values())
