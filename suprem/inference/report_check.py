"""A report held against the scores of its ECG: what it states although the score is low, and the other way round.

Scores of different findings do not compare, so ranks among the reference ECGs decide, and how frequent the finding is
there. What is high and low is told by `ReferencePercentile`. Measurements of the same ECG come first: a "left bundle
branch block" of 84 ms is none, whatever the score. Neither is an arbiter: the result is a list of where to look again,
at the ECG and at all readings of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from suprem.concepts.query import CardiacQuery, Support
from suprem.concepts.stated import AssertionStatus, StatedFinding
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.ecg.measurement.measure import Measurements
from suprem.inference.measured_check import measured_by_definition, unmet_criteria
from suprem.inference.reference import ReferencePercentile, reference_percentile
from suprem.inference.score import QueryScore
from suprem.model_card import ModelCard

MIN_POSITIVES = 10
"""Reference ECGs with a finding that the report does not name, from which its rank is worth naming."""


class ReportVerdict(StrEnum):
    """Result of holding one finding against its score; the value is its name on page and command line."""

    STATED_UNMEASURED = "stated, but the measurements do not fit"
    STATED_LOW = "stated, but the score is low"
    DENIED_MEASURED = "denied, but measured"
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
        measured: The measurement that decided, in words; empty where the score did.
        others: Findings of the same kind that are not stated and high as well; they have no row of their own.
    """

    finding: str
    stated: StatedFinding | None
    score: QueryScore
    standing: ReferencePercentile | None
    verdict: ReportVerdict
    measured: str = ""
    others: tuple[str, ...] = ()


def asked_for(stated: Sequence[StatedFinding], vocabulary: Vocabulary) -> list[CardiacQuery]:
    """Return what `check_report` needs the scores of: the report's findings, then every trained concept by its name."""
    names = [CardiacQuery.from_text(name, vocabulary) for name in vocabulary.names]
    return [*(finding.query for finding in stated), *names]


def check_report(
    stated: Sequence[StatedFinding],
    scores: Sequence[QueryScore],
    vocabulary: Vocabulary,
    card: ModelCard,
    measured: Measurements | None = None,
) -> list[CheckedFinding]:
    """Compare a report with scores and with the measurements of the same ECG.

    Args:
        stated: What the report holds.
        scores: Of the queries of `asked_for`, in their order.
        vocabulary: The model's.
        card: Its model card with the reference.
        measured: Measurements of the ECG; None where there are none.

    Returns:
        Conflicts first, those with measurements before those with scores, and those with the highest rank first
        within a kind. Of findings that are not named, high, and of one kind, the one with the highest rank has a row.
    """
    code_of = {concept.name: concept.code for concept in vocabulary.concepts}
    by_code = dict(zip(vocabulary.codes, scores[len(stated) :], strict=True))
    unmet = unmet_criteria({code: code for code in vocabulary.codes}, measured) if measured else {}
    checked, named = [], set()
    for finding, own in zip(stated, scores, strict=False):
        code = finding.query.code
        if code is None and own.support is Support.TRAINED:
            code = code_of[own.nearest[0][0]]  # other words for a trained concept
        score = by_code[code] if code else own
        place = None if score.withheld else reference_percentile(card, code, score.logit)
        name = vocabulary.names[vocabulary.codes.index(code)] if code else finding.query.text
        named.add(code)
        verdict, words = _verdict(finding.held, place), ""
        if code and measured and finding.held is AssertionStatus.STATED and code in unmet:
            verdict, words = ReportVerdict.STATED_UNMEASURED, unmet[code]
        elif code and measured and finding.held is AssertionStatus.DENIED:
            words = measured_by_definition(code, measured)
            verdict = ReportVerdict.DENIED_MEASURED if words else verdict
        checked.append(CheckedFinding(name, finding, score, place, verdict, words))
    checked += _unstated(vocabulary, by_code, card, named | unmet.keys())
    order = list(ReportVerdict)
    return sorted(checked, key=lambda one: (order.index(one.verdict), -(one.standing.lower if one.standing else 0.0)))


def _unstated(
    vocabulary: Vocabulary, scores: Mapping[str, QueryScore], card: ModelCard, named: Collection[str | None]
) -> list[CheckedFinding]:
    """Return the findings with high scores that a report does not name, one row for those of one kind."""
    high: list[tuple[Concept, ReferencePercentile]] = []
    for concept in vocabulary.concepts:
        score = scores[concept.code]
        place = None if score.withheld else reference_percentile(card, concept.code, score.logit)
        if place and place.positives >= MIN_POSITIVES and place.is_high and concept.code not in named:
            high.append((concept, place))
    high.sort(key=lambda one: -one[1].lower)
    of_kind: dict[frozenset[str], list[tuple[Concept, ReferencePercentile]]] = {}
    for concept, place in high:
        family = _family(concept, vocabulary)
        if family & {code for code in named if code}:
            continue  # a kind of what the report names, or what that is a kind of
        kind = next((kind for kind in of_kind if kind & family), None)
        if kind is None:
            of_kind[family] = [(concept, place)]
        else:
            of_kind[kind | family] = [*of_kind.pop(kind), (concept, place)]
    rows = []
    for (first, place), *others in of_kind.values():
        names = tuple(concept.name for concept, _ in others)
        verdict = ReportVerdict.UNSTATED_HIGH
        rows.append(CheckedFinding(first.name, None, scores[first.code], place, verdict, others=names))
    return rows


def _family(concept: Concept, vocabulary: Vocabulary) -> frozenset[str]:
    """Return the codes of a finding, of its kinds, and of what it is a kind or a place of."""
    wider = {other.code for other in vocabulary.concepts if concept.code in other.narrower}
    return frozenset({concept.code, *concept.narrower, *wider, *filter(None, (concept.of,))})


def _verdict(held: AssertionStatus, place: ReferencePercentile | None) -> ReportVerdict:
    if place is None:
        return ReportVerdict.UNKNOWN
    if held is AssertionStatus.STATED and place.is_low:
        return ReportVerdict.STATED_LOW
    if held is AssertionStatus.DENIED and place.is_high:
        return ReportVerdict.DENIED_HIGH
    return ReportVerdict.NO_CONFLICT
