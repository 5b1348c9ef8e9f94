"""How far a doubt, a denial or a condition reaches, and whose finding it is.

A doubt or denial before a finding reaches what "and" or "or" joins to it, and a list that ends with them ("no A, B or
C"); a comma alone ends it. Alternatives doubt each other ("A or B", "A versus B"). A predicate of doubt or denial
behind a finding reaches back the same way. What is said of relatives, of the past or under a condition is not of this
tracing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from suprem.reports.entity import Certainty
from suprem.reports.lexicon import Unit

# What may stand between two entities that share one doubt or negation.
_JOINED = re.compile(r"[cq,tk]*(?:[cq]it?)?\Z")
_SIGNAL = re.compile(r"(?:[un](?=[^un]*\Z)|[dD](?=[ta]+\Z))")  # "may be due to", "no", "is probably a"
_DENIED = re.compile(r"n[tgm]*\Z")  # a normal finding is denied only by a word right before it
_PREDICATE = re.compile(r"[botilLrmx0]{0,10}(P|A|[Dn](?=[.,]|\Z))")
_DOUBT_FIRST = re.compile("[mgar]*[dD]")
_ALTERNATIVE = re.compile(r"[,tP]{0,2}q[tqdD,]{0,3}\Z")


@dataclass(frozen=True)
class Match:
    """An entity as a range of units, with its kind: the name of the grammar's group."""

    kind: str
    first: int
    stop: int
    certainty: Certainty
    owner: int | None = None  # the match whose words it shares


def apply_scope(matches: list[Match], codes: str, units: Sequence[Unit]) -> list[Match]:
    """Carry negation and doubt from outside an entity, forwards ("may be due to") and backwards ("is likely")."""
    scoped: list[Match] = []
    reach: Certainty | None = None
    from_link = False
    for index, match in enumerate(matches):
        gap = codes[scoped[-1].stop : match.first] if scoped else codes[: match.first]
        signal = _SIGNAL.search(gap.rsplit(".", 1)[-1])
        if signal is not None:
            reach, from_link = (Certainty.UNCERTAIN if signal.group() != "n" else Certainty.NEGATED), True
        elif reach is not None and not _continues(matches, index, scoped[-1], codes, from_link):
            reach, from_link = None, False
        if match.kind == "shared" and "d" in codes[match.first : match.stop].lower():
            reach = Certainty.UNCERTAIN
        healthy = match.kind == "normal" or match.certainty is Certainty.NORMAL
        spared = match.kind in ("verdict", "statement") or (
            healthy and reach is Certainty.NEGATED and not _DENIED.search(gap)
        )
        if reach is not None and not spared:
            match = replace(match, certainty=reach)
        elif reach is None and _doubts_what_follows(match, codes, units):
            reach = Certainty.UNCERTAIN
        scoped.append(match)
    return _doubt_alternatives(_apply_predicates(scoped, codes), codes)


def of_this_tracing(match: Match, codes: str) -> bool:
    """Whether a finding is said of this ECG, not of a relative, of the past or under a condition."""
    start = codes.rfind(".", 0, match.first) + 1
    stop = codes.find(".", match.first)
    clause = codes[start : stop if stop >= 0 else len(codes)]
    if "K" in clause:
        return False
    before = codes[start : match.first]
    return not re.search(r"H[^,]*\Z|C[^,]*\Z", before)


def _doubts_what_follows(match: Match, codes: str, units: Sequence[Unit]) -> bool:
    """Whether its own first word of doubt reaches on ("possible LVH and ischemia"); "borderline" is of one value."""
    found = _DOUBT_FIRST.match(codes, match.first, match.stop)
    return (
        found is not None and match.kind != "normal" and not units[found.end() - 1].reading.startswith(("border", "?"))
    )


def _continues(matches: Sequence[Match], index: int, before: Match, codes: str, from_link: bool) -> bool:
    """Whether a doubt or negation that reached `before` also reaches this match."""
    match = matches[index]
    gap = codes[before.stop : match.first]
    if match.kind == "normal":
        return "q" in gap and from_link  # "consider lung disease, or normal variant"
    if match.kind in ("verdict", "statement") or not _JOINED.match(gap):
        return False
    if before.certainty is Certainty.NEGATED and _DOUBT_FIRST.match(codes, match.first, match.stop):
        return False  # "no ischemia, ?LVH"
    if not gap:
        # "probable anterior ischemia or left strain lateral ischemia or left strain"
        return before.kind == match.kind == "diagnosis" and index > 1 and _alternative_before(matches, index, codes)
    if before.kind == "shared":
        return True
    if set("cq") & set(gap):
        return True
    if "," in gap:
        # "consider ischemia, electrolyte imbalance, drug effects" lists causes; a trait of the trace is new.
        listed = before.kind == match.kind == "diagnosis" and gap == ","
        causes = listed and before.certainty is Certainty.UNCERTAIN
        return from_link and (causes or _list_closes(matches, index, codes))
    return from_link


def _alternative_before(matches: Sequence[Match], index: int, codes: str) -> bool:
    """Whether what stands before is one of two; a machine that prints no full stops ends a doubt all the same."""
    return "q" in codes[matches[index - 2].stop : matches[index - 1].first]


def _list_closes(matches: Sequence[Match], index: int, codes: str) -> bool:
    """Whether the commas are of a list that "and" or "or" ends: "consider lung disease, RVH, or normal variant"."""
    for earlier, later in zip(matches[index:], matches[index + 1 :], strict=False):
        gap = codes[earlier.stop : later.first]
        if set("cq") & set(gap) and _JOINED.match(gap):
            return True
        if gap != ",":
            return False
    return False


def _doubt_alternatives(matches: list[Match], codes: str) -> list[Match]:
    """Doubt both of "A or B": one of them is there, and nobody says which."""
    result = list(matches)
    for index in range(1, len(result)):
        gap = codes[result[index - 1].stop : result[index].first]
        if _ALTERNATIVE.match(gap) and Certainty.NEGATED not in (result[index - 1].certainty, result[index].certainty):
            for side in (index - 1, index):
                if result[side].kind != "verdict":
                    result[side] = replace(result[side], certainty=Certainty.UNCERTAIN)
    return result


def _apply_predicates(matches: list[Match], codes: str) -> list[Match]:
    result = list(matches)
    for index, match in enumerate(result):
        stop = result[index + 1].first if index + 1 < len(result) else len(codes)
        predicate = _PREDICATE.match(codes[match.stop : stop])
        if (
            predicate is not None
            and predicate.group(1) == "n"
            and codes[match.stop + predicate.end() :][:1] not in ".,"
        ):
            predicate = None  # "has replaced" denies what follows
        inside = "p" in codes[match.first : match.stop]
        if predicate is None and not inside:
            continue
        negated = predicate is not None and predicate.group(1) in "An"
        certainty = Certainty.NEGATED if negated else Certainty.UNCERTAIN
        result[index] = replace(match, certainty=certainty)
        for earlier in range(index - 1, -1, -1):
            gap = codes[result[earlier].stop : result[earlier + 1].first]
            own_verb = (
                "b" in codes[result[earlier].first : result[earlier].stop]
            )  # "the axis is left and PVCs are gone"
            if not set("cq") & set(gap) or not _JOINED.match(gap) or result[earlier].kind in ("normal", "verdict"):
                break
            if own_verb:
                break
            result[earlier] = replace(result[earlier], certainty=certainty)
    return result
