"""Concepts that only composed ECGs teach, and what real recordings say of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.composed.truth import ABSENT, UNKNOWN
from suprem.concepts.abbreviations import expand
from suprem.concepts.vocabulary import COMPOSED, TERMS, Concept, Vocabulary
from suprem.errors import ConceptError

COMPOSED_CONCEPTS = TERMS.with_name("composed_concepts.toml")
"""Names, wordings and descriptions, and of which statements of a real recording they may be part."""


@dataclass(frozen=True)
class ComposedConcept:
    """A concept that composed ECGs teach.

    Args:
        concept: Its code, name and wordings.
        description: What it does to an ECG, in plain words.
        unless: Codes of which a real recording may have one together with the concept, or by another name.
    """

    concept: Concept
    description: str
    unless: tuple[str, ...]


def with_composed_concepts(
    vocabulary: Vocabulary, labels: NDArray[np.float32]
) -> tuple[Vocabulary, NDArray[np.float32]]:
    """Return concepts and labels (record, concept) of real recordings with those that composed ECGs teach.

    A real recording does not have such a concept, except where it states, or may have, one of which it may be part:
    there nobody knows. A concept that the vocabulary has already keeps its labels.
    """
    column = {code: index for index, code in enumerate(vocabulary.codes)}
    new = [one for one in load_composed_concepts() if one.concept.code not in column]
    added = np.full((len(labels), len(new)), ABSENT, np.float32)
    for index, one in enumerate(new):
        near = [column[code] for code in one.unless if code in column]
        added[(labels[:, near] != ABSENT).any(axis=1), index] = UNKNOWN
    concepts = (*vocabulary.concepts, *(one.concept for one in new))
    return Vocabulary(concepts), np.concatenate([labels, added], axis=1)


def composed_descriptions() -> dict[str, tuple[str, ...]]:
    """Return what each of these concepts does to an ECG, code -> texts in the form that is embedded."""
    return {one.concept.code: (expand(one.description),) for one in load_composed_concepts()}


def load_composed_concepts(path: Path = COMPOSED_CONCEPTS) -> tuple[ComposedConcept, ...]:
    """Read the concepts.

    Raises:
        ConceptError: The file is missing or not of the form of assets/terms/composed_concepts.toml.
    """
    try:
        return tuple(
            ComposedConcept(
                Concept(row["code"], row["name"], synonyms=tuple(row["synonyms"]), category=COMPOSED),
                row["description"],
                tuple(row["unless"]),
            )
            for row in tomllib.loads(path.read_text(encoding="utf-8"))["concept"]
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConceptError(f"{path.name} holds no composed concepts ({error}); restore it.") from error
