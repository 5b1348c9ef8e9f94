"""The rule extractor: the embedded default that needs no language model.

A statement is cut into units (`lexicon.py`), each with one letter for the part it plays; the grammar below finds
entities as regular expressions over these letters, and certainty follows from the words inside an entity and from the
negation or doubt whose scope reaches it. The conventions are those of docs/annotation.md, after the paper's A.3.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from suprem.reports.entity import Certainty, Entity
from suprem.reports.lexicon import Unit, default_lexicon, understood_share

UNDERSTOOD_SHARE = 0.5
"""Below this share of known words a statement is not read at all: its language is not one the rules know."""

WHOLLY_UNDERSTOOD_SHARE = 0.8
"""Below this share of known words a report may state more than the rules found in it."""

# Letters: see lexicon.CODES. A place is "in ii, iii", "in limb leads and v5", "in anterior leads", "throughout".
_PLACE = (
    r"(?:i?t?(?:[rm]+L|[rm]*l)(?:[cq,]t?l)*"  # "in inferior leads", "in limb leads and v5,6"
    r"|it?r+(?=[cq,]t?r+L)"  # the first half of "in inferior and lateral leads"
    r"|(?:i[rm]+|r+)(?=[.,cqkb0x]|\Z))"  # "over anterior wall", "inferolaterally"
)
# Runs of modifiers are bounded, so that time grows with the length of a text and no faster.
_BEFORE = r"[rmgadDsv]{0,8}"
_BEFORE_HEAD = _BEFORE + r"(?:\?[rmgadDsv]{0,4})?"
_QUIET = r"[rmgadD]{0,8}"
_WAVE = r"w(?:w(?!S))?"  # "qrs voltage", but not "t | qt prolongation"
_STATE = r"[svzSh]"
_END = r"(?=[.,x0]|\Z)"

_VERDICT = rf"[dDgmt]{{0,4}}[zvdD]{{1,3}}e(?!b?d?z)|eb?d?[zvD]{{1,2}}|d?z{_END}|v{_END}"
_STATE_THEN_WAVE = rf"{_BEFORE}[svzh]{_BEFORE}(?:[cq][sv])*l?{_WAVE}S?{_PLACE}?(?:bd*z)?"
_WAVE_THEN_STATE = (
    rf"{_QUIET}{_WAVE}{_PLACE}?b*n?{_QUIET}{_STATE}(?:(?:q[mg]*{_STATE})+|c{_STATE}(?!{_PLACE}))?{_PLACE}?(?:b[gd])?"
)
_STATE_OF_WAVE = rf"{_BEFORE}S[it]+[rm]*{_WAVE}{_PLACE}?"
_FINDING = rf"{_BEFORE_HEAD}F(?:[rma]+(?=[.,cqkpPx0d]|\Z)d?)?{_PLACE}?T?(?:,?d{_END}|p)?(?:bd*z)?"
_DIAGNOSIS = (
    rf"{_BEFORE_HEAD}I(?:[rm]+(?=[a.,cqkpPx0d]|\Z))?{_PLACE}?T?(?:,(?=d[da]|d+{_END}))?[da]{{0,3}}p?(?:,[rm]+L{_END})?"
)
_SHARED_HEAD = rf"[dD]{{0,2}}[mga]{{0,4}}r{{1,4}}(?=[cq]{_BEFORE}r{_BEFORE}(?:F|I|w{_STATE}|[sv]w))"

_GRAMMAR = re.compile(
    rf"(?P<shared>{_SHARED_HEAD})|(?P<verdict>{_VERDICT})|(?P<wave>{_STATE_THEN_WAVE}|{_WAVE_THEN_STATE}|{_STATE_OF_WAVE})"
    rf"|(?P<diagnosis>{_DIAGNOSIS})|(?P<finding>{_FINDING})|(?P<normal>[dDz]{{0,3}}N)|(?P<statement>Q|U)"
)
_FURTHER_STATE = re.compile(rf"[c,]([mg]*[svS]{_PLACE})")
_FURTHER_PLACE = re.compile(r"[cq,]?(t?r+L)|,([rm]+L)")

# What may stand between two entities that share one doubt or negation.
_JOINED = re.compile(r"[cq,tk]*\Z")
_SIGNAL = re.compile(r"(?:[un](?=[^un]*\Z)|[dD](?=t+\Z))")  # "may be due to", "no", "is probably a"
_DENIED = re.compile(r"n[tgm]*\Z")  # a normal finding is denied only by a word right before it
_PREDICATE = re.compile(r"[bot]*(P|A)")


@dataclass(frozen=True)
class _Match:
    """An entity as a range of units, with its kind: the name of the grammar's group."""

    kind: str
    first: int
    stop: int
    certainty: Certainty
    owner: int | None = None  # the match whose words it shares


def extract_statement(text: str) -> tuple[list[Entity], bool]:
    """Find the entities of one statement.

    Returns:
        The entities in the order of the text, and whether the words were understood. A statement in another language
        gives no entities: it is not guessed at.
    """
    units = default_lexicon().units(text)
    if understood_share(units) < UNDERSTOOD_SHARE:
        return [], False
    codes = "".join(unit.code for unit in units)
    matches = _apply_scope(_find(codes), codes)
    return [_entity(text, units, matches, match) for match in matches], True


