"""What an evaluation found: numbers per class with intervals, the means, and what had to be left out."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from suprem.errors import EvaluationError

Interval = tuple[float, float]


@dataclass(frozen=True)
class ClassResult:
    """One class of a task.

    Args:
        code: The class in the task's own code.
        query: The text that was scored for it.
        positives: Records that have the class.
        auroc: Area under the ROC curve; NaN where one label is missing.
        ci: Its 95 % bootstrap interval over patients.
        average_precision: Average precision; its value for random scores is the prevalence.
        lost_draws: Bootstrap draws in which the class had lost one label; the interval rests on the others.
    """

    code: str
    query: str
    positives: int
    auroc: float
    ci: Interval
    average_precision: float
    lost_draws: int


@dataclass(frozen=True)
class Skipped:
    """A class or a record that does not count, by its code or id, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class EvaluationResult:
    """One model on one task.

    Args:
        task: Name in the catalog.
        labels: Variant of the labels, "exact" or "merl".
        protocol: Name of the protocol.
        split: The records the task was evaluated on, for example "folds 9".
        checkpoint: Id of the checkpoint.
        encoder: Name of the text encoder.
        records: Records scored.
        patients: Patients they come from.
        published_records: Records the release has in this split, where the catalog knows it; more than `records` and
            `unreadable` together means that the copy of the corpus is incomplete.
        macro: Mean AUROC over the classes that have one.
        macro_ci: Its 95 % bootstrap interval over patients.
        macro_10: Mean over the classes with at least ten positives.
        macro_10_ci: Its 95 % bootstrap interval over patients.
        classes: Every class of the task, in the task's order.
        skipped: Classes without an AUROC.
        unreadable: Records of the split that could not be scored.
        draws: Bootstrap draws.
        seed: Seed of the bootstrap.
        queries: The set of queries asked: "simplified", "members" or the name of a file.
        crop: Which part of longer recordings was read, one of `suprem.datasets.crop.CROPS`.
    """

    task: str
    labels: str
    protocol: str
    split: str
    checkpoint: str
    encoder: str
    records: int
    patients: int
    published_records: int | None
    macro: float
    macro_ci: Interval
    macro_10: float
    macro_10_ci: Interval
    classes: tuple[ClassResult, ...]
    skipped: tuple[Skipped, ...]
    unreadable: tuple[Skipped, ...]
    draws: int
    seed: int
    queries: str = "simplified"
    crop: str = "cleanest"

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return json.dumps(_nan_to_null(asdict(self)), ensure_ascii=False, indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> EvaluationResult:
        """Read what `to_json` wrote.

        Raises:
            EvaluationError: The text is not such an object.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            for mean in ("macro", "macro_10"):
                fields[mean] = _number(fields[mean])
                fields[f"{mean}_ci"] = _interval(fields[f"{mean}_ci"])
            fields["classes"] = tuple(_class_result(entry) for entry in fields["classes"])
            for left_out in ("skipped", "unreadable"):
                fields[left_out] = tuple(Skipped(**entry) for entry in fields[left_out])
            return cls(**fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EvaluationError(
                f"This is not an evaluation result of this version ({type(error).__name__}: {error}); "
                "run the evaluation again."
            ) from error

    def table(self) -> pd.DataFrame:
        """Return one row per class, the ends of the interval as columns `low` and `high`."""
        rows = [
            {
                "code": entry.code,
                "query": entry.query,
                "positives": entry.positives,
                "auroc": entry.auroc,
                "low": entry.ci[0],
                "high": entry.ci[1],
                "average_precision": entry.average_precision,
            }
            for entry in self.classes
        ]
        return pd.DataFrame(rows)


def _class_result(entry: dict[str, Any]) -> ClassResult:
    numbers = {name: _number(entry[name]) for name in ("auroc", "average_precision")}
    return ClassResult(**{**entry, **numbers, "ci": _interval(entry["ci"])})


def _interval(ends: list[float | None]) -> Interval:
    low, high = ends
    return _number(low), _number(high)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _nan_to_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nan_to_null(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nan_to_null(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
