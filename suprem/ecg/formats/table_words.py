"""What the words before a table say about its amplitude: a unit, or how many steps of the converter a millivolt is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from suprem.ecg.formats.channels import millivolts_per

_MAX_LINE = 300
"""Characters of a line that are looked at."""

_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?(?:e[-+]?\d{1,2})?)"
_STEPS = r"(?:digit|adu|adc unit|lsb|bit|count|step|unit)s?"
_MILLIVOLT = r"m(?:v|illivolt)"
_GAIN = re.compile(rf"gain[^\d]{{0,40}}?{_STEPS} ?(?:/|per) ?{_MILLIVOLT}[^\d]{{0,20}}{_NUMBER}", re.IGNORECASE)
_COUNTS = re.compile(rf"{_NUMBER} ?{_STEPS} ?(?:/|per) ?{_MILLIVOLT}", re.IGNORECASE)
_VALUE_OF_STEP = re.compile(rf"{_NUMBER} ?([a-zµμ]{{0,6}}v(?:olts?)?) ?(?:/|per) ?{_STEPS}", re.IGNORECASE)
_UNIT = re.compile(
    r"\b(?:units?|einheit(?:en)?|unidad(?:es)?|unit[eéà]s?|eenheid|amplitude unit)\b[^\w]{0,10}"
    r"((?:\d[\d.e-]{0,9} ?)?[a-zµμ]{0,6}v(?:olts?)?)\b",
    re.IGNORECASE,
)


def stated_unit(lines: Iterable[str]) -> str | None:
    """Return the unit of voltage that lines of text state, as written, or None."""
    return next(
        (match[1] for line in _short(lines) if (match := _UNIT.search(line)) and millivolts_per(match[1])), None
    )


def counts_per_millivolt(lines: Iterable[str]) -> float | None:
    """Return how many counts of the converter a millivolt is, where the text says it in either direction."""
    for line in _short(lines):
        gain = _GAIN.search(line) or _COUNTS.search(line)
        if gain:
            return float(gain[1].replace(",", ".")) or None
        step = _VALUE_OF_STEP.search(line)
        millivolts = float(step[1].replace(",", ".")) * (millivolts_per(step[2]) or 0.0) if step else 0.0
        if millivolts > 0:
            return 1.0 / millivolts
    return None


def _short(lines: Iterable[str]) -> Iterable[str]:
    return (" ".join(line[:_MAX_LINE].split()) for line in lines)
