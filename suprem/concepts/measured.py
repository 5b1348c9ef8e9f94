"""Concepts that an ECG's own measurements decide: "heart rate below 60 per minute", "T wave inversion in lead V5".

A report says what its reader found worth saying, so that its silence about a slow rate or a long interval is no denial.
Measurements speak of every record by the same rule. What they are of is in `suprem.ecg.measurement.measure`; the limits
are in assets/terms/measured.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.mapping.labels import ABSENT, MASKED, PRESENT, with_broader
from suprem.concepts.vocabulary import TERMS, Concept, Vocabulary
from suprem.errors import ConceptError

LIMITS = TERMS.with_name("measured.toml")
"""The limits of the concepts that measurements decide."""

CRITERIA = TERMS.with_name("criteria.toml")
"""What a finding cannot be without."""

CATEGORY = "measured"


@dataclass(frozen=True)
class Limit:
    """When measurements make a concept present.

    Args:
        concept: What is present beyond the limit: a concept of its own, or a finding in one lead.
        quantity: Name of the measurement.
        above, below: The limits; with both, what lies between them.
        margin: Nearer to a limit than this, nobody knows.
        implies: Codes of concepts that are then present by definition.
        doubts: Codes of concepts that are then not known where nobody states them.
    """

    concept: Concept
    quantity: str
    above: float = -np.inf
    below: float = np.inf
    margin: float = 0.0
    implies: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def label(self, values: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return the labels (record,) of measured values (record,); one that was not measured is masked."""
        inside = (values > self.above + self.margin) & (values < self.below - self.margin)
        outside = (values < self.above - self.margin) | (values > self.below + self.margin)
        return np.where(inside, PRESENT, np.where(outside, ABSENT, MASKED)).astype(np.int8)


def load_limits(vocabulary: Vocabulary, path: Path = LIMITS) -> tuple[Limit, ...]:
    """Read the limits.

    Args:
        vocabulary: Where the findings are that have a limit in single leads.
        path: A file of the form of assets/terms/measured.toml.

    Raises:
        ConceptError: It is missing, not of that form, or names a finding in a lead that the vocabulary does not have.
    """
    with _reading(path):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return (*map(_own, content["measured"]), *_placed(content.get("placed", ()), vocabulary))


@cache
def measured_limits() -> tuple[Limit, ...]:
    """The shipped limits of measurements that are concepts of their own, without those in single leads.

    Raises:
        ConceptError: The shipped file is missing or damaged.
    """
    with _reading(LIMITS):
        return tuple(map(_own, tomllib.loads(LIMITS.read_text(encoding="utf-8"))["measured"]))


def load_criteria(path: Path = CRITERIA) -> dict[str, tuple[Limit, ...]]:
    """Read what findings cannot be without: code -> the limits that its definition names.

    Raises:
        ConceptError: The file is missing or not of the form of assets/terms/criteria.toml.
    """
    criteria: dict[str, tuple[Limit, ...]] = {}
    with _reading(path):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["criterion"]:
            for code in row["codes"]:
                limit = _limit(row, Concept(code, code, category=CATEGORY), row["quantity"])
                criteria[code] = (*criteria.get(code, ()), limit)
    return criteria


def with_measured(
    values: NDArray[np.int8],
    concepts: Sequence[Concept],
    limits: Sequence[Limit],
    measured: Mapping[str, NDArray[np.float64]],
) -> tuple[tuple[Concept, ...], NDArray[np.int8]]:
    """Return concepts and labels (record, concept) with what measurements decide.

    A finding in a single lead that a report states and measurements refute is masked: one of the two is wrong.

    Args:
        values: Labels of reports and statements.
        concepts: Their columns.
        limits: What measurements decide.
        measured: Quantity -> values (record,), NaN where it was not measured.

    Raises:
        ConceptError: A quantity was not measured at all.
    """
    missing = sorted({limit.quantity for limit in limits} - measured.keys())
    if missing:
        raise ConceptError(f"The measurements lack {', '.join(missing)}; measure again: suprem measure.")
    new = [limit.concept for limit in limits if limit.concept not in concepts]
    joined = (*concepts, *new)
    column = {concept.code: index for index, concept in enumerate(joined)}
    values = np.concatenate([values, np.full((len(values), len(new)), MASKED, np.int8)], axis=1)
    for limit in limits:
        found, own = limit.label(measured[limit.quantity]), values[:, column[limit.concept.code]]
        if limit.concept in new:
            own[:] = found
        else:
            own[:] = np.where(found == PRESENT, PRESENT, np.where((own == PRESENT) & (found == ABSENT), MASKED, own))
        for codes, label in ((limit.implies, PRESENT), (limit.doubts, MASKED)):
            for code in set(codes) & column.keys():
                other = values[:, column[code]]
                other[(found == PRESENT) & (other != PRESENT)] = label
    return joined, with_broader(values, joined)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file it is that is missing or not of its form."""
    try:
        yield
    except OSError as error:
        raise ConceptError(f"There is no file of limits {path.name}; expected it in {path.parent.name}/.") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ConceptError(f"{path.name} is not a file of limits ({error}); restore it.") from error


def _own(row: Mapping[str, Any]) -> Limit:
    concept = Concept(row["code"], row["name"], synonyms=tuple(row["synonyms"]), category=CATEGORY)
    return _limit(row, concept, row["quantity"])


def _placed(rows: Sequence[Mapping[str, Any]], vocabulary: Vocabulary) -> list[Limit]:
    concept = {one.code: one for one in vocabulary.concepts}
    limits = []
    for row in rows:
        for lead in row["leads"]:
            code = f"{row['of']}:lead {lead}"
            if code not in concept:
                raise ConceptError(f"A limit is set for {code}, which the vocabulary does not have.")
            limits.append(_limit(row, concept[code], f"{row['quantity']}_{lead}"))
    return limits


def _limit(row: Mapping[str, Any], concept: Concept, quantity: str) -> Limit:
    return Limit(
        concept,
        quantity,
        above=float(row.get("above", -np.inf)),
        below=float(row.get("below", np.inf)),
        margin=float(row.get("margin", 0.0)),
        implies=tuple(row.get("implies", ())),
        doubts=tuple(row.get("doubts", ())),
    )
