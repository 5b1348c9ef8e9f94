"""Words that a statement leaves unsaid: the verb of "PR: prolonged" and the noun of "possible junctional or AF"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suprem.reports.lexicon import CODES, Unit

# "[40+ ms Q WAVE IN II/aVF]" gives the criterion of what stands before it, "[**2119-3-4**]" a date.
_BRACKETED = re.compile(r"(?<=\S)(?P<blank>\s{1,4})\[[^\[\]\n]{0,300}\]")

# "FIRST DEGREE AV BLOCK...PR >220, V-rate 50-90": limits that were met.
_LIMITS = re.compile(r"(?<=\w)\.{3,4}(?P<limits>[^.\n]{0,120}[<>][^\n]{0,120})\Z")

_LEADERS = re.compile(r"(?<!\.)\.{5}")
_COMPARED = re.compile(r"[<>]|\d\s?-\s?\d|\(-?\d")

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
_JUDGED_TOGETHER = ("rhythm", "rate", "interval", "intervals", "progression", "voltage")
_CHAMBERS = ("sinus", "atrial", "ventricular", "junctional", "nodal", "supraventricular")
_SHARED_NOUN = re.compile(
    r"\b(?:tachycardias?|bradycardias?|arrhythmias?|rhythms?|complex(?:es)?|beats?|contractions?|extrasystoles?|ectop\w+|pacing|"
    r"couplets?|bigeminy|trigeminy|escape|pause|arrest)\Z"
)
"""Nouns that several adjectives may share."""
_OF_THE_SINUS = ("tach", "brady", "arrhythmia", "arrest", "pause")
_WITHIN = ("within normal limits",)
_GROUPS = {
    "limb leads": "limb leads",
    "chest leads": "chest leads",
    "limb": "limb leads",
    "extremity": "limb leads",
    "frontal": "limb leads",
    "peripheral": "limb leads",
    "chest": "chest leads",
    "precordial": "chest leads",
}
_LONGEST_SHORT_FORM = 4
_RUNS = ("run", "runs")
_BORDERLINE = ("borderline", "border line")
_PROLONGED = {
    **dict.fromkeys(("qtc", "qt", "qtc interval", "qt interval"), "prolonged qt interval"),
    **dict.fromkeys(("pr", "pq", "pr interval", "pq interval"), "prolonged pr interval"),
}
_NOT_THERE = re.compile(
    r"(?:is |are |was |were )?(?:absent|not (?:visible|seen|present|identified|apparent|evident|found|detected))|"
    r"can ?not be (?:seen|identified)"
)
_BARE_ANSWER = re.compile(r"[:(=–-]|none\Z|nil\Z|0\Z")
_AMOUNTS = (
    *("few", "many", "rare", "frequent", "occasional", "several", "numerous", "isolated", "sporadic", "infrequent"),
    *("single", "multiple", "intermittent"),
)
_AFFIRMED = ("yes", "present", "positive", "seen", "noted", "detected")
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


def criterion_start(text: str) -> int | None:
    """Return where a criterion begins that a machine prints behind a row of dots ("SINUS RHYTHM ..... V-rate 50-99"),
    None where there is no such row, or what follows it does not look like one: capitals head a line whose criterion is
    in small letters or compares numbers."""
    row = _LEADERS.search(text)
    if row is None:
        return None
    head, rest = text[: row.start()], text[row.end() :]
    return row.start() if _COMPARED.search(rest) or (head.isupper() and not rest.isupper()) else None


def completed(units: Sequence[Unit], text: str) -> list[Unit]:
    """Return the units of `text` that say what was meant: a colon between a wave and its state is a verb, a lone
    adjective of a rhythm is its name, an adjective joined to another shares its noun ("sinus or atrial tachycardia"),
    and what an adjective says of a finding ("Digoxin effect absent") is a denial."""
    found: list[Unit] = []
    for at, unit in enumerate(units):
        meant = _meant(units, at, unit)
        if unit.reading == "left axis deviation" and _is_artery(units, at, text):
            meant = unit._replace(code=CODES["noise"])
        found.append(meant)
        if len(found) > 1 and _denies_p(found[-2], unit):
            found[-2:] = [found[-2]._replace(end=unit.end, code=CODES["finding"], reading=_NO_P)]
        elif len(found) > 1 and _names_a_sinus_rhythm(found[-2], unit, text):  # "now sinus" and "tachycardia"
            found[-2:] = [unit._replace(start=found[-2].start, reading=f"sinus {unit.reading}")]
    return _normal_together(found)


def _normal_together(units: list[Unit]) -> list[Unit]:
    """Carry "normal" over what is joined: "normal rate, rhythm and axis", "axis and intervals normal"."""
    found = list(units)
    for at in range(1, len(found) - 1):
        before, join, after = found[at - 1 : at + 2]
        if join.code not in "," + CODES["conjunction"]:
            continue
        if (
            _is_normal(found, at - 1)
            and _has_no_state(found, at + 1)
            and _ends_or_joins(found[at + 2] if at + 2 < len(found) else None)
        ):
            found[at + 1] = after._replace(code=CODES["normal"], reading=f"normal {after.reading}")
        elif (
            join.code == CODES["conjunction"]
            and after.code == CODES["normal"]
            and after.reading.startswith("normal ")
            and _has_no_state(found, at - 1)
            and _starts_a_list(found, at - 1)
        ):
            found[at - 1] = before._replace(code=CODES["normal"], reading=f"normal {before.reading}")
    return found


def _is_normal(units: Sequence[Unit], at: int) -> bool:
    unit = units[at]
    if unit.code == CODES["normal"]:
        return unit.reading.startswith(("normal ", "regular "))
    return at > 0 and unit.code == CODES["wave"] and units[at - 1].reading in ("normal", "regular")


def _has_no_state(units: Sequence[Unit], at: int) -> bool:
    return units[at].code == CODES["wave"] or units[at].reading in _JUDGED_TOGETHER


def _starts_a_list(units: Sequence[Unit], at: int) -> bool:
    return not at or units[at - 1].code in ".,"


def _ends_or_joins(following: Unit | None) -> bool:
    return following is None or following.code in ".," + CODES["conjunction"]


def answer_behind(units: Sequence[Unit], at: int) -> tuple[Unit, str] | None:
    """Return the answer that a form gives behind a heading which ends at `at`, with the words it adds to its name:
    "Pauses: none", "VEs: few", "Pre-excitation: yes"; None where there is none."""
    if at < len(units) and units[at].code == CODES["after_negation"] and _BARE_ANSWER.match(units[at].reading):
        return units[at], ""
    if at + 1 < len(units) and units[at].reading == ":" and (at + 2 == len(units) or units[at + 2].code in ".,"):
        answer = units[at + 1]
        if answer.reading in _AMOUNTS:
            return answer, answer.reading
        if answer.reading in _AFFIRMED:
            return answer, ""
    return None


def _is_artery(units: Sequence[Unit], at: int, text: str) -> bool:
    """Whether "(LAD)" is the artery of the infarct before it."""
    unit = units[at]
    in_brackets = text[unit.start - 1 : unit.start] == "(" and text[unit.end : unit.end + 1] == ")"
    return in_brackets and any(before.code == CODES["diagnosis"] for before in units[max(at - 4, 0) : at])


def _names_a_sinus_rhythm(before: Unit, unit: Unit, text: str) -> bool:
    sinus = before.code == CODES["normal"] and text[before.start : before.end].lower().endswith("sinus")
    return sinus and unit.code == CODES["finding"] and unit.reading.startswith(_OF_THE_SINUS)


def _shared_noun(units: Sequence[Unit], at: int) -> str | None:
    """Return the noun that an adjective shares with what it is joined to: "sinus | or ectopic atrial tachycardia"."""
    if at + 1 == len(units) or units[at + 1].code not in _ALTERNATIVES:
        return None
    for unit in units[at + 2 : at + 2 + _LONGEST_STATE]:
        if unit.code == CODES["finding"]:
            words = unit.reading.split()
            chambers = [word for word in words if word in _CHAMBERS]
            noun = " ".join(word for word in words if word not in _CHAMBERS)
            own = chambers or any(one.reading.split()[-1] in _CHAMBERS for one in units[at + 2 : at + 6])
            return noun if own and _SHARED_NOUN.search(noun) else None
        if unit.code not in CODES["modifier"] + CODES["region"]:
            return None
    return None


def _meant(units: Sequence[Unit], at: int, unit: Unit) -> Unit:
    before = units[at - 1] if at else None
    following = units[at + 1] if at + 1 < len(units) else None
    if unit.reading == ":" and _is_field(units, at):
        return unit._replace(code=CODES["be"])
    if unit.reading in _GROUPS and following and following.code in _ALTERNATIVES and _is_leads(units, at + 2):
        return unit._replace(code=CODES["leads"], reading=_GROUPS[unit.reading])
    if unit.reading == "atypical" and following and following.code == CODES["tracing"]:
        return unit._replace(code=CODES["verdict"])
    if unit.reading == "depression" and unit.end - unit.start <= _LONGEST_SHORT_FORM and not _of_a_wave(before):
        return unit._replace(code=CODES["finding"], reading="st depression")
    noun = _shared_noun(units, at) if unit.reading in _CHAMBERS and unit.code == CODES["modifier"] else None
    if noun is not None:
        return unit._replace(code=CODES["finding"], reading=f"{unit.reading} {noun}")
    if unit.reading in _WITHIN and before and CODES["wave"] in (before.code, units[max(at - 2, 0)].code):
        return unit._replace(code=CODES["normal_state"])
    if unit.reading in _RUNS and before and before.code in _ALTERNATIVES + CODES["negation"]:
        return unit._replace(code=CODES["finding"])
    if unit.reading == "atrial fibrillation" and _is_of_the_ventricles(units, at):
        return unit._replace(reading="ventricular fibrillation")
    if unit.code == CODES["wave"] and before and before.reading in _BORDERLINE and _ends(following):
        name = _PROLONGED.get(unit.reading)
        return unit._replace(code=CODES["finding"], reading=name) if name else unit
    if unit.reading in _BORDERLINE and before and before.reading in _PROLONGED and _ends(following):
        return unit._replace(code=CODES["limit"], reading="borderline prolonged")
    if unit.reading == "voltage" and before and "hypertrophy" in before.reading and _ends(following):
        return unit._replace(code=CODES["tail"], reading="by voltage")
    if unit.reading in _RHYTHMS and _stands_alone(units, at):
        section, name = _RHYTHMS[unit.reading]
        return unit._replace(code=CODES[section], reading=name)
    if unit.reading in _SHAPES_OF_ST and following and following.code == CODES["state_noun"]:
        return unit._replace(code=CODES["modifier"])
    if unit.reading == "less likely" and following and following.code in _FOUND + CODES["modifier"]:
        return unit._replace(code=CODES["doubt_before"])
    if unit.reading == "negative" and following and following.reading in _JUDGED:
        return unit._replace(code=CODES["negation"])
    if (
        _ends(following)
        and before
        and (
            (unit.reading == "absent" and before.code in _FOUND)
            or (before.reading in _JUDGED and unit.reading == "negative")
        )
    ):
        return unit._replace(code=CODES["after_negation"])
    return unit


def _is_leads(units: Sequence[Unit], at: int) -> bool:
    """Whether leads stand at `at`, by themselves or behind one word: "limb | and precordial leads"."""
    codes = "".join(unit.code for unit in units[at : at + 2])
    return codes[:1] == CODES["leads"] or codes in (CODES["modifier"] + CODES["lead_word"],)


def _of_a_wave(before: Unit | None) -> bool:
    """Whether a short form belongs to the wave or the word before it ("ST dep", "downsloping dep")."""
    return before is not None and before.code in _OF_A_WAVE + CODES["wave"] + CODES["modifier"]


def _ends(following: Unit | None) -> bool:
    return following is None or following.code in ".,"


def _is_of_the_ventricles(units: Sequence[Unit], at: int) -> bool:
    """Whether a fibrillation is the second word of "ventricular flutter/fibrillation"."""
    return at > 1 and units[at - 1].code in _ALTERNATIVES and units[at - 2].reading == "ventricular flutter"


def _denies_p(before: Unit, unit: Unit) -> bool:
    """Whether two units are "P waves: absent"."""
    absent = unit.code == CODES["after_negation"] and (unit.reading[0] == ":" or _NOT_THERE.fullmatch(unit.reading))
    return before.reading in ("p wave", "p waves") and bool(absent)


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