def _find(codes: str) -> list[_Match]:
    found: list[_Match] = []
    position = 0
    while position < len(codes):
        match = _further_piece(codes, found, position) or _new_match(codes, found, position)
        if match is None:
            position += 1
        else:
            found.append(match)
            position = match.stop
    return found


def _new_match(codes: str, found: list[_Match], position: int) -> _Match | None:
    match = _GRAMMAR.match(codes, position)
    if match is None:
        return None
    kind = match.lastgroup or ""
    certainty = _own_certainty(codes[position : match.end()], kind)
    owner = len(found) + 1 if kind == "shared" else None
    return _Match(kind, position, match.end(), certainty, owner)


def _further_piece(codes: str, found: list[_Match], position: int) -> _Match | None:
    """Find "and inverted in avl" or "lateral leads" right after a wave finding, whose wave they share."""
    if not found or found[-1].kind != "wave" or found[-1].stop != position:
        return None
    for pattern in (_FURTHER_STATE, _FURTHER_PLACE):
        match = pattern.match(codes, position)
        if match is not None:
            owner = found[-1].owner
            first, stop = match.span(match.lastindex or 0)
            return _Match("wave", first, stop, found[-1].certainty, len(found) - 1 if owner is None else owner)
    return None


def _own_certainty(codes: str, kind: str) -> Certainty:
    """What the words inside an entity say about it."""
    if kind == "statement" or re.search("[dDph]", codes) or (kind == "wave" and "g" in codes):
        return Certainty.UNCERTAIN
    if kind == "normal" or "z" in codes:
        return Certainty.NORMAL
    return Certainty.NEGATED if "n" in codes else Certainty.ABNORMAL


def _apply_scope(matches: list[_Match], codes: str) -> list[_Match]:
    """Carry negation and doubt from outside an entity, forwards ("may be due to") and backwards ("is likely")."""
    scoped: list[_Match] = []
    reach: Certainty | None = None
    from_link = False
    for match in matches:
        gap = codes[scoped[-1].stop : match.first] if scoped else codes[: match.first]
        signal = _SIGNAL.search(gap.rsplit(".", 1)[-1])
        if signal is not None:
            reach, from_link = (Certainty.UNCERTAIN if signal.group() != "n" else Certainty.NEGATED), True
        elif reach is not None and not _continues(scoped[-1], match, gap, from_link):
            reach, from_link = None, False
        if match.kind == "shared" and "d" in codes[match.first : match.stop].lower():
            reach = Certainty.UNCERTAIN
        spared = match.kind in ("verdict", "statement") or (
            match.kind == "normal" and reach is Certainty.NEGATED and not _DENIED.search(gap)
        )
        if reach is not None and not spared:
            match = replace(match, certainty=reach)
        elif reach is None and re.match("[mgar]*[dD]", codes[match.first : match.stop]) and match.kind != "normal":
            reach = Certainty.UNCERTAIN
        scoped.append(match)
    return _apply_predicates(scoped, codes)


def _continues(before: _Match, match: _Match, gap: str, from_link: bool) -> bool:
    """Whether a doubt or negation that reached `before` also reaches `match`."""
    if match.kind == "normal":
        return "q" in gap and from_link  # "consider lung disease, or normal variant"
    if match.kind in ("verdict", "statement") or not _JOINED.match(gap):
        return False
    if not gap:
        # "probable anterior ischemia or left strain lateral ischemia or left strain"
        return before.kind == match.kind == "diagnosis"
    if before.kind == "shared" or from_link:
        return True
    return "q" in gap


def _apply_predicates(matches: list[_Match], codes: str) -> list[_Match]:
    result = list(matches)
    for index, match in enumerate(result):
        stop = result[index + 1].first if index + 1 < len(result) else len(codes)
        predicate = _PREDICATE.match(codes[match.stop : stop])
        inside = "p" in codes[match.first : match.stop]
        if predicate is None and not inside:
            continue
        negated = predicate is not None and predicate.group(1) == "A"
        certainty = Certainty.NEGATED if negated else Certainty.UNCERTAIN
        result[index] = replace(match, certainty=certainty)
        for earlier in range(index - 1, -1, -1):
            gap = codes[result[earlier].stop : result[earlier + 1].first]
            if not set("cq") & set(gap) or not _JOINED.match(gap) or result[earlier].kind in ("normal", "verdict"):
                break
            result[earlier] = replace(result[earlier], certainty=certainty)
    return result


def _entity(text: str, units: list[Unit], matches: list[_Match], match: _Match) -> Entity:
    start, end = units[match.first].start, units[match.stop - 1].end
    if text[end : end + 1] == ")" and text.count("(", start, end) > text.count(")", start, end):
        end += 1
    return Entity(text[start:end], start, end, match.certainty, _name(units, matches, match))


def _name(units: list[Unit], matches: list[_Match], match: _Match) -> str:
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
    return " ".join(unit.reading for unit in own)
