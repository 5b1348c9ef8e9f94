"""Which finding a name is about, without where and how much of it there is: what is embedded and looked up for it.

"Slight ST depression in V4-6" is ST depression, and a text encoder, which knows no leads, puts the two far apart. Of an
infarction, an ischemia or a block the place is part of the diagnosis and stays. What a name states beyond its finding
is not forgotten: the guards read the whole name.
"""

from __future__ import annotations

import re

from suprem.concepts.abbreviations import expand

_LEAD = r"(?:i{1,3}|av[rlf]|v?[1-9]|and|to|[rl])"
_LEADS = re.compile(
    rf"(?: (?:in|over|leads?)){{1,4}}(?: {_LEAD}){{1,24}}\Z|"
    rf"(?: i{{1,3}}){{0,3}}(?: and)? (?:av[rlf]|v[1-9])(?: {_LEAD}){{0,24}}\Z"
)
_WALL = r"(?:(?:infero|antero|postero)*(?:anterior|septal|lateral|inferior|posterior|apical))"
_BEFORE_LEADS = (
    rf"in|over|of|on|the|all|these|most|some|other|many|several|limb|extremity|chest|precordial|thoracic|left|right|"
    rf"{_WALL}|and|or"
)
_PLACE = re.compile(
    rf"(?<!\S)(?:(?:{_BEFORE_LEADS}) ){{0,12}}(?:leads?|derivations?)(?: {_LEAD}){{0,24}}(?!\S)|"
    rf"(?<!\S)(?:(?:in|over|high) ){{0,4}}{_WALL}(?: (?:and|or|wall)){{0,4}}(?!\S)|"
    r"(?<!\S)(?:throughout|everywhere|generally|generali[sz]ed|diffuse(?:ly)?|widespread|peripheral(?:ly)?|"
    r"(?:in )?places|part(?:ly)?|limb|extremity|chest|precordial|thoracic)(?!\S)"
)
_WAVE = re.compile(
    r"\b(?:[prsu] waves?|[qt]|st|st-t|qrs|qs|voltages?|amplitudes?|r progression|rs? ?s transition|transition zone)\b"
)
_DIAGNOSIS = re.compile(r"\b(?:infarction|ischemi[ac]|injury|damage|block|hypertrophy)\b")
# The statement "bigeminal pattern" is meant for any origin.
_ORIGIN_OF_GROUPING = re.compile(r"(?<!\S)(?:supra)?(?:ventricular|atrial) (?=(?:bi|tri)gemin)")
# How an infarct shows itself; which one it is does not depend on it.
_FORM_OF_INFARCTION = re.compile(r"(?<!\S)(?:non )?st elevation (?=(?:acute )?(?:myocardial )?infarction)")
_EXTENT = re.compile(
    r"(?<!\S)(?:slight(?:ly)?|minor|minimal(?:ly)?|mild(?:ly)?|discrete(?:ly)?|moderate(?:ly)?|marked(?:ly)?|gross(?:ly)?|"
    r"pronounced|prominent|severe(?:ly)?|extreme(?:ly)?|very|rather|somewhat|clear(?:ly)?|definite(?:ly)?|distinct|"
    r"obvious|significant(?:ly)?|isolated|single|solitary|occasional|rare|frequent|multiple|numerous|several|"
    r"interposed|intermixed|some|few|uniforme?|(?:uni|multi)focal|monomorphic|polymorphic|multiforme?|apparently|typical|atypical|terminal(?:ly)?|deep(?:ly)?)\s"
)


def core(name: str) -> str:
    """Return `name` in the normal form of `expand`, without the extent of the finding, its leads, a wave's place."""
    words = expand(name)
    of_a_wave = _WAVE.search(words) and not _DIAGNOSIS.search(words)
    rest = _LEADS.sub("", _PLACE.sub(" ", words) if of_a_wave else words)
    rest = _ORIGIN_OF_GROUPING.sub("", _EXTENT.sub("", _FORM_OF_INFARCTION.sub("", f"{rest} ")))
    return " ".join(rest.split()) or words
