"""Scores held against the measurements of the same ECG: a reason to doubt one of the two.

A high score for "sinus bradycardia" beside a measured rate of 80 is worth a second look, and so is a low score for
"AV conduction delay" beside a PR interval of 260 ms. Neither is the arbiter: the measurements are automatic as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from suprem.concepts.mapping.labels import ABSENT, PRESENT
from suprem.concepts.measured import Limit, load_limits
from suprem.concepts.query import CardiacQuery
from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.ecg.measurement.measure import Measurements
from suprem.ecg.measurement.quantities import MEASURED, as_numbers, quantities
from suprem.inference.reference import reference_percentile
from suprem.inference.report_check import is_high, is_low

if TYPE_CHECKING:  # it loads torch
    from suprem.inference.predictor import QueryScore

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


def disagreements(
    scores: Sequence[QueryScore], queries: Sequence[CardiacQuery], found: Measurements, card: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for each score that the measurements speak against.

    Args:
        scores: Of the queries, in any order.
        queries: What was asked.
        found: Measurements of the recording that was scored.
        card: The model card, by whose reference ECGs a score is high or low.

    Returns:
        Sentences: of a high score where nothing of what would fit it was measured, and of a low one where what the
        concept means was. Queries without a rank or a limit have none.
    """
    table = {name: np.array([number]) for name, number in zip(MEASURED, as_numbers(found), strict=True)}
    values = {name: float(column[0]) for name, column in quantities(table).items()}
    codes = {query.text: query.code for query in queries}
    sentences = []
    for score in scores:
        code = codes.get(score.query)
        place = reference_percentile(card, code, score.logit)
        if code is None or place is None:
            continue
        labels = [(limit, limit.label(np.array([values[limit.quantity]]))[0]) for limit in _limits_of(code)]
        against = [limit for limit, label in labels if label == ABSENT]
        # What a reader may leave unsaid only makes likely; what is so by definition should be found.
        meant = [limit for limit, label in labels if label == PRESENT and code not in limit.doubts]
        if is_high(place) and labels and len(against) == len(labels):
            nearest = min(against, key=lambda limit: _gap(limit, values[limit.quantity]))
            others = len({limit.quantity for limit in against}) - 1
            more = f", and {others} other measurements do not fit either" if others else ""
            sentences.append(f"“{score.query}” is {place.words} reference ECGs, but {_words(nearest, values)}{more}.")
        elif is_low(place) and meant:
            sentences.append(f"“{score.query}” is only {place.words} reference ECGs, but {_words(meant[0], values)}.")
    return sentences


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
