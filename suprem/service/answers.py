"""What the HTTP interface answers; the description of the interface is made from these classes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from suprem.api.model import Model
from suprem.api.scores import RecordScores
from suprem.export import RESEARCH_USE
from suprem.inference.files import ScoreRow, score_row
from suprem.inference.reported import Lineage


class Answer(BaseModel):
    """What every answer is: nothing but its fields, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Answer):
    """Why a request was not carried out (RFC 9457)."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str = Field(description="What was found, what was expected and what to do.")


class Nearest(Answer):
    """A concept that the model was trained on."""

    concept: str
    cosine: float


class Score(Answer):
    """The answer to one query."""

    query: str
    score: float = Field(description="0 to 1. Orders recordings for this query; no probability of disease.")
    logit: float
    support: Literal["trained", "near", "outside"] = Field(description="How near the query is to what was trained.")
    nearest: list[Nearest]
    code: str = Field(description="The trained concept that the query names; empty for another query.")
    reference_percentile: float | None = Field(description="Share of the reference records that score lower.")
    probability: float | None = Field(description="Calibrated, where the model card has a calibration of the finding.")
    auroc_lost: float | None = Field(description="What missing leads or seconds cost, where that was measured.")
    missing: str = Field(description="The same in a sentence; empty where nothing is missing.")
    against: str = Field(description="What measurements of the same ECG say against this score; mostly empty.")
    caution: str = Field(description="Why an ECG model can answer the query only in part; mostly empty.")


class WithheldScore(Answer):
    """A score that is not given, because too much of the recording is missing for its finding."""

    query: str
    reason: str


class NotScored(Answer):
    """A query that asks for an absence."""

    query: str
    scored_instead: str | None
    reason: str


class Finding(Answer):
    """What the quality check found in the scored window and is not in order."""

    check: str
    level: Literal["note", "warn", "block"]
    leads: list[str]
    message: str


class ScoreAnswer(Answer):
    """The scores of one recording with all that belongs beside them."""

    notice: str = RESEARCH_USE
    checkpoint: str
    encoder: str
    program: str
    window_start: float = Field(description="Where the scored window begins in the recording, in seconds.")
    scores: list[Score]
    notes: list[str] = Field(description="What was concluded about the recording and done to it.")
    quality: list[Finding]
    not_scored: list[NotScored]
    withheld: list[WithheldScore]
    likeness: Literal["like", "unlike", "unknown"] = Field(description="To the checkpoint's reference ECGs.")


class Concept(Answer):
    """A concept that the model was trained on."""

    code: str
    name: str
    snomed: str | None


class QueriesAnswer(Answer):
    """All of them; any other words may be asked too, and each answer says how near they are."""

    checkpoint: str
    concepts: list[Concept]


class Support(Answer):
    """How near a query is to what was trained."""

    query: str
    support: Literal["trained", "near", "outside"]
    nearest: list[Nearest]


class SupportAnswer(Answer):
    """The support of the queries that were asked about."""

    checkpoint: str
    queries: list[Support]


class Health(Answer):
    """That the interface answers, and with what."""

    status: Literal["ok"] = "ok"
    checkpoint: str
    program: str


def score_rows(model: Model, result: RecordScores) -> list[ScoreRow]:
    """Return the scores of a recording with code, rank and probability, as the command writes them."""
    codes = {query.text: query.code for query in model.predictor.ask([score.query for score in result.scores])}
    return [score_row(model.predictor, result.record_id, score, codes.get(score.query)) for score in result.scores]


def score_answer(model: Model, result: RecordScores) -> ScoreAnswer:
    """Return the scores of a recording as an answer."""
    lineage = Lineage.of(model.predictor)
    scores = [
        Score(
            query=row.query,
            score=row.score,
            logit=row.logit,
            support=row.support,  # type: ignore[arg-type]  # a Support's value; pydantic checks it
            nearest=[Nearest(concept=term, cosine=cosine) for term, cosine in row.nearest],
            code=row.code,
            reference_percentile=row.reference_percentile,
            probability=row.probability,
            auroc_lost=row.auroc_lost,
            missing=row.missing,
            against=result.against.get(row.query, ""),
            caution=result.cautions.get(row.query, ""),
        )
        for row in score_rows(model, result)
    ]
    return ScoreAnswer(
        checkpoint=lineage.checkpoint,
        encoder=lineage.encoder,
        program=lineage.program,
        window_start=result.start,
        scores=scores,
        notes=list(result.notes),
        quality=[
            Finding.model_validate(
                {"check": one.check, "level": str(one.level), "leads": list(one.leads), "message": one.message}
            )
            for one in result.quality
        ],
        not_scored=[
            NotScored(query=one.query, scored_instead=one.instead, reason=one.reason) for one in result.not_scored
        ],
        withheld=[WithheldScore(query=query, reason=reason) for query, reason in result.withheld.items()],
        likeness=str(result.likeness.likeness),  # type: ignore[arg-type]  # likewise
    )
