"""The words of ECG reports: `assets/terms/report_lexicon.toml` read once, and text cut into units of it.

A unit is one phrase of the lexicon, a list of leads, a number, a mark or an unknown word, with the part it plays as one
letter (`CODES`), so that the grammar of `rules.py` can be written as regular expressions over these letters. Lexica of
other languages give the meaning of each phrase in English: see `languages.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from suprem.errors import ConfigError
from suprem.reports.spelling import Spellings
from suprem.resources import ASSETS

LEXICON_FILE = ASSETS / "terms" / "report_lexicon.toml"

CODES = {
    "normal": "N",
    "finding": "F",
    "diagnosis": "I",
    "wave": "w",
    "state": "s",
    "verdict": "v",
    "state_noun": "S",
    "normal_state": "z",
    "limit": "h",
    "region": "r",
    "modifier": "m",
    "nonspecific": "g",
    "age": "a",
    "doubt": "d",
    "doubt_before": "D",
    "doubt_after": "p",
    "link_doubt": "u",
    "link": "k",
    "after_doubt": "P",
    "negation": "n",
    "after_negation": "A",
    "leads": "l",
    "lead_word": "L",
    "tail": "T",
    "tracing": "e",
    "statement": "Q",
    "undetermined": "U",
    "noise": "x",
    "preposition": "i",
    "be": "b",
    "determiner": "t",
    "conjunction": "c",
    "alternative": "q",
    "word": "o",
    "history": "H",
    "kin": "K",
    "condition": "C",
}
UNKNOWN = "?"
_UNCORRECTED = ("word", "noise", "kin", "history", "condition")
_LONGEST_COMPOUND, _SHORTEST_PART = 60, 4
_MARKS = {"number": "0", "and": "c", "comma": ",", "break": ".", "answer": "A"}

_SPELLINGS = (
    *(("&amp;", "&"), ("&#39;", ""), ("'", ""), ("’", "")),
    *(("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")),
    *(("blok", "block"), ("blck", "block"), ("blk", "block")),
    *(("haem", "hem"), ("kalaem", "kalem"), ("calcaem", "calcem")),
    *(("(s)", ""), ("(es)", ""), ("(en)", ""), ("(n)", ""), ("(a)", ""), ("(er)", "")),
)

# Runs of blanks are bounded everywhere: text is foreign, and time must grow with its length and no faster.
_SPEAKS = (
    r"(?!\s{1,3}(?:am|agree|believe|can|cannot|consider|could|did|disagree|do|favou?r|feel|find|found|had|have|note|read|see|"
    r"suspect|think|was|wonder|would)\b)"
)
"""What follows "I" where it is nobody's lead."""
_LEAD = rf"(?:a?v[rlf]|i{{2,3}}|i{_SPEAKS}|v[1-9]r?)(?!\w)"
_NEXT_LEAD = r"(?:a?v[rlf]|i{1,3}|v?[1-9]r?|[flr])(?!\w|:\d|\s?%)"
# "DII" and "D2" are lead II from Paris to Lima; "di" is a word.
_DI = r"(?-i:DI)(?!\s{1,3}(?-i:[A-Z]{4}|I{1,3}\s))"
_D_LEAD = rf"(?:d?a?v[rlf]|d?i{{2,3}}|i|{_DI}|d\s?[123]|v\s?[1-9]r?)(?!\w)"
_NEXT_D_LEAD = rf"(?:d?a?v[rlf]|d?i{{2,3}}|i|{_DI}|d\s?[123]|v?[1-9]r?)(?!\w|:\d|\s?%)"
_JOIN = r"(?:,|-|–|/|\+|&amp;|&|(?:and|und|to|thru|through|bis|till|hasta|et|y|e|à|al|a)\b)"
_NUMBERED = r"(?<![\w.,])(?:[123]\s{0,2}(?:,|and\b|&)\s{0,2}){1,3}(?=(?:av|[123]\s{0,2}(?:,|and\b|&)\s{0,2}av)[lfr]\b)"
_ANSWER_END = r"(?=\s{0,3}(?:\.(?!\d)|[,;)|/\n]|\Z))"


