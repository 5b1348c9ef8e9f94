"""The rule extractor: the embedded default that needs no language model.

A statement is cut into units (`lexicon.py`), each with one letter for the part it plays; the grammar below finds
entities as regular expressions over these letters, and certainty follows from the words inside an entity and from the
negation or doubt whose scope reaches it. The conventions are those of docs/annotation.md, after the paper's A.3.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from suprem.reports.elision import answer_behind, completed, criterion_start, without_criteria
from suprem.reports.entity import Certainty, Entity
from suprem.reports.languages import english_order, lexicon_of
from suprem.reports.lexicon import Lexicon, Unit, understood_share
from suprem.reports.merging import merged
from suprem.reports.scope import Match, apply_scope, of_this_tracing

UNDERSTOOD_SHARE = 0.5
"""Below this share of known words a statement is not read at all: its language is not one the rules know."""

WHOLLY_UNDERSTOOD_SHARE = 0.8
"""Below this share of known words a report may state more than the rules found in it."""

# Letters: see lexicon.CODES. A place is "in ii, iii", "in limb leads and v5", "in anterior leads", "throughout".
_PLACE = (
    r"(?:i?t?(?:[rm]+L|[rm]*L?l)(?:[cq,]{1,2}t?L?l)*"  # "in inferior leads", "in limb leads and v5,6"
    r"|it?r+(?=[cq,]t?r+L)"  # the first half of "in inferior and lateral leads"
    r"|(?:it?[rm]+|r+)(?=[.,cqkb0xpPA]|\Z))"  # "over anterior wall", "inferolaterally"
)
# Runs of modifiers are bounded, so that time grows with the length of a text and no faster.
_BEFORE = r"[rmgadDsv]{0,8}"
_BEFORE_HEAD = _BEFORE + r"(?:\?[rmgadDsv]{0,4})?"
_QUIET = r"[rmgadD]{0,8}"
_WAVE = r"w(?:w(?!S))?"  # "qrs voltage", but not "t | qt prolongation"
_STATE = r"[svzSh]"
_END = r"(?=[.,x0]|\Z)"

_VERDICT = rf"[dDgmt]{{0,4}}[zvdD]{{1,3}}e(?!b?d?z)|eb?d?[zvD]{{1,2}}(?![rmgas]*[FI])|d?z{_END}|v{_END}"
_STATE_THEN_WAVE = rf"{_BEFORE}[svzh]{_BEFORE}(?:[cq][sv])*l?{_WAVE}S?{_PLACE}?(?:bd*z)?"
_WAVE_THEN_STATE = (
    rf"{_QUIET}{_WAVE}{_PLACE}?b*n?{_QUIET}(?:s(?=[sv](?![rmgad]*w)))?{_STATE}"
    rf"(?:(?:q[mg]*{_STATE})+|c{_STATE}(?!{_PLACE}))?{_PLACE}?(?:b[gd])?"
)
_STATE_OF_WAVE = rf"{_BEFORE}[Ss]{_QUIET}[it]+[rm]*{_WAVE}{_PLACE}?"
_FINDING = (
    rf"{_BEFORE_HEAD}F(?:,[rm]{{1,3}}(?=[.,x0]|\Z))?(?:[rma]+(?=[.,cqkpPx0d]|\Z)d?)?{_PLACE}?T?(?:,?d{_END}|p)?(?:bd*z)?"
    rf"(?:,(?:[rm]{{1,4}}L|L?l)(?:[cq]L?l)?{_END})?"
)
_DIAGNOSIS = (
    rf"{_BEFORE_HEAD}I(?:[rm]+(?=[a.,cqkpPx0d]|\Z))?{_PLACE}?T?(?:,(?=d[da]|d+{_END}))?[da]{{0,3}}p?(?:,[rm]+L{_END})?"
    rf"(?:,[rma]{{1,4}}L?(?=[.,x0PA]|\Z)){{0,2}}"  # "infarction, inferior, old" of a table of names
)
_SHARED_HEAD = rf"[dD]{{0,2}}[mga]{{0,4}}r{{1,4}}(?=[cq]{_BEFORE}r{_BEFORE}(?:F|I|w{_STATE}|[sv]w))"

_GRAMMAR = re.compile(
    rf"(?P<shared>{_SHARED_HEAD})|(?P<verdict>{_VERDICT})"
    rf"|(?P<wave>(?:{_STATE_THEN_WAVE}|{_WAVE_THEN_STATE}|{_STATE_OF_WAVE})(?:,(?:[rm]{{1,4}}L|L?l){_END})?)"
    rf"|(?P<diagnosis>{_DIAGNOSIS})|(?P<finding>{_FINDING})|(?P<normal>[dDz]{{0,3}}N)|(?P<statement>Q|U)"
)
_FURTHER_STATE = re.compile(rf"[c,]([mg]*[svS]{_PLACE})")
_FURTHER_PLACE = re.compile(r"[cq,]?(t?r+L)|,([rm]+L)")

# Where a finding is, behind what is said of it: "T wave inversion no longer evident in anterolateral leads".
_PLACE_BEHIND = re.compile(r"(?:[boAPp0]|i(?=0)){0,6}(?P<place>i?t?(?:[rm]{1,4}L|L?l)(?:[cq,]t?L?l)*)")
_UNPLACED = ("qt", "qtc", "pr", "pq", "rate", "axis", "heart", "ventricular", "intervals")
_INTERVALS = {
    "qtc": (340.0, 480.0),
    "qt": (250.0, 520.0),
    "qrs": (50.0, 119.0),
    "pr": (110.0, 210.0),
    "pq": (110.0, 210.0),
}
"""Milliseconds; wide enough that a value beyond them is no matter of the limits chosen."""
_PROLONGED = {"qtc": "prolonged qt interval", "qt": "prolonged qt interval", "pr": "prolonged pr interval"}
_SHORT = {"qtc": "short qt interval", "pr": "short pr interval", "pq": "short pr interval"}
_LONGEST_INTERVAL = 900  # a larger number is no interval in ms
_QUESTION = re.compile(
    r"\A\s*(?:is|are|was|were|does|do|did|has|have|any|could|can|should|would|will|what|how|which|why|who|when)\b"
    r"[^?]*\?+\s*\Z",
    re.IGNORECASE,
)


_HEADINGS = ("ectopy", "pacemaker", "pacing", "block", "hypertrophy", "ischemia", "infarction", "arrhythmia", "rhythm")


class Reading(NamedTuple):
    """What the rules make of a statement.

    Attributes:
        entities: What they found, in the order of the text.
        understood: Whether enough of the words are known; where not, there are no entities: nothing is guessed at.
        complete: Whether every word for a part of the trace belongs to an entity; what is left over is not absent.
    """

    entities: list[Entity]
    understood: bool
    complete: bool


def extract_statement(text: str, lexicon: Lexicon | None = None) -> Reading:
    """Find the entities of one statement.

    Args:
        text: The statement.
        lexicon: The words of its language; by default those of the language that it is written in.
    """
    lexicon = lexicon or lexicon_of(text)
    read = _without_criterion(text, lexicon)
    units = completed(lexicon.units(without_criteria(read)), read)
    if lexicon.adjectives_follow:
        units = english_order(units)
    if understood_share(units) < UNDERSTOOD_SHARE:
        return Reading([], False, False)
    if _QUESTION.match(text):
        return Reading([], True, True)
    codes = "".join(unit.code for unit in units)
    found = [match for match in _find(codes) if not _is_measurement(codes, units, match)]
    matches = apply_scope(found, codes, units)
    kept = [
        index
        for index, match in enumerate(matches)
        if of_this_tracing(match, codes) and not _is_heading(units, matches, index)
    ]
    found_here = [_entity(text, units, matches, matches[index]) for index in kept]
    measured = list(_measured(text, codes, units, matches))
    entities = merged(sorted(found_here + measured, key=lambda entity: entity.start), text)
    return Reading(entities, True, not _left_over(codes, units, matches, {entity.start for entity in measured}))


def _without_criterion(text: str, lexicon: Lexicon) -> str:
    """Return the statement, of equal length, without the criterion behind a row of dots, where what stands before the
    row is a finding of its own and no heading ("Rhythm ..... sinus")."""
    start = criterion_start(text)
    if start is None or not extract_statement(text[:start], lexicon).entities:
        return text
    return text[:start] + "." + " " * (len(text) - start - 1)


def _is_measurement(codes: str, units: list[Unit], match: Match) -> bool:
    """Whether a bare letter stands for what was measured: "inferior infarct ... Q > 35 ms", "80+ ms Q/S in V1"."""
    alone = match.stop - match.first == 1 and units[match.first].reading in ("q wave", "q", "qs")
    if match.stop - match.first == 1 and units[match.first].reading in ("beat", "beats") and match.first:
        return codes[match.first - 1] == "0"  # "nonsustained VT, 5 beats"
    return alone and len(codes) > 1 and not re.match(r"[a-zA-Z,]?[il]", codes[match.stop :])


def _is_heading(units: list[Unit], matches: list[Match], index: int) -> bool:
    """Whether a word only heads a line on which a finding follows: "Ectopy: rare PVCs"."""
    match = matches[index]
    if match.stop - match.first > 1 or units[match.first].reading not in _HEADINGS or match.stop + 1 >= len(units):
        return False
    following = matches[index + 1] if index + 1 < len(matches) else None
    between = units[match.stop + 1 : following.first] if following else []
    return units[match.stop].reading == ":" and following is not None and all(unit.code != "." for unit in between)


def _left_over(codes: str, units: list[Unit], matches: list[Match], measured: set[int]) -> bool:
    covered = {position for match in matches for position in range(match.first, match.stop)}
    return any(
        code in "wS"
        and position not in covered
        and units[position].start not in measured
        and ("0" not in codes[position : position + 4] or _beyond_limits(units, position) is not None)
        and not set("xHKCeTn") & set(codes[max(position - 3, 0) : position + 4])
        and not units[position].reading.endswith(("rate", "response", "interval"))
        for position, code in enumerate(codes)
    )


def _measured(text: str, codes: str, units: list[Unit], matches: list[Match]) -> Iterator[Entity]:
    """Yield the intervals whose number is far too long or too short ("QTc 512 ms"), where nothing else is said of
    them."""
    covered = {position for match in matches for position in range(match.first, match.stop)}
    for position, code in enumerate(codes):
        number = _beyond_limits(units, position) if code == "w" and position not in covered else None
        if number is None or number in covered or set("HKC") & set(codes[max(position - 3, 0) : position]):
            continue
        interval, value = units[position].reading.split()[0], int(units[number].reading)
        if not _INTERVALS[interval][0] <= value <= _INTERVALS[interval][1]:
            unit = re.compile(r"\s{0,2}m(?:sec|s)\b", re.IGNORECASE).match(text, units[number].end)
            start, end = units[position].start, unit.end() if unit else units[number].end
            names = _PROLONGED if value > _INTERVALS[interval][1] else _SHORT
            name = names.get(interval, f"measured {interval} {value} ms")
            yield Entity(text[start:end], start, end, Certainty.ABNORMAL, name)


def _beyond_limits(units: list[Unit], position: int) -> int | None:
    """Return where an interval's number stands that no normal ECG has ("QTc 512 ms"), None where there is none."""
    name = units[position].reading.split()[0]
    if name not in _INTERVALS:
        return None
    low, high = _INTERVALS[name]
    for at in range(position + 1, min(position + 4, len(units))):
        if units[at].code == "0":
            value = units[at].reading
            return (
                at if value.isdecimal() and int(value) < _LONGEST_INTERVAL and not low <= int(value) <= high else None
            )
    return None


