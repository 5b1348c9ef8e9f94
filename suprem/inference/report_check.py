"""A report held against the scores of its ECG: what it states although the score is low, and the other way round.

Scores of different findings do not compare, so ranks among the reference ECGs decide, and how frequent the finding is
there. High: as high as those of the share of ECGs that carry it. Low: in the lower half of those that do not. The model
is no arbiter: the result is a list of where to look again, at the ECG and at both readings of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from suprem.concepts.query import CardiacQuery, Support
from suprem.concepts.stated import AssertionStatus, StatedFinding
from suprem.concepts.vocabulary import Vocabulary
from suprem.inference.reference import ReferencePercentile, reference_percentile

if TYPE_CHECKING:  # it loads torch
    from suprem.inference.score import QueryScore

MIN_POSITIVES = 10
"""Reference ECGs with a finding that the report does not name, from which its rank is worth naming."""


class ReportVerdict(StrEnum):
    """Result of holding one finding against its score; the value is its name on page and command line."""

    STATED_LOW = "stated, but the score is low"
    DENIED_HIGH = "denied, but the score is high"
    UNSTATED_HIGH = "not stated, but the score is high"
    NO_CONFLICT = "no conflict"
    UNKNOWN = "no rank is known for these words"


@dataclass(frozen=True)
class CheckedFinding:
    """A finding of the report, or of the model.

    Args:
        finding: The trained concept's name, or the words where it is none.
        stated: What the report says of it; None where it does not name it.
        score: Of the finding.
        standing: Its rank; None where the reference does not know the finding.
        verdict: What comes of the two.
    """

    finding: str
    stated: StatedFinding | None
    score: QueryScore
    standing: ReferencePercentile | None
    verdict: ReportVerdict


def asked_for(stated: Sequence[StatedFinding], vocabulary: Vocabulary) -> list[CardiacQuery]:
    """Return what `check_report` needs the scores of: the report's findings, then every trained concept by its name."""
    names = [CardiacQuery.from_text(name, vocabulary) for name in vocabulary.names]
    return [*(finding.query for finding in stated), *names]


def check_report(
    stated: Sequence[StatedFinding], scores: Sequence[QueryScore], vocabulary: Vocabulary, card: Mapping[str, Any]
) -> list[CheckedFinding]:
    """Compare a report with scores.

    Args:
        stated: What the report holds.
        scores: Of the queries of `asked_for`, in their order.
        vocabulary: The model's.
        card: Its model card with the reference.

    Returns:
        Conflicts first, those with the highest rank first within a kind.
    """
    code_of = {concept.name: concept.code for concept in vocabulary.concepts}
    by_code = dict(zip(vocabulary.codes, scores[len(stated) :], strict=True))
    found, named = [], set()
    for finding, own in zip(stated, scores, strict=False):
        code = finding.query.code
        if code is None and own.support is Support.TRAINED:
            code = code_of[own.nearest[0][0]]  # other words for a trained concept
        score = by_code[code] if code else own
        place = reference_percentile(card, code, score.logit)
        name = vocabulary.names[vocabulary.codes.index(code)] if code else finding.query.text
        named.add(code)
        found.append(CheckedFinding(name, finding, score, place, _verdict(finding.held, place)))
    for concept in vocabulary.concepts:
        score = by_code[concept.code]
        place = reference_percentile(card, concept.code, score.logit)
        if concept.code not in named and place and place.positives >= MIN_POSITIVES and place.is_high:
            found.append(CheckedFinding(concept.name, None, score, place, ReportVerdict.UNSTATED_HIGH))
    order = list(ReportVerdict)
    return sorted(found, key=lambda one: (order.index(one.verdict), -(one.standing.lower if one.standing else 0.0)))


def _verdict(held: AssertionStatus, place: ReferencePercentile | None) -> ReportVerdict:
    if place is None:
        return ReportVerdict.UNKNOWN
    if held is AssertionStatus.STATED and place.is_low:
        return ReportVerdict.STATED_LOW
    if held is AssertionStatus.DENIED and place.is_high:
        return ReportVerdict.DENIED_HIGH
    return ReportVerdict.NO_CONFLICT
