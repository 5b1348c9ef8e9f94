"""With which words the classes of a task are asked: the prompt strategies of the paper's Table 10, and one's own.

    simplified   one short phrase a class, from `assets/queries` (the paper's "simplified CKEPE")
    members      the mean over the names of the statements that a class unites, and over their other wordings
    a file       detailed descriptions, free text, or anything else; TOML or JSON

A JSON file maps codes to texts, as MERL's `CKEPE_prompt.json` does, or to lists of texts; a TOML file has `[[classes]]`
with `code` and `query` or `phrases`, and may name the `kinds` of the phrases in their order. Several phrases of a class
form an ensemble: the mean of their scores is its score.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suprem.concepts.abbreviations import expand
from suprem.concepts.query import MAX_CHARACTERS, MAX_WORDS, CardiacQuery
from suprem.concepts.vocabulary import Vocabulary
from suprem.datasets.task import Task
from suprem.errors import EvaluationError

SIMPLIFIED = "simplified"
MEMBERS = "members"
BUILT_IN = (SIMPLIFIED, MEMBERS)


@dataclass(frozen=True)
class QuerySet:
    """The words for each class of a task.

    Args:
        name: "simplified", "members", or the name of the file.
        phrases: One or more for each class, in the task's order.
        kinds: What the first, second, ... phrase of every class is, for example "lay words"; empty where that is not
            said.
    """

    name: str
    phrases: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[CardiacQuery | str, ...]:
        """All phrases, class by class. A description longer than what a person may type is asked as it stands; the
        text encoder reads its beginning."""
        return tuple(_query(phrase) for phrases in self.phrases for phrase in phrases)

    @property
    def is_ensemble(self) -> bool:
        """Whether a class has several phrases."""
        return any(len(phrases) > 1 for phrases in self.phrases)

    @property
    def shown(self) -> tuple[str, ...]:
        """The words of each class as one text."""
        return tuple(" | ".join(phrases) for phrases in self.phrases)


def query_set(source: str, task: Task, terms: Vocabulary) -> QuerySet:
    """Return a built-in set or read one from a file.

    Args:
        source: One of `BUILT_IN`, or the path of a .toml or .json file.
        task: The task whose classes are asked.
        terms: The statements with their wordings, for "members".

    Raises:
        EvaluationError: There is no such set or file, or it does not fit the task.
    """
    if source == SIMPLIFIED:
        return QuerySet(SIMPLIFIED, tuple((query,) for query in task.queries))
    if source == MEMBERS:
        return _members(task, terms)
    path = Path(source)
    if not path.is_file():
        raise EvaluationError(
            f"{path.name!r} is neither a query set ({', '.join(BUILT_IN)}) nor a file; give a .toml or .json file."
        )
    given, kinds = _read(path)
    plain = {_plain(code): texts for code, texts in given.items()}
    missing = [code for code in task.codes if code not in given and _plain(code) not in plain]
    if missing:
        raise EvaluationError(
            f"{path.name} has no query for {len(missing)} of the {len(task.codes)} classes of {task.name}: "
            f"{', '.join(missing)}. Add them; codes it has besides are ignored."
        )
    phrases = tuple(given[code] if code in given else plain[_plain(code)] for code in task.codes)
    uneven = [code for code, texts in zip(task.codes, phrases, strict=True) if kinds and len(texts) != len(kinds)]
    if uneven:
        raise EvaluationError(
            f"{path.name} names {len(kinds)} kinds of phrases, but {', '.join(uneven)} have another number of them; "
            "give one of each kind, or leave the kinds out."
        )
    return QuerySet(path.name, phrases, kinds)


def _members(task: Task, terms: Vocabulary) -> QuerySet:
    """Ask each statement by its name; where a class is one statement, or none of the terms', its own wordings."""
    names = {concept.code: concept.name for concept in terms.concepts}
    phrases = []
    for entry in task.classes:
        members = [names[code] for code in entry.members if code in names]
        if len(entry.members) == 1 or not members:
            known = terms.lookup(entry.query)
            members = [entry.query, *(known.synonyms if known is not None else ())]
        phrases.append(tuple(dict.fromkeys(members)))
    return QuerySet(MEMBERS, tuple(phrases))


def _read(path: Path) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Read codes with their phrases, and of which kinds the phrases of each code are."""
    kinds: tuple[str, ...] = ()
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            table = tomllib.loads(text)
            rows, kinds = table["classes"], tuple(map(str, table.get("kinds", ())))
            content: Mapping[str, Any] = {row["code"]: row.get("phrases") or row["query"] for row in rows}
            if len(content) < len(rows):
                raise ValueError("a code stands twice")
        else:
            content = json.loads(text)
        return {str(code): _phrases(code, value) for code, value in content.items()}, kinds
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvaluationError(
            f"{path.name} is not a query set ({type(error).__name__}: {error}); expected JSON with a text or a list of "
            'texts for each code, or TOML with [[classes]], code = "..." and query = "..." or phrases = ["..."].'
        ) from error


def _phrases(code: str, value: object) -> tuple[str, ...]:
    texts: Sequence[object] = value if isinstance(value, list) else [value]
    phrases = tuple(dict.fromkeys(" ".join(text.split()) for text in texts if isinstance(text, str)))
    if len(texts) == 0 or not all(isinstance(text, str) and any(map(str.isalpha, text)) for text in texts):
        raise ValueError(f"the query of {code} is {value!r}")
    return phrases


def _plain(code: str) -> str:
    """Class codes drop the underscores of PTB-XL's statements; files may use either."""
    return code.strip("_").upper()


def _query(phrase: str) -> CardiacQuery | str:
    expanded = expand(phrase)
    if len(phrase) <= MAX_CHARACTERS and len(expanded.split()) <= MAX_WORDS:
        return phrase
    return CardiacQuery(phrase, expanded)
