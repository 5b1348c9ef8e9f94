"""How well two readings of the same reports agree (paper A.10.4, Table 21, and what it leaves open).

Tokens are runs of letters, runs of digits, and single other marks; a token belongs to a span when it starts in it.
Token scores follow the BIO scheme, micro-averaged without O. Kappa is given with O (inflated by the many O tokens) and
over the tokens both readings mark. Span scores are exact and partial (intersection over union); certainty is judged on
spans that overlap by at least half. Intervals come from drawing distinct texts with replacement.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from suprem.errors import ReportError
from suprem.reports.entity import Certainty

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_MATCHING_IOU = 0.5
OUTSIDE = "O"


@dataclass(frozen=True)
class Span:
    """A labelled range of characters."""

    start: int
    end: int
    certainty: Certainty


@dataclass(frozen=True)
class AnnotatedText:
    """One text with two readings; `reference` is the one that counts as right."""

    text: str
    reference: tuple[Span, ...]
    found: tuple[Span, ...]


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1; 0 where nothing is found or nothing is to be found."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class ExtractionAgreement:
    """All measures over a set of texts; None where there is nothing to measure."""

    texts: int
    reference_spans: int
    found_spans: int
    token: Score
    token_with_certainty: Score
    kappa: float | None
    kappa_without_outside: float | None
    exact_span: Score
    exact_span_with_certainty: Score
    partial_span: Score
    certainty_accuracy: float | None
    negation_accuracy: float | None
    by_certainty: dict[str, Score]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass
class _Counts:
    """What one text adds to the measures; sums of these give every figure."""

    totals: Counter[str] = field(default_factory=Counter)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    iou: float = 0.0

    def add(self, other: _Counts) -> None:
        self.totals.update(other.totals)
        self.confusion.update(other.confusion)
        self.iou += other.iou


def measure_agreement(texts: Sequence[AnnotatedText], *, draws: int = 1000, seed: int = 0) -> ExtractionAgreement:
    """Compare two readings.

    Args:
        texts: Distinct texts; a text given twice would make the intervals too narrow.
        draws: Bootstrap draws for the 95 % percentile intervals; 0 for none.
        seed: Seed of the draws.

    Raises:
        ReportError: There is no text to compare.
    """
    if not texts:
        raise ReportError("There is no annotated report to compare; expected at least one.")
    counts = [_count(text) for text in texts]
    generator = random.Random(seed)
    drawn = [_headline(generator.choices(counts, k=len(counts))) for _ in range(draws)]
    return _figures(counts, _intervals(drawn))


def tokenize(text: str) -> list[tuple[int, int]]:
    """Character ranges of the tokens of a text, HTML entities and all."""
    return [match.span() for match in _TOKEN.finditer(text)]


def bio_tags(text: str, spans: Sequence[Span]) -> list[str]:
    """One tag per token: O, or B/I with the certainty ("B-abnormal")."""
    tags = []
    previous: Span | None = None
    for start, _ in tokenize(text):
        span = next((span for span in spans if span.start <= start < span.end), None)
        tags.append(OUTSIDE if span is None else f"{'I' if span is previous else 'B'}-{span.certainty.value}")
        previous = span
    return tags


def _count(text: AnnotatedText) -> _Counts:
    counts = _Counts()
    pairs = list(zip(bio_tags(text.text, text.reference), bio_tags(text.text, text.found), strict=True))
    counts.confusion.update(pairs)
    reference = {(span.start, span.end): span.certainty for span in text.reference}
    found = {(span.start, span.end): span.certainty for span in text.found}
    totals = counts.totals
    totals["reference"], totals["found"] = len(text.reference), len(text.found)
    totals["exact"] = len(reference.keys() & found.keys())
    for certainty in Certainty:
        name = certainty.value
        totals[f"reference {name}"] = sum(span.certainty is certainty for span in text.reference)
        totals[f"found {name}"] = sum(span.certainty is certainty for span in text.found)
        totals[f"exact {name}"] = sum(found.get(key) is label is certainty for key, label in reference.items())
    for overlap, left, right in _best_pairs(text):
        counts.iou += overlap
        if overlap >= _MATCHING_IOU:
            totals["matched"] += 1
            totals["same certainty"] += left.certainty is right.certainty
            if Certainty.NEGATED in (left.certainty, right.certainty):
                totals["negated"] += 1
                totals["same negation"] += left.certainty is right.certainty
    return counts


def _best_pairs(text: AnnotatedText) -> list[tuple[float, Span, Span]]:
    """Pair spans one to one, the largest overlap first."""
    candidates = [
        (_iou(left, right), left, right)
        for left in text.reference
        for right in text.found
        if left.start < right.end and right.start < left.end
    ]
    pairs: list[tuple[float, Span, Span]] = []
    used: set[tuple[str, int, int]] = set()
    for overlap, left, right in sorted(candidates, key=lambda pair: (-pair[0], pair[1].start)):
        keys = {("reference", left.start, left.end), ("found", right.start, right.end)}
        if not keys & used:
            used |= keys
            pairs.append((overlap, left, right))
    return pairs


def _iou(left: Span, right: Span) -> float:
    shared = min(left.end, right.end) - max(left.start, right.start)
    return shared / (max(left.end, right.end) - min(left.start, right.start))


def _figures(counts: Sequence[_Counts], intervals: dict[str, tuple[float, float]]) -> ExtractionAgreement:
    total = _sum(counts)
    numbers, confusion = total.totals, total.confusion
    names = [certainty.value for certainty in Certainty]
    exact_same = sum(numbers[f"exact {name}"] for name in names)
    both_marked = {pair: n for pair, n in confusion.items() if OUTSIDE not in pair}
    return ExtractionAgreement(
        texts=len(counts),
        reference_spans=numbers["reference"],
        found_spans=numbers["found"],
        token=_token_score(confusion, with_certainty=False),
        token_with_certainty=_token_score(confusion, with_certainty=True),
        kappa=cohen_kappa(confusion),
        kappa_without_outside=cohen_kappa(both_marked),
        exact_span=_score(numbers["exact"], numbers["found"], numbers["reference"]),
        exact_span_with_certainty=_score(exact_same, numbers["found"], numbers["reference"]),
        partial_span=_score(total.iou, numbers["found"], numbers["reference"]),
        certainty_accuracy=_ratio(numbers["same certainty"], numbers["matched"]),
        negation_accuracy=_ratio(numbers["same negation"], numbers["negated"]),
        by_certainty={
            name: _score(numbers[f"exact {name}"], numbers[f"found {name}"], numbers[f"reference {name}"])
            for name in names
        },
        intervals=intervals,
    )


def _headline(counts: Sequence[_Counts]) -> dict[str, float | None]:
    total = _sum(counts)
    numbers = total.totals
    return {
        "token_f1": _token_score(total.confusion, with_certainty=False).f1,
        "exact_span_f1": _score(numbers["exact"], numbers["found"], numbers["reference"]).f1,
        "certainty_accuracy": _ratio(numbers["same certainty"], numbers["matched"]),
    }


def _intervals(drawn: Sequence[dict[str, float | None]]) -> dict[str, tuple[float, float]]:
    intervals = {}
    for name in drawn[0] if drawn else ():
        values = sorted(value for draw in drawn if (value := draw[name]) is not None)
        if values:
            low, high = int(0.025 * (len(values) - 1)), round(0.975 * (len(values) - 1))
            intervals[name] = (values[low], values[high])
    return intervals


def _sum(counts: Sequence[_Counts]) -> _Counts:
    total = _Counts()
    for item in counts:
        total.add(item)
    return total


def _token_score(confusion: Mapping[tuple[str, str], int], *, with_certainty: bool) -> Score:
    def same(left: str, right: str) -> bool:
        return left == right if with_certainty else left[0] == right[0]

    right = sum(n for (a, b), n in confusion.items() if a != OUTSIDE and b != OUTSIDE and same(a, b))
    found = sum(n for (_, b), n in confusion.items() if b != OUTSIDE)
    reference = sum(n for (a, _), n in confusion.items() if a != OUTSIDE)
    return _score(right, found, reference)


def cohen_kappa(confusion: Mapping[tuple[str, str], int]) -> float | None:
    """Cohen's kappa of (label, label) counts; None without any or where chance alone agrees fully."""
    total = sum(confusion.values())
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for (a, b), n in confusion.items():
        left[a] += n
        right[b] += n
    chance = sum(left[tag] * right[tag] for tag in left) / total**2 if total else 1.0
    if chance >= 1.0:
        return None
    return (sum(n for (a, b), n in confusion.items() if a == b) / total - chance) / (1.0 - chance)


def kappa_interval(
    confusion: Mapping[tuple[str, str], int], *, draws: int = 1000, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of Cohen's kappa, by drawing the judged rows with replacement.

    Args:
        confusion: (label, label) counts, one row judged by both each.
        draws: Draws.
        seed: Of the draws.

    Returns:
        Percentiles 2.5 and 97.5; None where kappa itself is not defined, or not in half of the draws.
    """
    if cohen_kappa(confusion) is None:
        return None
    pairs = list(confusion)
    counts = np.array([confusion[pair] for pair in pairs])
    drawn = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=draws)
    found = [kappa for row in drawn if (kappa := cohen_kappa(dict(zip(pairs, row.tolist(), strict=True)))) is not None]
    if 2 * len(found) < draws:
        return None
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def _score(right: float, found: int, reference: int) -> Score:
    precision = right / found if found else 0.0
    recall = right / reference if reference else 0.0
    return Score(precision, recall, 2 * right / (found + reference) if found + reference else 0.0)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
