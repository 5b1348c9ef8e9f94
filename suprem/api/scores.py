"""The scores of recordings as objects and as a table, with all that a reader has to know beside each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suprem.concepts.negation import SetAside
from suprem.ecg.checks.quality import QualityFinding
from suprem.export import RESEARCH_USE
from suprem.inference.reference_bank import OutOfDistribution, OutOfDistributionLevel
from suprem.inference.score import QueryScore

if TYPE_CHECKING:  # a program that wants no table need not wait for pandas
    import pandas as pd

COLUMNS = ("record_id", "query", "score", "logit", "support", "nearest", "auroc_lost", "remarks", "checkpoint")


@dataclass(frozen=True)
class RecordScores:
    """What a model says about one recording. Research use only: a score is no likelihood of disease.

    Args:
        record_id: Its name.
        scores: One for each query that was scored, in the order asked.
        start: Where the scored window begins in the recording, in seconds.
        quality: What the quality check found in that window and is not in order.
        notes: What was concluded about the recording and done to it, one sentence each: unit, rate, window, leads.
        against: Query -> what the measurements of the same window say against its score, where they do: it does not go
            with them, or the finding is ruled out by its definition.
        cautions: Query -> why an ECG model can answer it only in part, for the queries of which this is so.
        not_scored: Queries that ask for an absence, with what was scored instead.
        likeness: How like the checkpoint's reference ECGs the recording is.
        withheld: Query -> why its score is not given: too much of the recording is missing for it.
    """

    record_id: str
    scores: tuple[QueryScore, ...]
    start: float
    quality: tuple[QualityFinding, ...]
    notes: tuple[str, ...]
    against: dict[str, str]
    cautions: dict[str, str]
    not_scored: tuple[SetAside, ...]
    likeness: OutOfDistribution
    withheld: dict[str, str] = field(default_factory=dict)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Every sentence that belongs beside all of the scores."""
        unlike = self.likeness.likeness is OutOfDistributionLevel.UNLIKE
        return (
            *self.notes,
            *(found.message for found in self.quality),
            *(["The recording is unlike the reference ECGs of this checkpoint."] if unlike else []),
            *(query.reason for query in self.not_scored),
        )

    @property
    def frame(self) -> pd.DataFrame:
        """The scores as a table, one row a query; see `COLUMNS`."""
        return as_frame([self])

    def __str__(self) -> str:
        """Return the scores, highest first, below what speaks against them, with every remark and the research-use
        notice."""
        ranked = sorted(self.scores, key=lambda score: -score.logit)
        lines = []
        for score in ranked:
            cost = f". {score.missing.sentence}" if score.missing else ""
            lines.append(f"{score.score:.4f}  {score.query} ({score.support}){cost}")
        lines += [f"withheld  {query}: {reason}" for query, reason in self.withheld.items()]
        cautions = [f"“{query}”: {caution}" for query, caution in self.cautions.items()]
        model = self.scores[0].checkpoint if self.scores else ""
        head = f"{self.record_id}, checkpoint {model}"
        return "\n".join([head, *self.against.values(), *lines, *self.remarks, *cautions, RESEARCH_USE])

    def __getitem__(self, query: str) -> QueryScore:
        """Return the score of a query as it was asked.

        Raises:
            KeyError: It was not asked, set aside, or withheld.
        """
        for score in self.scores:
            if score.query == query:
                return score
        raise KeyError(query)


@dataclass(frozen=True)
class UnscoredRecord:
    """A recording without scores.

    Args:
        record_id: Its name.
        reason: Why, in a sentence or more.
    """

    record_id: str
    reason: str


def as_frame(results: Sequence[RecordScores | UnscoredRecord]) -> pd.DataFrame:
    """Return the scores of recordings as one table, one row a recording and query; see `COLUMNS`.

    A recording without scores has one row, and so has a score that is withheld; the score is missing and the remarks
    say why. `attrs["notice"]` holds the research-use notice.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for result in results:
        if isinstance(result, UnscoredRecord):
            rows.append({"record_id": result.record_id, "remarks": result.reason})
            continue
        for score in result.scores:
            own = [words[score.query] for words in (result.against, result.cautions) if score.query in words]
            rows.append(
                {
                    "record_id": result.record_id,
                    "query": score.query,
                    "score": score.score,
                    "logit": score.logit,
                    "support": str(score.support),
                    "nearest": score.nearest[0][0] if score.nearest else "",
                    "auroc_lost": score.missing.loss if score.missing else None,
                    "remarks": " ".join([*own, *([score.missing.sentence] if score.missing else []), *result.remarks]),
                    "checkpoint": score.checkpoint,
                }
            )
        rows += [
            {"record_id": result.record_id, "query": query, "remarks": " ".join((reason, *result.remarks))}
            for query, reason in result.withheld.items()
        ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs["notice"] = RESEARCH_USE
    return frame
