"""Where on the heart a report sees a finding: single leads, and the walls that groups of leads look at."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEADS = ("I", "II", "III", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""Leads of which reports tell apart what they show; aVR mirrors them."""

WALLS: dict[str, frozenset[str]] = {
    "inferior leads": frozenset({"II", "III", "aVF"}),
    "lateral leads": frozenset({"I", "aVL", "V5", "V6"}),
    "high lateral leads": frozenset({"I", "aVL"}),
    "anteroseptal leads": frozenset({"V1", "V2", "V3"}),
    "anterior leads": frozenset({"V2", "V3", "V4"}),
    "limb leads": frozenset({"I", "II", "III", "aVL", "aVF"}),
    "chest leads": frozenset({"V1", "V2", "V3", "V4", "V5", "V6"}),
}
"""Walls by the leads that look at them."""

PLACES: dict[str, frozenset[str]] = {f"lead {lead}": frozenset({lead}) for lead in LEADS} | WALLS

USUAL = tuple(place for place in PLACES if place not in ("limb leads", "chest leads"))
"""Where most findings are told apart."""

_SPELLINGS = {lead.casefold(): lead for lead in LEADS} | {"l": "aVL", "f": "aVF"}
_LIMB = re.compile(r"(?<![a-z\d])(?:av)?(iii|ii|i|avl|avf|l|f)(?![a-z\d])")
_CHEST = re.compile(
    r"(?<![a-z])v ?([1-6])((?: ?(?:-|to|thru|through|bis|,|/|&|\+|and|et|und|y|e|à|a) ?v? ?[1-6](?!\d))*)"
)
_NEXT = re.compile(r"(-|to|thru|through|bis|,|/|&|\+|and|et|und|y|e|à|a) ?v? ?([1-6])")
_RANGE = ("-", "to", "thru", "through", "bis", "à", "a")
_WORDS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), walls)
    for pattern, walls in (
        (r"high lateral", ("high lateral leads",)),
        (r"(?<!high )(?:infero|antero|postero|infero-|antero-|\b)lateral", ("lateral leads",)),
        (r"\binfero|\binferior", ("inferior leads",)),
        (r"antero-? ?septal", ("anteroseptal leads",)),
        (r"\banterior|antero-? ?lateral", ("anterior leads",)),
        (r"\blimb\b|\bextremity\b|\bperipheral", ("limb leads",)),
        (r"\bchest\b|\bprecordial|\bthoracic\b|\bv leads\b", ("chest leads",)),
        (r"throughout|\ball leads|everywhere|generali[sz]ed|diffuse|widespread", ("limb leads", "chest leads")),
    )
)


@dataclass(frozen=True)
class StatedPlaces:
    """The places that a text states.

    Attributes:
        leads: Leads named one by one.
        walls: Walls named by a word.
    """

    leads: frozenset[str]
    walls: frozenset[str]

    @property
    def anywhere(self) -> bool:
        """Whether no place is stated."""
        return not self.leads and not self.walls

    def present(self, place: str) -> bool | None:
        """Return whether a finding stated in these places is in `place`; None where the text leaves it open.

        A wall named by a word does not say in which of its leads; two of its leads, or all where it has but two, make
        a wall.
        """
        leads = PLACES[place]
        by_word = frozenset().union(*(WALLS[wall] for wall in self.walls))
        if place in WALLS and (place in self.walls or leads <= by_word or len(leads & self.leads) >= 2):
            return True
        if place not in WALLS and leads <= self.leads:
            return True
        return None if leads & (by_word | (self.leads if place in WALLS else frozenset())) else False


def stated_places(text: str) -> StatedPlaces:
    """Read leads ("I, aVL, V4-6", "V4,5,6", "iii,avf") and walls ("anterolateral", "limb leads") from a name."""
    text = " ".join(text.casefold().replace("–", "-").split())
    leads = {_SPELLINGS[match.group(1)] for match in _LIMB.finditer(text) if match.group(1) in _SPELLINGS}
    for match in _CHEST.finditer(text):
        last = int(match.group(1))
        leads.add(f"V{last}")
        for joined, number in _NEXT.findall(match.group(2)):
            first = last if joined in _RANGE else int(number)
            last = int(number)
            leads.update(f"V{n}" for n in range(min(first, last), max(first, last) + 1))
    walls = {wall for pattern, found in _WORDS if pattern.search(text) for wall in found}
    return StatedPlaces(frozenset(leads), frozenset(walls))


_QUERIED = re.compile(r"(?<![a-z\d])(avr|avl|avf|v[1-9]r?)(?![a-z\d])")
_QUERIED_LIMB = re.compile(r"\b(?:in|leads?|,|and|or) ?(i{1,3})(?![a-z\d])")
_UNTRAINED = re.compile(r"avr|v[789]|v[1-9]r")
_UNTRAINED_LEAD = "This asks for lead {}, of which no finding was trained; what is nearest is of other leads."


def queried_leads(text: str) -> frozenset[str]:
    """The leads that a query names one by one, in lower case; a bare "I" is a lead only where leads are named."""
    text = " ".join(text.casefold().split())
    return frozenset(_QUERIED.findall(text)) | frozenset(_QUERIED_LIMB.findall(text))


def untrained_lead(text: str) -> str | None:
    """Return one sentence where a query names a lead of which no finding is told apart, else None."""
    found = sorted(lead for lead in queried_leads(text) if _UNTRAINED.fullmatch(lead))
    if not found:
        return None
    return _UNTRAINED_LEAD.format(", ".join("aVR" if lead == "avr" else lead.upper() for lead in found))
