"""Scores held against the measurements of the same ECG: a reason to doubt one of the two.

A high score for "sinus bradycardia" beside a measured rate of 80 is worth a second look, and so is a low score for
"AV conduction delay" beside a PR interval of 260 ms. Neither is the arbiter: the measurements are automatic as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from suprem.concepts.mapping.labels import ABSENT, PRESENT
from suprem.concepts.measured import Limit, load_criteria, load_limits
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.ecg.measurement.measure import Measurements
from suprem.ecg.measurement.normal_limits import outside_normal_limits
from suprem.ecg.measurement.quantities import MEASURED, as_numbers, quantities
from suprem.inference.reference import reference_percentile
from suprem.inference.score import QueryScore
from suprem.model_card import ModelCard

NORMAL = "NORM"
"""Code of the concept that says that there is nothing to find."""

_WORDS = {
    "heart_rate": ("heart rate", "{:.0f} /min"),
    "rr_spread": ("RR spread", "{:.0f} %"),
    "early": ("early beats", "{:.0f}"),
    "other_shape": ("beats of another shape", "{:.0f}"),
    "pr": ("PR", "{:.0f} ms"),
    "qrs": ("QRS", "{:.0f} ms"),
    "qtc_fridericia": ("QTc by Fridericia", "{:.0f} ms"),
    "axis": ("QRS axis", "{:.0f}°"),
    "limb_voltage": ("largest QRS of the limb leads", "{:.1f} mV"),
    "chest_voltage": ("largest QRS of the chest leads", "{:.1f} mV"),
    "sokolow_lyon": ("Sokolow-Lyon index", "{:.1f} mV"),
}
_WAVES = {"st": "ST", "t": "T", "r": "R"}


@dataclass(frozen=True)
class Contradiction:
    """A score and a measurement of the same ECG that do not go together.

    Args:
        query: What was asked.
        present: Whether the score says that the finding is there, and the measurement that it is not.
        sentence: Both, for a person.
    """

    query: str
    present: bool
    sentence: str


def contradictions(
    scores: Sequence[QueryScore],
    queries: Sequence[CardiacQuery],
    found: Measurements,
    card: ModelCard,
    *,
    age: float | None = None,
    sex: str | None = None,
) -> list[Contradiction]:
    """Return the scores that the measurements of the same ECG speak against, "normal ECG" first.

    Args:
        scores: Of the queries, in any order.
        queries: What was asked.
        found: Measurements of the recording that was scored.
        card: The model card, by whose reference ECGs a score is high or low.
        age: Years, for the limits of a normal ECG; None where unknown.
        sex: "male", "female" or None where unknown.

    Returns:
        One for a high score of "normal ECG" where a measurement is outside its limits, for a high score that misses
        what its definition asks for or where nothing of what would fit it was measured, and for a low one where what
        the concept means was. Queries without a rank or a limit have none.
    """
    values = _values(found)
    codes = {query.text: query.code for query in queries}
    against: list[Contradiction] = []
    for score in scores:
        code = codes.get(score.query)
        place = reference_percentile(card, code, score.logit)
        if code is None or place is None:
            continue
        rank = f"“{score.query}” is {'' if place.is_high else 'only '}{place.words} reference ECGs, but"
        if place.is_high and code == NORMAL:
            outside = outside_normal_limits(found, age=age, sex=sex)
            if outside:
                words = "; ".join(one.words for one in outside)
                against.insert(0, Contradiction(score.query, True, f"{rank} {words}."))
        elif place.is_high and (reason := _misses(code, values)):
            against.append(Contradiction(score.query, True, f"{rank} {reason}."))
        elif place.is_low and (meant := _meant(code, values)):
            against.append(Contradiction(score.query, False, f"{rank} {_words(meant, values)}."))
    return against


def unmet_criteria(codes: Mapping[str, str], found: Measurements) -> dict[str, str]:
    """Return what findings cannot be without and this ECG lacks, whatever their scores: a measured value each.

    Args:
        codes: A name for each finding -> its code.
        found: Measurements of the recording.

    Returns:
        Name -> "QRS is 84 ms (fits above 120 ms)"; only of findings with a criterion that is clearly missed.
    """
    values = _values(found)
    return {name: words for name, code in codes.items() if (words := _unmet(code, values))}


def spoken_against(
    scores: Sequence[QueryScore],
    queries: Sequence[CardiacQuery],
    found: Measurements,
    card: ModelCard,
    *,
    age: float | None = None,
    sex: str | None = None,
) -> dict[str, str]:
    """Return both of the above in words, query -> sentence: what a reader of numbers must see before them.

    Arguments as in `contradictions`.
    """
    unmet = unmet_criteria({query.text: query.code for query in queries if query.code}, found)
    against = contradictions(scores, queries, found, card, age=age, sex=sex)
    ruled_out = {query: f"“{query}” is ruled out by its definition: {words}." for query, words in unmet.items()}
    return {**{one.query: one.sentence for one in against}, **ruled_out}


def measured_by_definition(code: str, found: Measurements) -> str:
    """Return the measurement that makes a finding present by its definition, "" where there is none."""
    values = _values(found)
    meant = _meant(code, values)
    return _words(meant, values) if meant else ""


def _values(found: Measurements) -> dict[str, float]:
    table = {name: np.array([number]) for name, number in zip(MEASURED, as_numbers(found), strict=True)}
    return {name: float(column[0]) for name, column in quantities(table).items()}


def _unmet(code: str, values: Mapping[str, float]) -> str:
    missed = [limit for limit in _criteria().get(code, ()) if _label(limit, values) == ABSENT]
    return _words(missed[0], values) if missed else ""


def _misses(code: str, values: Mapping[str, float]) -> str:
    """Return what a finding would need and this ECG does not have, or nothing."""
    if unmet := _unmet(code, values):
        return unmet
    limits = _limits_of(code)
    against = [limit for limit in limits if _label(limit, values) == ABSENT]
    if not limits or len(against) < len(limits):
        return ""
    nearest = min(against, key=lambda limit: _gap(limit, values[limit.quantity]))
    others = len({limit.quantity for limit in against}) - 1
    return _words(nearest, values) + (f", and {others} other measurements do not fit either" if others else "")


def _meant(code: str, values: Mapping[str, float]) -> Limit | None:
    """Return the limit that makes a finding present by definition; what a reader may leave unsaid is none."""
    met = (limit for limit in _limits_of(code) if code not in limit.doubts and _label(limit, values) == PRESENT)
    return next(met, None)


def _label(limit: Limit, values: Mapping[str, float]) -> int:
    return int(limit.label(np.array([values[limit.quantity]]))[0])


@cache
def _criteria() -> dict[str, tuple[Limit, ...]]:
    return load_criteria()


@cache
def _limits_of(code: str) -> tuple[Limit, ...]:
    return tuple(
        limit
        for limit in load_limits(load_terms(CONCEPTS))
        if code in (limit.concept.code, *limit.implies, *limit.doubts)
    )


def _gap(limit: Limit, value: float) -> float:
    return max(limit.above - value, value - limit.below)


def _words(limit: Limit, values: Mapping[str, float]) -> str:
    """Return the measured value and what would fit: "heart rate is 78 /min (fits below 60 /min)"."""
    wave, _, lead = limit.quantity.partition("_")
    name, form = _WORDS.get(limit.quantity) or (f"{_WAVES[wave]} in {lead}", "{:+.2f} mV")
    above, below = (np.isfinite(bound) for bound in (limit.above, limit.below))
    if above and below:
        fits = f"between {form.format(limit.above)} and {form.format(limit.below)}"
    else:
        fits = f"above {form.format(limit.above)}" if above else f"below {form.format(limit.below)}"
    return f"{name} is {form.format(values[limit.quantity])} (fits {fits})"
