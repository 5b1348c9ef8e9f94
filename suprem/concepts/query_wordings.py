"""What people type who do not type English, or one kind of a concept, or a letter beside: the words of queries.

The words are in assets/terms/query_wordings.toml. A translated query is asked as its English concept, and keeps the
language it was typed in; one kind of a concept is asked as the concept, and that is said.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from suprem.concepts.abbreviations import WORDINGS_FILE, expand, match_key
from suprem.reports.lexicon import default_lexicon

WORDS_FILE = WORDINGS_FILE.with_name("query_wordings.toml")
ONE_KIND = "This is one kind of “{}”, which is what was trained and is asked; its score does not tell the kinds apart."


def in_english(text: str) -> tuple[str, str]:
    """Return a query in English, its misspelled words mended, and the language it was typed in."""
    key = _key(text)
    for language, phrases in _translations().items():
        if key in phrases:
            return phrases[key], language
    spellings = default_lexicon().spellings
    words = expand(text).split()
    mended = [word if word in spellings.known else spellings.nearest(word) or word for word in words]
    return " ".join(mended), "English"


def broader_code(text: str) -> str | None:
    """Return the code of the concept of which a query names one kind, None where it is none of the listed ones."""
    return _broader().get(match_key(text))


@cache
def _content() -> Mapping[str, Any]:
    return tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))


@cache
def _translations() -> dict[str, dict[str, str]]:
    languages: Mapping[str, Mapping[str, str]] = _content()["languages"]
    return {name: {_key(phrase): english for phrase, english in rows.items()} for name, rows in languages.items()}


@cache
def _broader() -> dict[frozenset[str], str]:
    rows: Mapping[str, list[str]] = _content()["broader"]
    return {match_key(phrase): code for code, phrases in rows.items() for phrase in phrases}


def _key(text: str) -> str:
    """A phrase without case, accents and marks; its words stay those of its language."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    return " ".join(re.findall(r"[^\W_]+", "".join(mark for mark in plain if not unicodedata.combining(mark))))