def _find(codes: str) -> list[Match]:
    found: list[Match] = []
    position = 0
    while position < len(codes):
        match = _further_piece(codes, found, position) or _new_match(codes, found, position)
        if match is None:
            position += 1
        else:
            found.append(match)
            position = match.stop
    return found


def _new_match(codes: str, found: list[Match], position: int) -> Match | None:
    match = _GRAMMAR.match(codes, position)
    if match is None:
        return None
    kind = match.lastgroup or ""
    certainty = _own_certainty(codes[position : match.end()], kind)
    owner = len(found) + 1 if kind == "shared" else None
    return Match(kind, position, match.end(), certainty, owner)


def _further_piece(codes: str, found: list[Match], position: int) -> Match | None:
    """Find "and inverted in avl" or "lateral leads" right after a wave finding, whose wave they share."""
    if not found or found[-1].kind != "wave" or found[-1].stop != position:
        return None
    for pattern in (_FURTHER_STATE, _FURTHER_PLACE):
        match = pattern.match(codes, position)
        if match is not None:
            owner = found[-1].owner
            first, stop = match.span(match.lastindex or 0)
            return Match("wave", first, stop, found[-1].certainty, len(found) - 1 if owner is None else owner)
    return None


def _own_certainty(codes: str, kind: str) -> Certainty:
    """What the words inside an entity say about it."""
    if kind == "statement" or re.search("[dDph]", codes) or (kind == "wave" and "g" in codes):
        return Certainty.UNCERTAIN
    if kind == "normal" or "z" in codes:
        return Certainty.NORMAL
    return Certainty.NEGATED if "n" in codes else Certainty.ABNORMAL