def _token_pattern(lead: str, next_lead: str, word: str, hyphen: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<answer>(?::\s{{0,4}}|\s[-–]\s{{0,2}}|\(|=\s{{0,2}})(?:no|none|nil|negative|neg|absent|nein|keine?|non|"
        rf"aucune?|ninguno|nessuno|assente|ausente)\)?{_ANSWER_END}"
        rf"|(?<=[^\W\d_])\s{{1,3}}(?:none|nil|0){_ANSWER_END})"
        r"|(?P<query>\(\s?\?+\s?\)|\?+)"
        rf"|(?P<leads>(?:{_NUMBERED}|(?<!\w)){lead}"
        rf"(?:(?:\s{{0,3}},?\s{{0,3}}{_JOIN}\s{{0,3}}){next_lead}|\s{{1,3}}{lead})*)"
        r"|(?P<special>\bqrs\(t\)|\b(?:r/o|c/w|w/o|s/p|h/o|d/w|d/c|y/o|f/u|p/w|r/i)(?!\w)|\bw/)"
        rf"|(?P<word>\d+(?:st|nd|rd|th)\b|{word}(?:\((?:s|es|en|n|a|er)\))?)"
        r"|(?P<number>\d+(?:[.,:/]\d+)*%?)"
        r"|(?P<and>&amp;|&|\+|/)"
        r"|(?P<comma>,|\s[-–]+\s)"
        rf"|(?P<hyphen>{hyphen}[-–]|(?<=\bst)\.(?=t\b)|(?<=\b[asv])\.(?=\s{{0,2}}(?:fib|flut|tach|brady))|&#?\w+;|[\"'’()\[\]#*])"
        r"|(?P<break>[^\s\w])",
        re.IGNORECASE,
    )


_TOKEN = _token_pattern(_LEAD, _NEXT_LEAD, r"[^\W\d_]+(?:(?:'|’|&#39;)[^\W\d_]+)?", "")
# Articles end at an apostrophe ("l'onde"), and "II. Grades", "2°" and "1er" are ordinals.
FOREIGN_TOKEN = _token_pattern(
    _D_LEAD,
    _NEXT_D_LEAD,
    r"[^\W\d_]+",
    r"[°º^¿¡`´]|\.(?=\s{0,3}grad)|(?<=\b[vz])\.(?=\s?[an]\.)|(?<=\b[vz]\.[an])\.|(?<=\b[vz]\.\s[an])\.|",
)


@lru_cache(maxsize=20_000)
def normal_form(word: str) -> str:
    """Lower case, one spelling for umlauts and ae/oe, plural endings off."""
    form = word.lower()
    if re.fullmatch(r"[pqrstu]['’]s", form):
        return form[0]  # "Q's in III", unlike "QS"
    for written, plain in _SPELLINGS:
        form = form.replace(written, plain)
    if form.endswith("alities"):
        form = form[:-3] + "y"
    elif form.endswith("xes"):
        form = form[:-2]
    elif len(form) > 3 and form.endswith("s") and not form.endswith(("ss", "us", "is")):
        form = form[:-1]
    return form


class Unit(NamedTuple):
    """A stretch of text with the part it plays; `reading` is its meaning in plain words; `guessed` where it is spelled
    as no word of the lexicon is."""

    start: int
    end: int
    code: str
    reading: str
    guessed: bool = False


@dataclass(frozen=True)
class Lexicon:
    """Phrases with code and reading, the length of the longest by first word, and abbreviations with a full stop.

    Attributes:
        language: Name of the language.
        token: How text is cut into words, leads, numbers and marks.
        form: The form under which words are looked up.
        compounds: Whether an unknown word may be several known ones written together.
        adjectives_follow: Whether adjectives stand behind what they describe.
    """

    phrases: dict[tuple[str, ...], tuple[str, str | None]]
    longest: dict[str, int]
    abbreviations: frozenset[str]
    spellings: Spellings
    language: str = "English"
    token: re.Pattern[str] = _TOKEN
    form: Callable[[str], str] = normal_form
    compounds: bool = False
    adjectives_follow: bool = False

    def units(self, text: str) -> list[Unit]:
        """Cut `text` into units; the longest phrase of the lexicon wins, a word off by a letter counts as the word."""
        tokens = self._tokens(text)
        forms = [form for _, _, _, form in tokens]
        found: list[Unit] = []
        position = 0
        while position < len(tokens):
            start, end, kind, form = tokens[position]
            length = min(self.longest.get(form, 0), len(tokens) - position)
            while length and tuple(forms[position : position + length]) not in self.phrases:
                length -= 1
            if length:
                code, reading = self.phrases[tuple(forms[position : position + length])]
                end = tokens[position + length - 1][1]
                guessed = any(token[2] == "corrected" for token in tokens[position : position + length])
                if reading is None and guessed:
                    reading = " ".join(forms[position : position + length])
                found.append(Unit(start, end, code, reading or " ".join(text[start:end].lower().split()), guessed))
            elif kind == "query":
                before = _stands_before(text, start, end)
                found.append(Unit(start, end, CODES["doubt_before" if before else "after_doubt"], "?"))
            elif kind == "leads":
                found.append(Unit(start, end, CODES["leads"], _leads(text[start:end])))
            else:
                code = _MARKS.get(kind, UNKNOWN)
                found.append(Unit(start, end, code, " ".join(text[start:end].lower().split())))
            position += max(length, 1)
        return found

    def _tokens(self, text: str) -> list[tuple[int, int, str, str]]:
        tokens: list[tuple[int, int, str, str]] = []
        for match in self.token.finditer(text):
            kind = match.lastgroup or ""
            # The full stop of an abbreviation ("left ant. hemiblock") is not a mark.
            abbreviated = match.group() == "." and bool(tokens) and tokens[-1][3] in self.abbreviations
            if kind != "hyphen" and not abbreviated:
                form = self.form(match.group())
                if kind == "word" and form not in self.longest and form not in self.spellings.known:
                    parts = self._parts(match.group()) if self.compounds else ()
                    at = match.start()
                    for length, part in parts:
                        tokens.append((at, at + length, kind, part))
                        at += length
                    if parts:
                        continue
                    nearest = self.spellings.nearest(form)
                    kind, form = ("corrected", nearest) if nearest else (kind, form)
                tokens.append((match.start(), match.end(), kind, form))
        return tokens

    def _parts(self, word: str) -> tuple[tuple[int, str], ...]:
        """Cut a compound into words of the lexicon, each with its length: "Hinterwand|ischämie", "Vorhofs|pause"."""
        if len(word) > _LONGEST_COMPOUND:
            return ()
        for at in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
            forms = (self.form(word[:at]), self.form(word[:at].removesuffix("s")))
            first = next((form for form in forms if form in self.longest), None)
            if first is not None:
                rest = self.form(word[at:])
                further = ((len(word) - at, rest),) if rest in self.longest else self._parts(word[at:])
                if further:
                    return (at, first), *further
        return ()


def _stands_before(text: str, start: int, end: int) -> bool:
    """Whether a question mark doubts what follows ("?AF", "? old infarct"), not what it stands behind ("LVH (?)")."""
    if text[start] == "(" or (start and not (text[start - 1].isspace() or text[start - 1] in "(,;:/-")):
        return False
    return text[end:].lstrip()[:1].isalnum()


def _leads(text: str) -> str:
    """The leads in lower case, the limb leads of old reports ("1, aVL") as Roman numbers."""
    head = re.match(r"[123](?![\w])[^a-z]*(?:and )?", text.lower())
    words = re.sub(r"\bd\s?([123])\b", lambda number: "i" * int(number.group(1)), " ".join(text.lower().split()))
    words = re.sub(r"\bd(?=i{1,3}\b|a?v[rlf])", "", re.sub(r"\bv (?=\d)", "v", words))
    if head is None:
        return words
    return re.sub(r"\b[123]\b", lambda number: "i" * int(number.group()), words[: head.end()]) + words[head.end() :]


def understood_share(units: list[Unit]) -> float:
    """The share of words the lexicon knows, 1.0 for a text without words."""
    words = [unit for unit in units if unit.code not in _MARKS.values()]
    return sum(unit.code != UNKNOWN for unit in words) / len(words) if words else 1.0


def load_lexicon(path: Path = LEXICON_FILE) -> Lexicon:
    """Read the lexicon.

    Raises:
        ConfigError: An unknown section, or one phrase in two sections.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    readings = {_words(phrase): reading for phrase, reading in content.pop("readings").items()}
    abbreviations = frozenset(normal_form(word) for word in content.pop("abbreviations")["words"])
    section_of: dict[tuple[str, ...], str] = {}
    for section, entry in content.items():
        if section not in CODES:
            raise ConfigError(f"The report lexicon has a section {section!r}; known are {', '.join(CODES)}.")
        for phrase in entry["words"]:
            words = _words(phrase)
            if section_of.setdefault(words, section) != section:
                raise ConfigError(f"The report lexicon lists {phrase!r} under {section_of[words]!r} and {section!r}.")
    return make_lexicon(section_of, readings, abbreviations)


def make_lexicon(
    section_of: Mapping[tuple[str, ...], str],
    readings: Mapping[tuple[str, ...], str],
    abbreviations: frozenset[str],
    **traits: Any,
) -> Lexicon:
    """Make a lexicon of phrases, given as the forms of their words.

    Args:
        section_of: Phrase -> its section, a key of `CODES`.
        readings: Phrase -> its meaning, where it is not the phrase itself.
        abbreviations: Words after which a full stop ends nothing.
        traits: Fields of the language, see `Lexicon`.
    """
    phrases = {words: (CODES[section], readings.get(words)) for words, section in section_of.items()}
    longest: dict[str, int] = {}
    for words in phrases:
        longest[words[0]] = max(len(words), longest.get(words[0], 0))
    known = {word for words in section_of for word in words}
    heart = {word for words, section in section_of.items() if section not in _UNCORRECTED for word in words}
    return Lexicon(phrases, longest, abbreviations, Spellings.of(known, heart), **traits)


@lru_cache(maxsize=1)
def default_lexicon() -> Lexicon:
    """The shipped lexicon, read once."""
    return load_lexicon()


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(normal_form(match.group()) for match in _TOKEN.finditer(phrase) if match.lastgroup != "hyphen")
