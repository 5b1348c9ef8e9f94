"""Words that a statement leaves unsaid: the verb of "PR: prolonged" and the noun of "possible junctional or AF"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suprem.reports.lexicon import CODES, Unit

# "[40+ ms Q WAVE IN II/aVF]" gives the criterion of what stands before it, "[**2119-3-4**]" a date.
_BRACKETED = re.compile(r"(?<=\S)(?P<blank>\s{1,4})\[[^\[\]\n]{0,300}\]")

# "FIRST DEGREE AV BLOCK...PR >220, V-rate 50-90": limits that were met.
_LIMITS = re.compile(r"(?<=\w)\.{3,4}(?P<limits>[^.\n]{0,120}[<>][^\n]{0,120})\Z")

_FIELDS = ("axis",)
"""Words that are no wave and head a field of a form all the same."""
_OF_A_WAVE = "".join(CODES[section] for section in ("state", "verdict", "limit", "normal_state", "nonspecific"))
_BETWEEN_WAVE_AND_STATE = "".join(CODES[section] for section in ("modifier", "age", "doubt", "doubt_before", "region"))
_LONGEST_STATE = 4

_RHYTHMS = {
    "sinus": ("normal", "sinus rhythm"),
    "junctional": ("finding", "junctional rhythm"),
    "paced": ("finding", "paced rhythm"),
}
"""Adjectives that name a rhythm where no noun follows."""
_SHAPES_OF_ST = ("horizontal", "downsloping", "upsloping", "down sloping", "up sloping", "sagging")
_JUDGED = ("sgarbossa", "sgarbossa criteria")
"""Criteria that are met or not; "negative" says so, unlike of a wave."""
_NO_P = "no p waves"
_FOUND = CODES["finding"] + CODES["diagnosis"]
_ALTERNATIVES = CODES["conjunction"] + CODES["alternative"]
_AFTER_A_RHYTHM = ".,0bxPkiupAed?" + CODES["history"] + CODES["after_negation"]
_BEFORE_A_RHYTHM = ".,0bxdDnutcqekioapP" + CODES["history"] + CODES["after_negation"]


def without_criteria(text: str) -> str:
    """Return a statement, of equal length, with blanks in place of what stands in square brackets behind something, and
    of the limits that stand behind three dots."""
    text = _BRACKETED.sub(lambda found: " " * len(found.group()), text)
    return _LIMITS.sub(lambda found: "." + " " * (len(found.group()) - 1), text)


def completed(units: Sequence[Unit]) -> list[Unit]:
    """Return units that say what was meant: a colon between a wave and its state is a verb, a lone adjective of a
    rhythm is its name, and what an adjective says of a finding ("Digoxin effect absent") is a denial."""
    found: list[Unit] = []
    for at, unit in enumerate(units):
        found.append(_meant(units, at, unit))
        if len(found) > 1 and _denies_p(found[-2], unit):
            found[-2:] = [found[-2]._replace(end=unit.end, code=CODES["finding"], reading=_NO_P)]
    return found


def _meant(units: Sequence[Unit], at: int, unit: Unit) -> Unit:
    before = units[at - 1] if at else None
    following = units[at + 1] if at + 1 < len(units) else None
    if unit.reading == ":" and _is_field(units, at):
        return unit._replace(code=CODES["be"])
    if unit.reading in _RHYTHMS and _stands_alone(units, at):
        section, name = _RHYTHMS[unit.reading]
        return unit._replace(code=CODES[section], reading=name)
    if unit.reading in _SHAPES_OF_ST and following and following.code == CODES["state_noun"]:
        return unit._replace(code=CODES["modifier"])
    if unit.reading == "less likely" and following and following.code in _FOUND + CODES["modifier"]:
        return unit._replace(code=CODES["doubt_before"])
    if unit.reading == "negative" and following and following.reading in _JUDGED:
        return unit._replace(code=CODES["negation"])
    ends = following is None or following.code in ".,"
    if (
        ends
        and before
        and (
            (unit.reading == "absent" and before.code in _FOUND)
            or (before.reading in _JUDGED and unit.reading == "negative")
        )
    ):
        return unit._replace(code=CODES["after_negation"])
    return unit


def _denies_p(before: Unit, unit: Unit) -> bool:
    """Whether two units are "P waves: absent"."""
    return before.reading in ("p wave", "p waves") and unit.code == CODES["after_negation"] and unit.reading[0] == ":"


def _is_field(units: Sequence[Unit], at: int) -> bool:
    """Whether a colon stands between a wave and what is said of it: "PR: prolonged", "T: diffusely inverted"."""
    if not at or (units[at - 1].code != CODES["wave"] and units[at - 1].reading not in _FIELDS):
        return False
    for unit in units[at + 1 : at + 1 + _LONGEST_STATE]:
        if unit.code in _OF_A_WAVE:
            return True
        if unit.code not in _BETWEEN_WAVE_AND_STATE:
            return False
    return False


def _stands_alone(units: Sequence[Unit], at: int) -> bool:
    """Whether no noun follows an adjective of a rhythm, and it does not follow a part of its name."""
    before = units[at - 1].code if at else "."
    after = units[at + 1].code if at + 1 < len(units) else "."
    alternative = after in _ALTERNATIVES and units[at].reading != "sinus"
    return before in _BEFORE_A_RHYTHM and (after in _AFTER_A_RHYTHM or alternative)
