"""The mean AUROC taken apart: by how well the training knew the query, and by who was recorded.

Parts are compared like with like. Strata of queries are means over different classes of the same records, so each
stands beside the mean of all classes of that task and never beside a mean over other tasks (the paper's Table 19 sets a
mean over five tasks against one over six). Groups of patients are compared on the classes that have ten positives and
ten negatives in every group, because a mean over whatever classes a group happens to have is not comparable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suprem.concepts.query import CardiacQuery, Support
from suprem.concepts.vocabulary import Vocabulary
from suprem.evaluation.metrics import (
    MIN_POSITIVES,
    auroc,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)
from suprem.evaluation.query_set import QuerySet

STRATA = ("seen", "near", "unseen")
"""A class is seen when the model was trained on the finding that one of its phrases names; near when a phrase is close
to one by cosine; unseen otherwise."""

MIN_GROUP = 50
"""Smaller groups are not shown."""

AGE_BANDS = {"under 40": (0, 40), "40 to 59": (40, 60), "60 to 79": (60, 80), "80 and over": (80, 200)}
"""Years, the upper end excluded."""


@dataclass(frozen=True)
class Stratum:
    """Classes whose queries the training knew alike.

    Args:
        name: One of `STRATA`.
        codes: Its classes that have an AUROC.
        macro: Their mean AUROC; NaN where there is none.
        macro_ci: Its 95 % bootstrap interval over patients.
    """

    name: str
    codes: tuple[str, ...]
    macro: float
    macro_ci: tuple[float, float]


@dataclass(frozen=True)
class Group:
    """Records of patients who have something in common.

    Args:
        variable: "sex", "age" or "device".
        name: For example "female".
        records: How many.
        codes: The classes averaged, the same for all groups of the variable.
        macro: Their mean AUROC within the group; NaN where no class has enough records in every group.
        macro_ci: Its 95 % bootstrap interval over patients.
    """

    variable: str
    name: str
    records: int
    codes: tuple[str, ...]
    macro: float
    macro_ci: tuple[float, float]


def stratify(queries: QuerySet, vocabulary: Vocabulary, supports: Sequence[Support]) -> tuple[str, ...]:
    """Return the stratum of each class, that of its best known phrase.

    Args:
        queries: The phrases of the classes.
        vocabulary: What the model was trained on.
        supports: How well it covers each of `queries.asked`.
    """
    known = []
    for query, support in zip(queries.asked, supports, strict=True):
        text = query.text if isinstance(query, CardiacQuery) else query
        known.append(0 if vocabulary.lookup(text) is not None else 1 if support != Support.OUTSIDE else 2)
    ends = np.cumsum([len(phrases) for phrases in queries.phrases])
    return tuple(STRATA[min(part)] for part in np.split(known, ends[:-1]))


def by_stratum(
    strata: Sequence[str], codes: Sequence[str], values: NDArray[np.float64], resampled: NDArray[np.float64]
) -> tuple[Stratum, ...]:
    """Return the mean of each stratum that has a class.

    Args:
        strata: Stratum of each class.
        codes: Code of each class.
        values: AUROC (class,), NaN where there is none.
        resampled: AUROC (draw, class).
    """
    result = []
    for name in STRATA:
        belongs = np.array([stratum == name for stratum in strata]) & np.isfinite(values)
        if belongs.any():
            mean, ends = float(macro(values, belongs)), percentile_interval(macro(resampled, belongs))
            chosen = tuple(code for code, yes in zip(codes, belongs, strict=True) if yes)
            result.append(Stratum(name, chosen, mean, (float(ends[0]), float(ends[1]))))
    return tuple(result)


def by_group(
    table: pd.DataFrame,
    codes: Sequence[str],
    present: NDArray[np.bool_],
    scores: NDArray[np.floating],
    *,
    draws: int,
    seed: int,
) -> tuple[Group, ...]:
    """Return the mean AUROC of women and men, of age bands and of devices.

    A variable with fewer than two groups of `MIN_GROUP` records is left out; so are records whose value is not known.

    Args:
        table: The records' rows of a `RecordIndex`.
        codes: Code of each class.
        present: (record, class).
        scores: (record, class).
        draws: Bootstrap draws.
        seed: Their seed.
    """
    result: list[Group] = []
    for variable, names in _variables(table).items():
        members = {name: np.flatnonzero(names == name) for name in sorted(set(names) - {""}, key=_order)}
        members = {name: rows for name, rows in members.items() if len(rows) >= MIN_GROUP}
        if len(members) < 2:
            continue
        counts = np.stack([present[rows].sum(axis=0) for rows in members.values()])
        sizes = np.array([[len(rows)] for rows in members.values()])
        shared = ((counts >= MIN_POSITIVES) & (sizes - counts >= MIN_POSITIVES)).all(axis=0)
        chosen = tuple(code for code, yes in zip(codes, shared, strict=True) if yes)
        for name, rows in members.items():
            if not chosen:
                result.append(Group(variable, name, len(rows), (), math.nan, (math.nan, math.nan)))
                continue
            labels, values = present[np.ix_(rows, shared)], scores[np.ix_(rows, shared)]
            patients = [str(patient) for patient in table["patient_id"].iloc[rows]]
            resamples = patient_resamples(patients, draws=draws, seed=seed)
            ends = percentile_interval(macro(resampled_auroc(labels, values, resamples)))
            mean = float(macro(auroc(labels, values)))
            result.append(Group(variable, name, len(rows), chosen, mean, (float(ends[0]), float(ends[1]))))
    return tuple(result)


def _variables(table: pd.DataFrame) -> dict[str, NDArray[np.str_]]:
    """Return the group of each record by each variable, "" where it is not known."""
    ages = pd.to_numeric(table["age"], errors="coerce").to_numpy(float)
    bands = np.full(len(table), "", dtype=object)
    for name, (low, high) in AGE_BANDS.items():
        bands[(ages >= low) & (ages < high)] = name
    words = {
        variable: table[variable].fillna("").astype(str).str.strip().to_numpy(dtype=object)
        for variable in ("sex", "device")
    }
    return {"sex": words["sex"], "age": bands, "device": words["device"]}


def _order(name: str) -> tuple[int, str]:
    """Age bands by age, everything else by name."""
    return (list(AGE_BANDS).index(name) if name in AGE_BANDS else -1, name)