def _entity(text: str, units: list[Unit], matches: list[Match], match: Match) -> Entity:
    own = units[match.first : match.stop]
    start, end = min(unit.start for unit in own), max(unit.end for unit in own)
    answer, name = answer_behind(units, match.stop), _name(units, matches, match)
    if answer is not None:
        end, name = answer[0].end, f"{answer[1]} {name}".strip()
    if text[end : end + 1] == ")" and text.count("(", start, end) > text.count(")", start, end):
        end += 1
    return Entity(text[start:end], start, end, match.certainty, name)


def _name(units: list[Unit], matches: list[Match], match: Match) -> str:
    """The entity in full words, with the words it shares with a neighbour."""
    own = [unit for unit in units[match.first : match.stop] if unit.code not in "dDpbtn,"]
    if match.owner is not None and match.owner < len(matches):
        owner = matches[match.owner]
        other = units[owner.first : owner.stop]
        if match.kind == "shared":
            own += [unit for unit in other if unit.code not in "radDpbtn,"]
        elif own[-1].code == "L" and not any(unit.code in "svS" for unit in own):
            own = [unit for unit in other if unit.code not in "rlLidDpbtn,"] + own
        else:
            own = [unit for unit in other if unit.code == "w"] + own
    elif not any(unit.code in "rlL" for unit in own):
        own += _place_elsewhere(units, matches, match)
    return " ".join(unit.reading for unit in own)


