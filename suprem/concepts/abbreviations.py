"""One normal form for cardiology text: abbreviations, spelling variants, degrees, German report words, lead groups.

General text encoders do not know cardiology abbreviations (cosine of "PACs" and "atrial premature complex" is about 0),
so every text is rewritten by `expand` before it is embedded or compared. `match_key` goes one step further and gives up
grammar and word order, to decide whether two texts name the same thing. The words are in assets/terms/wordings.toml.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from typing import Any

from suprem.resources import ASSETS

WORDINGS_FILE = ASSETS / "terms" / "wordings.toml"
WORDINGS: dict[str, Any] = tomllib.loads(WORDINGS_FILE.read_text(encoding="utf-8"))
"""Abbreviations, wordings and word lists, as the file groups them."""

_BEAT = r"(?:complex(?:es)?|contractions?|beats?|heartbeats?|extrasystoles?|depolari[sz]ations?|systoles?)"
_ORIGIN = r"(ventricular|atrial|supraventricular|junctional)"
_FIRST, _SECOND, _THIRD = (r"(?:1st|first|1|i|one)", r"(?:2nd|second|2|ii|two)", r"(?:3rd|third|3|iii|three)")
_AVB = "atrioventricular block"
_THROUGH = r"(?: to | through | )v?"

# What needs a pattern: degrees, Mobitz types, premature beats in any word order, lead lists that name a wall.
_PATTERNS: tuple[tuple[str, str], ...] = (
    *(
        (pattern, replacement)
        for number, word in ((_FIRST, "first"), (_SECOND, "second"), (_THIRD, "third"))
        for pattern, replacement in (
            (rf"{number} (?:degree|grade|deg|dgr)", f"{word} degree"),
            (rf"(?:degree|grade) {number}", f"{word} degree"),
            (rf"{_AVB}(?: of)?(?: the)? {word} degree", f"{word} degree {_AVB}"),
            (rf"(?<!degree ){_AVB} {number}", f"{word} degree {_AVB}"),
            (rf"{number} {_AVB}", f"{word} degree {_AVB}"),
        )
    ),
    (rf"{_AVB} (?:mobitz )?(?:type )?(?:wenckebach|{_FIRST})(?: wenckebach)?", f"{_AVB} mobitz type i"),
    (rf"{_AVB} (?:mobitz )?(?:type )?{_SECOND}", f"{_AVB} mobitz type ii"),
    (rf"(?<!{_AVB} )mobitz (?:type )?{_SECOND}(?: (?:second degree )?{_AVB})?", f"second degree {_AVB} mobitz type ii"),
    (
        rf"(?<!{_AVB} )(?:mobitz (?:type )?{_FIRST}(?: wenckebach)?|wenckebach)(?: (?:second degree )?{_AVB})?",
        f"second degree {_AVB} mobitz type i",
    ),
    (rf"(?:premature|early|ectopic) {_ORIGIN} {_BEAT}", r"\1 premature complex"),
    (rf"{_ORIGIN} (?:premature|early|ectopic|extra) {_BEAT}", r"\1 premature complex"),
    (rf"{_ORIGIN} (?:extrasystol(?:es?|y|ia)|ectopics?|ectopy|ectopies)", r"\1 premature complex"),
    (rf"(?:premature|ectopic|early) {_BEAT}|extra heartbeats?|extrasystol(?:es?|y)", "premature complex"),
    (r"block of (?:the )?(left|right) bundle branch", r"\1 bundle branch block"),
    (r"(?:leads? )?ii iii (?:and )?avf (?:and )?v5 (?:and )?v6", "inferolateral leads"),
    (r"(?:leads? )?ii iii (?:and )?avf", "inferior leads"),
    (rf"(?:leads? )?i (?:and )?avl (?:and )?v[34]{_THROUGH}6", "anterolateral leads"),
    (r"(?:leads? )?i (?:and )?avl (?:and )?v5 (?:and )?v?6", "lateral leads"),
    (rf"(?:leads? )?v1(?: v2)?{_THROUGH}[34]", "anteroseptal leads"),
    (r"la(?= (?:enlargement|abnormality|overload|dilatation|hypertrophy))", "left atrial"),
    (r"ra(?= (?:enlargement|abnormality|overload|dilatation|hypertrophy))", "right atrial"),
)  # fmt: skip

_MAX_PASSES = 8  # a rewritten text can match again


def _phrase_pattern() -> re.Pattern[str]:
    alternatives = "|".join(
        re.escape(phrase) + ("s?" if phrase in WORDINGS["abbreviations"] and len(phrase) > 2 else "")
        for phrase in sorted(_PHRASES, key=len, reverse=True)
    )
    return re.compile(rf"(?<!\S)(?:{alternatives})(?!\S)")


_PHRASES: dict[str, str] = WORDINGS["wordings"] | WORDINGS["abbreviations"]
_PHRASE = _phrase_pattern()
_FILLER = frozenset(WORDINGS["filler"])
_RULES = tuple((re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), replacement) for pattern, replacement in _PATTERNS)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "°": " degree ", "º": " degree ", "&": " and "})
_TOKEN = re.compile(r"\d+(?:[.:]\d+)+|[^\W_]+")


@lru_cache(maxsize=65536)
def expand(text: str) -> str:
    """Return `text` in the normal form that is embedded and compared: lower case, abbreviations as words.

    Punctuation goes, hyphens become spaces (except in "st-t"), German umlauts are written out. Applying it twice
    changes nothing more. Ambiguous abbreviations are read as an ECG reader would: AF is fibrillation, AFL flutter, MI
    infarction, LAD left axis deviation unless a coronary artery is meant.
    """
    words = _normal_words(text)
    words = WORDINGS["alone"].get(words, words)
    for _ in range(_MAX_PASSES):
        before = words
        words = _PHRASE.sub(_spelled_out, words)
        for pattern, replacement in _RULES:
            words = pattern.sub(replacement, words)
        if words == before:
            break
    return words


def match_key(text: str) -> frozenset[str]:
    """Return the meaning-bearing words of `text`: equal keys name the same finding, whatever the word order."""
    words = {_stem(word) for word in expand(text).split()} - _FILLER
    return frozenset(words or expand(text).split())


def _normal_words(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.casefold().replace("&amp;", "&").translate(_UMLAUTS))
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"\((?:s|es|n|en)\)|['’`]", "", text)
    return " ".join(_TOKEN.findall(text))


def _spelled_out(match: re.Match[str]) -> str:
    phrase = match.group()
    return _PHRASES[phrase] if phrase in _PHRASES else _PHRASES[phrase[:-1]]


def _stem(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith("xes") else word[:-1]
    return str(WORDINGS["stems"].get(word, word))
