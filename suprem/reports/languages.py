"""The lexica of other languages, and which of them a statement is written in.

A lexicon of another language (`assets/terms/report_<language>.toml`) gives the part that each phrase plays and its
meaning in English, so that the grammar of `rules.py` finds the same entities and names them in English. Words are
looked up without accents and without the endings that the language inflects by. Waves, eponyms and abbreviations that
all of them share are in `report_shared.toml`.

The language is told statement by statement, by which lexicon knows most of its words; English comes first.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache, partial
from operator import itemgetter
from typing import Any

from suprem.errors import ConfigError
from suprem.reports.lexicon import (
    CODES,
    FOREIGN_TOKEN,
    LEXICON_FILE,
    UNKNOWN,
    Lexicon,
    Unit,
    default_lexicon,
    make_lexicon,
    normal_form,
)

LANGUAGES = ("German", "French", "Spanish", "Italian", "Swedish")
"""Languages with a lexicon of their own, beside English."""

_SHORTEST_STEM = 4
_MARGIN = 0.05
_NO_WORDS = frozenset("0c,.A")
_GUESSED = 0.5  # what a word that had to be mended counts for


@lru_cache(maxsize=20_000)
def lexicon_of(text: str) -> Lexicon:
    """Return the lexicon that knows most words of a statement; English where none knows clearly more."""
    english = default_lexicon()
    share = _known(english.units(text))
    words = {_plain(word) for word in re.findall(r"[^\W\d_]+", text)}
    if share == 1.0:
        # Words that translated reports were found to keep ("Linkstyp") are not yet English.
        rivals = [language for language in LANGUAGES if words & _markers(language)]
    else:
        rivals, share = list(LANGUAGES), share + _MARGIN
    best, rank = english, (share, -1)
    for language in rivals:
        units = load_language(language).units(text)
        if any(unit.code not in _NO_WORDS and unit.code != UNKNOWN and not unit.guessed for unit in units):
            # Of languages that know equally much it is the one that writes the words as they are written here.
            rank, best = max(
                (rank, best),
                ((_known(units), len(words & _written(language))), load_language(language)),
                key=itemgetter(0),
            )
    return best


@cache
def _markers(language: str) -> frozenset[str]:
    """Return words, without accents, that a language does not share with English."""
    return frozenset(_plain(word) for word in _read(language.lower())["grammar"].get("markers", ()))


@cache
def _written(language: str) -> frozenset[str]:
    """Return the words of a lexicon as they are written, without accents."""
    sections = [entry for name, entry in _read(language.lower()).items() if name != "grammar"]
    phrases = [phrase for entry in sections for phrase in [*entry, *entry.get("words", ())]]
    return frozenset(_plain(word) for phrase in phrases for word in re.findall(r"[^\W\d_]+", phrase))


@cache
def abbreviations() -> frozenset[str]:
    """Return the words of all languages after which a full stop ends no statement, in lower case without accents."""
    lexica = (default_lexicon(), *(load_language(language) for language in LANGUAGES))
    return frozenset().union(*(lexicon.abbreviations for lexicon in lexica))


@cache
def load_language(language: str) -> Lexicon:
    """Read the lexicon of a language of `LANGUAGES`.

    Raises:
        ConfigError: An unknown section, or one phrase in two sections.
    """
    content = _read(language.lower())
    grammar = content.pop("grammar")
    endings = tuple(sorted(grammar.get("endings", ()), key=len, reverse=True))
    form = partial(_stem, endings=endings)
    own = frozenset(_plain(word) for word in content.pop("abbreviations")["words"])
    sections, readings = _phrases(_read("shared"), form)
    sections_here, readings_here = _phrases(content, form)
    return make_lexicon(
        sections | sections_here,
        readings | readings_here,
        own,
        language=language,
        token=FOREIGN_TOKEN,
        form=form,
        compounds=grammar.get("compounds", False),
        adjectives_follow=grammar.get("adjectives_follow", False),
    )


def english_order(units: list[Unit]) -> list[Unit]:
    """Return units of a language in which adjectives follow in the order of English: "bloc | de branche | droit".

    "infarto | inferior | antiguo" becomes "old inferior infarction", "elevación | del | ST" becomes "ST elevation".
    """
    ordered: list[Unit] = []
    position = 0
    while position < len(units):
        unit = units[position]
        position += 1
        if unit.code not in _HEADS:
            ordered.append(unit)
            continue
        behind: list[Unit] = []
        while position < len(units):
            follows = _what_follows(unit, units, position)
            if not follows:
                break
            behind += follows[0]
            position = follows[1]
        before = list(reversed(behind))
        if unit.code in "S" and any(one.code == "w" for one in before):
            waves = [one for one in before if one.code == "w"]
            ordered += [one for one in before if one.code != "w"] + waves[::-1] + [unit]
        else:
            ordered += [*before, unit]
    return [_named(unit, ordered[position - 1 : position]) for position, unit in enumerate(ordered)]


def _named(unit: Unit, before: list[Unit]) -> Unit:
    """Name the wave that goes without saying: "sous-décalage en V4" is of the ST segment."""
    bare = unit.code == "S" and unit.reading in ("elevation", "depression") and not (before and before[0].code == "w")
    return unit._replace(code="F", reading=f"st {unit.reading}") if bare else unit


_HEADS = frozenset("FINSwL")
_ADJECTIVES = frozenset("rmgasvz")


def _what_follows(head: Unit, units: list[Unit], position: int) -> tuple[list[Unit], int] | None:
    """Return what belongs before a head in English, with the position behind it: an adjective, or "of" and a noun."""
    unit = units[position]
    if unit.code in _ADJECTIVES and not (unit.code == "z" and head.code not in "Nw"):
        return [unit], position + 1
    stop = position
    while stop < len(units) and (units[stop].code == "t" or (units[stop].code == "i" and units[stop].reading == "of")):
        stop += 1
    if stop == len(units):
        return None
    of = units[stop]
    if of.code == "w" and head.code == "S":
        return [of], stop + 1
    if stop == position:
        return None
    if of.code in "rm" and head.code in "FISL":
        return [of], stop + 1
    if of.code == "L" and head.code in "FIS":
        return [of._replace(code="m")], stop + 1
    return None


def _known(units: list[Unit]) -> float:
    words = [unit for unit in units if unit.code not in _NO_WORDS]
    known = sum(0.0 if unit.code == UNKNOWN else _GUESSED if unit.guessed else 1.0 for unit in words)
    return known / len(words) if words else 1.0


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(LEXICON_FILE.with_name(f"report_{name}.toml").read_text(encoding="utf-8"))


def _phrases(
    content: dict[str, Any], form: Callable[[str], str]
) -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str]]:
    """Return the section and the meaning of each phrase; `words` of a section are phrases that make no name."""
    sections: dict[tuple[str, ...], str] = {}
    readings: dict[tuple[str, ...], str] = {}
    for section, entry in content.items():
        if section not in CODES:
            raise ConfigError(f"A report lexicon has a section {section!r}; known are {', '.join(CODES)}.")
        for phrase, reading in [*((word, None) for word in entry.get("words", ())), *entry.items()]:
            if phrase == "words":
                continue
            words = tuple(
                form(match.group()) for match in FOREIGN_TOKEN.finditer(phrase) if match.lastgroup != "hyphen"
            )
            if sections.setdefault(words, section) != section:
                raise ConfigError(f"A report lexicon has {phrase!r} under {sections[words]!r} and {section!r}.")
            if reading is not None:
                readings.setdefault(words, reading)
    return sections, readings


@lru_cache(maxsize=50_000)
def _stem(word: str, endings: tuple[str, ...]) -> str:
    """Lower case, without accents, plural and the ending that a word is inflected by."""
    stem, longer = _plain(normal_form(word)), ""
    while stem != longer:  # "ventrikulär" and "ventrikuläre" lose all that could be an ending
        longer = stem
        ending = next((one for one in endings if stem.endswith(one) and len(stem) - len(one) >= _SHORTEST_STEM), "")
        stem = stem.removesuffix(ending)
    return stem


def _plain(word: str) -> str:
    return "".join(mark for mark in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(mark))
