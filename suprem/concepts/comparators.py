"""Queries that compare a measurement with a number ("heart rate > 100"): direction and number decide.

A text encoder puts "heart rate < 100" beside "heart rate > 100". Only a limit that was trained is asked, under the name
of its concept; the limits are those of assets/terms/measured.toml.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from suprem.concepts.measured import measured_limits

_QUANTITIES = (
    (
        "heart_rate",
        "heart rate",
        re.compile(r"\b(?:(?:heart|ventricular|pulse) ?(?:rate|frequency)|rate|pulse|hr|bpm)\b"),
    ),
    ("qtc_fridericia", "QTc", re.compile(r"\b(?:qtc|corrected qt|qt)\b")),
    ("qrs", "QRS duration", re.compile(r"\bqrs(?: (?:duration|width))?\b")),
    ("pr", "PR interval", re.compile(r"\b(?:pr|pq|p-r|p-q)\b")),
)
_NUMBER = r"(?P<number>\d{1,4}(?:[.,]\d{1,3})?)"
_ABOVE = re.compile(
    r"(?:>=?|≥|\b(?:above|over|more than|greater than|longer than|higher than|faster than|exceeding|at least)\b)\s?"
    + _NUMBER
)
_BELOW = re.compile(
    rf"(?:<=?|≤|\b(?:below|under|less than|fewer than|shorter than|lower than|slower than|at most)\b)\s?{_NUMBER}"
)
_BETWEEN = re.compile(rf"\b(?:between|from)\s{_NUMBER}\s?(?:and|to|-)\s?(?P<upper>\d{{1,4}}(?:[.,]\d{{1,3}})?)")


@dataclass(frozen=True)
class Comparison:
    """What a query compares.

    Attributes:
        quantity: The measurement, None where it is none that has limits.
        above, below: The limits asked for, infinite where there is none; intervals in milliseconds.
        code: Of the measured concept with just these limits, None where there is none.
        known: The limits of that quantity, in words.
    """

    quantity: str | None
    above: float
    below: float
    code: str | None
    known: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Why a comparison without a concept is not scored."""
        if self.quantity is None:
            return "This compares something with a number at which nothing was trained; ask for the finding without it."
        return (
            f"No limit of the {self.quantity} is trained at this number in this direction; "
            f"ask for one of: {', '.join(self.known)}."
        )


def comparison(text: str) -> Comparison | None:
    """Read the comparison that a query makes, None where it makes none."""
    words = " ".join(text.casefold().split())
    limits = _limits(words)
    if limits is None:
        return None
    above, below = limits
    for quantity, name, pattern in _QUANTITIES:
        if pattern.search(words):
            scale = 1000.0 if quantity != "heart_rate" and max(x for x in limits if math.isfinite(x)) < 3 else 1.0
            above, below = above * scale, below * scale
            own = [limit for limit in measured_limits() if limit.quantity == quantity]
            same = [limit for limit in own if (limit.above, limit.below) == (above, below)]
            bare = _is_bare(words, pattern)
            known = tuple(limit.concept.name for limit in own)
            return Comparison(name, above, below, same[0].concept.code if same and bare else None, known)
    return Comparison(None, above, below, None, ())


def _limits(words: str) -> tuple[float, float] | None:
    if between := _BETWEEN.search(words):
        return _number(between["number"]), _number(between["upper"])
    above, below = _ABOVE.search(words), _BELOW.search(words)
    if above is None and below is None:
        return None
    return (
        _number(above["number"]) if above else -math.inf,
        _number(below["number"]) if below else math.inf,
    )


def _is_bare(words: str, quantity: re.Pattern[str]) -> bool:
    """Whether nothing else is asked beside the quantity ("rate > 100 in atrial fibrillation" asks for two things)."""
    rest = words
    for pattern in (_BETWEEN, _ABOVE, _BELOW, quantity):
        rest = pattern.sub(" ", rest)
    rest = re.sub(
        r"\b(?:interval|duration|time|of|a|an|the|is|ms|msec|s|sec|bpm|beats|per|minute|min|heart)\b", " ", rest
    )
    return not re.search(r"[^\W\d_]", rest)


def _number(text: str) -> float:
    return float(text.replace(",", "."))
