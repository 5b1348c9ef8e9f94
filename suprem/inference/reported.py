"""What other systems are told of scored recordings in any format: each score with its lineage and its remarks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from suprem import __version__
from suprem.concepts.vocabulary import Vocabulary
from suprem.inference.files import Remarked, ScoreRow, Unscored, Withheld
from suprem.inference.predictor import Predictor


@dataclass(frozen=True)
class Lineage:
    """What scores come from: id of the checkpoint, name of its text encoder, version of the program."""

    checkpoint: str
    encoder: str
    program: str

    @classmethod
    def of(cls, predictor: Predictor) -> Lineage:
        """Return the lineage of a loaded checkpoint's scores."""
        return cls(predictor.id, predictor.encoder.name, __version__)

    @property
    def words(self) -> str:
        """Return it in one phrase."""
        return f"SuPreME Studio {self.program}, checkpoint {self.checkpoint}, text encoder {self.encoder}"


@dataclass(frozen=True)
class ReportedScore:
    """One score.

    Attributes:
        row: The score with what stands beside it.
        name: Name of the trained concept that was asked for, empty for a query outside the vocabulary.
        snomed: SNOMED CT identifier of that concept, empty where none means the same.
    """

    row: ScoreRow
    name: str
    snomed: str

    @property
    def support(self) -> str:
        """Return in a sentence how far the query is known to the model."""
        nearest = ", ".join(f"{term} ({cosine:.2f})" for term, cosine in self.row.nearest)
        near = f"; nearest trained concepts: {nearest}" if nearest and self.row.support != "trained" else ""
        return f"The query is {self.row.support} with regard to what the model was trained on{near}."


@dataclass(frozen=True)
class Reported:
    """One recording.

    Attributes:
        record_id: Its name, of its file's; whoever hands results on sees to it that it names no person.
        scores: In the order asked; empty for a recording without scores.
        remarks: What was assumed in reading it, and what the quality check warns of.
        reason: Why there are no scores, else empty.
    """

    record_id: str
    scores: tuple[ReportedScore, ...] = ()
    remarks: tuple[str, ...] = ()
    reason: str = ""


def reported(
    rows: Sequence[ScoreRow],
    remarks: Iterable[Remarked],
    withheld: Iterable[Withheld],
    errors: Iterable[Unscored],
    vocabulary: Vocabulary,
) -> list[Reported]:
    """Collect what `score_files` yields by recording: those with scores first, then those without.

    Args:
        rows: The scores.
        remarks: What belongs beside them.
        withheld: Scores that are not given; a remark says which and why.
        errors: Recordings without scores.
        vocabulary: Of the checkpoint.
    """
    concepts = {concept.code: concept for concept in vocabulary.concepts}
    said = {one.record_id: tuple(filter(None, (*one.notes, one.warnings))) for one in remarks}
    for row in rows:
        if row.missing:
            said[row.record_id] = (*said.get(row.record_id, ()), f"{row.query}: {row.missing}")
    unsaid = list(withheld)
    for one in unsaid:
        said[one.record_id] = (*said.get(one.record_id, ()), f"{one.query}: {one.reason}")
    scores: dict[str, list[ReportedScore]] = {one.record_id: [] for one in unsaid}
    for row in rows:
        concept = concepts.get(row.code)
        known = (concept.name, concept.snomed or "") if concept else ("", "")
        scores.setdefault(row.record_id, []).append(ReportedScore(row, *known))
    return [
        *(Reported(name, tuple(found), said.get(name, ())) for name, found in scores.items()),
        *(Reported(error.record_id, reason=error.reason) for error in errors),
    ]
