"""Concepts and the vocabulary a model is trained on: codes, canonical phrases, synonyms, and a version hash."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from suprem.concepts.abbreviations import expand, match_key
from suprem.concepts.places import USUAL
from suprem.errors import ConceptError
from suprem.resources import ASSETS

TERMS = ASSETS / "terms" / "scp_statements.toml"
"""The 71 SCP-ECG statements of PTB-XL with our own synonyms."""

CONCEPTS = TERMS.with_name("ecg_concepts.toml")
"""Those, and what reports state beyond them: groups of statements, further findings, findings in single places."""

DESCRIPTIONS = TERMS.with_name("descriptions.toml")
"""Lay descriptions of the statements, which only training asks with."""

_OPTIONAL = frozenset({"narrower", "of", "place"})
"""Fields that are written only where they say something."""


COMPOSED = "composed"
"""Category of concepts that only composed ECGs teach."""


@dataclass(frozen=True)
class Concept:
    """One ECG finding.

    Args:
        code: Its code in the source vocabulary, for example PTB-XL's "1AVB".
        name: The canonical phrase, as shown to a person.
        synonyms: Other wordings of the same finding.
        category: "diagnostic", "form" or "rhythm" for SCP-ECG statements.
        superclass: PTB-XL's diagnostic superclass ("NORM", "MI", "STTC", "CD", "HYP"); None for form and rhythm.
        snomed: SNOMED CT identifier where one means the same; None where none does.
        narrower: Codes of which each implies this concept: an inferior infarction is an infarction.
        of, place: For a finding in one place, the code of the finding and a place of `suprem.concepts.places`.
    """

    code: str
    name: str
    synonyms: tuple[str, ...] = ()
    category: str = ""
    superclass: str | None = None
    snomed: str | None = None
    narrower: tuple[str, ...] = ()
    of: str = ""
    place: str = ""

    @property
    def composed(self) -> bool:
        """Whether composed ECGs taught it, and recordings of patients hardly did."""
        return self.category == COMPOSED

    @property
    def prompt(self) -> str:
        """The canonical phrase in the form that is embedded."""
        return expand(self.name)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every wording in the form that is embedded, without repetition; the first is `prompt`."""
        return tuple(dict.fromkeys(map(expand, (self.name, *self.synonyms))))


@dataclass(frozen=True)
class Vocabulary:
    """Concepts in a fixed order; the order is the order of a model's label columns.

    Raises:
        ConceptError: It is empty, a code or name appears twice, or one wording belongs to two concepts.
    """

    concepts: tuple[Concept, ...]

    def __post_init__(self) -> None:
        if not self.concepts:
            raise ConceptError("A vocabulary needs at least one concept; found none.")
        if len(set(self.codes)) != len(self.codes):
            repeated = sorted({code for code in self.codes if self.codes.count(code) > 1})
            raise ConceptError(
                f"The vocabulary holds the code(s) {', '.join(repeated)} more than once; give each once."
            )
        _ = self._by_key  # an ambiguous wording is an error when the vocabulary is built, not when someone types it

    def __len__(self) -> int:
        return len(self.concepts)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes in order."""
        return tuple(concept.code for concept in self.concepts)

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical phrases in order, as shown to a person."""
        return tuple(concept.name for concept in self.concepts)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Canonical phrases in order, in the form that is embedded."""
        return tuple(concept.prompt for concept in self.concepts)

    @cached_property
    def texts(self) -> dict[str, Concept]:
        """Every wording in the form that is embedded -> its concept, concept by concept, prompts first."""
        return {text: concept for concept in self.concepts for text in concept.texts}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON: two vocabularies with the same hash are the same."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def lookup(self, text: str) -> Concept | None:
        """Return the concept that `text` names by code, canonical phrase or synonym, else None.

        Abbreviations, spelling variants, plurals and word order do not matter; any word that changes the meaning does.
        """
        return self._by_code.get(text.strip().casefold()) or self._by_key.get(match_key(text))

    def to_json(self) -> str:
        """Return canonical JSON: sorted keys, no spaces, UTF-8."""
        rows = [
            {name: value for name, value in asdict(concept).items() if value or name not in _OPTIONAL}
            for concept in self.concepts
        ]
        return json.dumps({"concepts": rows}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Read what `to_json` wrote.

        Raises:
            ConceptError: It is not JSON of that form.
        """
        try:
            return cls(tuple(_concept(row) for row in json.loads(text)["concepts"]))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ConceptError(
                f"This is not a vocabulary ({type(error).__name__}); expected the JSON that Vocabulary.to_json writes."
            ) from error

    @cached_property
    def _by_code(self) -> dict[str, Concept]:
        spellings: dict[str, Concept] = {}
        for concept in self.concepts:
            # PTB-XL marks roots and alternatives in its codes: "ISC_", "LAO/LAE", "PRC(S)".
            stem = concept.code.split("(")[0].rstrip("_")
            for spelling in (concept.code, stem, *stem.split("/")):
                spellings.setdefault(spelling.casefold(), concept)
        return spellings

    @cached_property
    def _by_key(self) -> dict[frozenset[str], Concept]:
        owners: dict[frozenset[str], Concept] = {}
        for concept in self.concepts:
            for wording in (concept.name, *concept.synonyms):
                owner = owners.setdefault(match_key(wording), concept)
                if owner is not concept:
                    raise ConceptError(
                        f'"{wording}" is a wording of both {owner.code} and {concept.code}; keep it with one of them.'
                    )
        return owners


