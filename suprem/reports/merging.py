"""Entities of a statement that are one finding, and what an entity takes over from the one before it."""

from __future__ import annotations

import re
from dataclasses import replace

from suprem.reports.entity import Certainty, Entity

_CONDUCTED = re.compile(r"\b(?:flutter|tachycardia)\Z")
_RATIO = re.compile(r"(?:(?:\d:1|\d to 1|variable|varying|with) )?(?:a-?v |a v )?(?:block|conduction)")
# One digit at a time, and bounded: text is foreign, and a run of digits must not be cut in many ways.
_RATE_BETWEEN = re.compile(
    r"(?:[\s,(@:/\d-]|\b(?:at|about|rate|of|bpm|min|minute|per|with|w|and|a|ventricular)\b){1,60}", re.IGNORECASE
)
_RESPONSE = re.compile(r"(?:rapid|fast|high|slow|low|controlled|moderate) ventricular (?:response|rate)")
_OF_RESPONSE = {"rate": "response", "high": "rapid", "low": "slow"}
_ABBREVIATED = re.compile(r"[a-z]vr", re.IGNORECASE)
_SAME_BREATH = re.compile(r"\s{0,3}(?:w/?|with|,|/)?\s{0,3}", re.IGNORECASE)
_BACK = re.compile(r"\b(?:the|this|these|that)\s{1,3}\Z", re.IGNORECASE)
_WALLS = re.compile(r"(?:high lateral|antero-?septal|antero-?lateral|infero-?lateral|anterior|inferior|lateral|septal)")
_CHANGED = re.compile(r"\b(?:st|t|st-t|s t|t-wave|repolarization)\b")
_CAUSE = re.compile(r"(?:acute |subendocardial |myocardial |possible |cardiac ){0,3}(?:ischa?emia|injury|infarction)")
_CAUSED = re.compile(
    r"[\s,.:–-]{1,4}(?:(?:consider|suggest\w*|possibl[ey]|probabl[ey]|likely|may be|could be|is|are|which|due to|"
    r"secondary to|represents?|reflects?|indicat\w+|consistent with|c/w|suspect\w*|changes?|of|strain|or|"
    r"nonspecific)[\s/–-]{1,3}){0,6}",
    re.IGNORECASE,
)
_OTHER_HALF = re.compile(r"\s{0,2}(?:/|&|and)\s{0,2}", re.IGNORECASE)
_PROPOSED = re.compile(
    r"[\s,.:–-]{0,6}(?:(?:consider|probable|possible|suggest\w*|r/o|rule out)\s{0,2})?", re.IGNORECASE
)


def merged(entities: list[Entity], text: str) -> list[Entity]:
    """Return one entity for a finding and its short form ("LAHB (left anterior hemiblock)") or its ratio ("flutter at
    150/min with 2:1 block"). The response of the ventricles is named with the rhythm it is of, an infarct with the
    wall whose ST segments are raised; what only points back ("due to the hypertrophy") is no finding of its own."""
    found: list[Entity] = []
    for entity in entities:
        last = found[-1] if found else None
        if last is None:
            found.append(entity)
            continue
        between = text[last.end : entity.start]
        if last.name == entity.name and between.strip() == "(":
            found[-1] = _joined(text, last, entity, entity.end + (text[entity.end : entity.end + 1] == ")"))
        elif _CONDUCTED.search(last.name) and _RATIO.fullmatch(entity.name) and _RATE_BETWEEN.fullmatch(between):
            found[-1] = _joined(text, last, entity, entity.end)
        elif last.name.endswith("atrial fibrillation") and _RESPONSE.fullmatch(entity.name):
            response = " ".join(_OF_RESPONSE.get(word, word) for word in entity.name.split())
            name = f"{last.name} with {response}"
            if _ABBREVIATED.fullmatch(entity.text) and _SAME_BREATH.fullmatch(between):  # "afib RVR"
                found[-1] = replace(_joined(text, last, entity, entity.end), name=name)
            else:
                found.append(replace(entity, name=name))
        elif not _points_back(entity, found, text):
            wall = _wall_of_raised_st(last, entity, between) or _wall_of_changes(found, entity, text)
            found.append(replace(entity, name=f"{wall} {entity.name}") if wall else entity)
    return found


def _joined(text: str, first: Entity, second: Entity, end: int) -> Entity:
    doubted = Certainty.UNCERTAIN in (first.certainty, second.certainty)
    certainty = Certainty.UNCERTAIN if doubted else first.certainty
    return Entity(text[first.start : end], first.start, end, certainty, first.name)


def _points_back(entity: Entity, found: list[Entity], text: str) -> bool:
    """Whether an entity is named again that stands before ("the hypertrophy", after "left ventricular hypertrophy")."""
    if not _BACK.search(text, max(entity.start - 10, 0), entity.start):
        return False
    words = set(entity.name.split())
    return any(words <= set(earlier.name.split()) for earlier in found)


def _wall_of_raised_st(last: Entity, entity: Entity, between: str) -> str:
    """Return the wall of "inferior ST elevation, consider acute infarct", which is the infarct's, "" where none is."""
    if "infarct" not in entity.name or "st elevation" not in last.name or not _PROPOSED.fullmatch(between):
        return ""
    return "" if _WALLS.search(entity.name) else " ".join(dict.fromkeys(_WALLS.findall(last.name)))


def _wall_of_changes(found: list[Entity], entity: Entity, text: str) -> str:
    """Return the wall of ST or T changes whose cause is proposed right behind them ("lateral T wave inversion, consider
    ischemia"): it is the wall that the cause is of. "" where it has its own, or something else stands between."""
    if entity.certainty is Certainty.NEGATED or not _CAUSE.fullmatch(entity.name):
        return ""
    for at in range(len(found) - 1, max(len(found) - 3, -1), -1):
        earlier = found[at]
        if _CHANGED.search(earlier.name) and earlier.certainty is not Certainty.NEGATED:
            half = found[at - 1] if at else None  # "inferior" of "inferior/lateral ST-T changes"
            joined = half is not None and _OTHER_HALF.fullmatch(text[half.end : earlier.start])
            names = f"{half.name} {earlier.name}" if half is not None and joined else earlier.name
            walls = " ".join(dict.fromkeys(_WALLS.findall(names)))
            return walls if _CAUSED.fullmatch(text[earlier.end : entity.start]) else ""
        if not _CAUSE.fullmatch(earlier.name) and "strain" not in earlier.name:
            return ""
    return ""