def _place_elsewhere(units: list[Unit], matches: list[Match], match: Match) -> list[Unit]:
    """The place that is said further on: behind the predicate, or with the finding that "and" or "or" joins."""
    codes = "".join(unit.code for unit in units)
    behind = _PLACE_BEHIND.match(codes, match.stop)
    index = matches.index(match)
    if behind is not None and not any(other.first < behind.end() for other in matches[index + 1 :]):
        return [unit for unit in units[slice(*behind.span("place"))] if unit.code not in "t,"]
    if not _of_a_placed_wave(units, match) or index + 1 == len(matches):
        return []
    following = matches[index + 1]
    if following.kind != "wave" or not re.fullmatch(r"[cq]t?", codes[match.stop : following.first]):
        return []
    place = re.search(rf"(?<![rm]){_PLACE}\Z", codes[following.first : following.stop])
    if place is None or not _of_a_placed_wave(units, following):
        return []
    return [unit for unit in units[following.first + place.start() : following.stop] if unit.code not in "t,"]


def _of_a_placed_wave(units: list[Unit], match: Match) -> bool:
    """Whether it is said of a wave that single leads show; intervals, the axis and the rate are of the whole ECG."""
    waves = [unit.reading for unit in units[match.first : match.stop] if unit.code == "w"]
    return bool(waves) and not any(wave.split()[0] in _UNPLACED or wave.split()[-1] in _UNPLACED for wave in waves)