def load_terms(path: Path = TERMS) -> Vocabulary:
    """Read a terms file (TOML, one `[[statement]]` per concept); by default the 71 SCP-ECG statements of PTB-XL.

    `include` names a terms file of the same folder whose concepts come first. A `[[finding]]` makes one concept for
    each place: of `of`, with "{place}" in its name and synonyms.

    Raises:
        ConceptError: The file is missing or not of that form.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        included = load_terms(path.with_name(content["include"])).concepts if "include" in content else ()
        own = [_concept(row) for row in content["statement"]]
        placed = [concept for row in content.get("finding", ()) for concept in _in_places(row)]
        return Vocabulary((*included, *own, *placed))
    except FileNotFoundError as error:
        raise ConceptError(f"There is no terms file {path.name}; expected it in {path.parent.name}/.") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ConceptError(
            f"{path.name} is not a terms file ({error}); expected [[statement]] tables with code, name and synonyms."
        ) from error


def load_descriptions(path: Path = DESCRIPTIONS) -> dict[str, tuple[str, ...]]:
    """Return how laypeople may describe concepts, code -> texts in the form that is embedded; for training only.

    Raises:
        ConceptError: The file is missing or not of that form.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        return {code: tuple(dict.fromkeys(map(expand, texts))) for code, texts in rows.items()}
    except (OSError, tomllib.TOMLDecodeError, AttributeError, TypeError) as error:
        raise ConceptError(f"{path.name} is not a file of descriptions ({error}); restore it.") from error


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary file: the JSON that `Vocabulary.to_json` writes, or a terms file (.toml).

    Raises:
        ConceptError: The file is missing or not of that form.
    """
    if path.suffix == ".toml":
        return load_terms(path)
    try:
        return Vocabulary.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConceptError(f"There is no vocabulary file {path.name}; suprem import-terms makes one.") from error
    except UnicodeDecodeError as error:
        raise ConceptError(f"{path.name} is not a vocabulary (not UTF-8); expected vocabulary.json.") from error


def _concept(row: Mapping[str, Any]) -> Concept:
    lists = {name: tuple(row.get(name, ())) for name in ("synonyms", "narrower")}
    return Concept(**{**row, **lists})


def _in_places(row: Mapping[str, Any]) -> Iterator[Concept]:
    for place in row.get("places", USUAL):
        name, *synonyms = (text.format(place=place) for text in (row["name"], *row.get("synonyms", ())))
        yield Concept(f"{row['of']}:{place}", name, tuple(synonyms), category="place", of=row["of"], place=place)


def reference_of(path: Path | None) -> Vocabulary:
    """Return the vocabulary of a file that entities are mapped to; the SCP-ECG statements where none is given.

    Raises:
        ConceptError: The file is missing or not a vocabulary.
    """
    return load_terms() if path is None else read_vocabulary(path)
