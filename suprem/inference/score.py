"""What a model answers to a query, as values that need no torch."""

from __future__ import annotations

from dataclasses import dataclass

from suprem.concepts.qualifiers import lost_qualifiers, near_sentence
from suprem.concepts.query import Support
from suprem.inference.elsewhere import MeasuredElsewhere
from suprem.inference.missing_signal import MissingCost


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
        missing: What missing leads or seconds cost it; None where nothing is missing that could be told.
    """

    query: str
    prompt: str
    score: float
    logit: float
    support: Support
    nearest: tuple[tuple[str, float], ...]
    checkpoint: str
    elsewhere: tuple[MeasuredElsewhere, ...] = ()
    missing: MissingCost | None = None

    @property
    def withheld(self) -> bool:
        """Whether so much is missing of the recording that the score is given only to those who ask for it."""
        return self.missing is not None and self.missing.withheld

    @property
    def scored_as(self) -> str:
        """The trained finding that the answer is mostly about, where the query is near one and none itself."""
        return self.nearest[0][0] if self.support is Support.NEAR and self.nearest else ""

    @property
    def lost(self) -> tuple[str, ...]:
        """Words of the query that the finding of `scored_as` leaves open or contradicts."""
        return lost_qualifiers(self.prompt, self.scored_as) if self.scored_as else ()

    @property
    def support_words(self) -> str:
        """The support for a table or a print, with what a near query is scored as."""
        return f"near: mostly “{self.scored_as}”" if self.scored_as else str(self.support)

    @property
    def scored_as_sentence(self) -> str:
        """What a person should know of a query that is near a trained finding; empty for others."""
        return near_sentence(self.query, self.prompt, self.scored_as) if self.scored_as else ""


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
