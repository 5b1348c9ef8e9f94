"""What an evaluation found: numbers per class with intervals, the means, and what had to be left out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from suprem.evaluation.breakdown import Group, Stratum
from suprem.evaluation.calibration import Calibration
from suprem.evaluation.leakage import LeakageCheck
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.result_json import result_from_json, result_to_json

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
        stratum: How well the training knew the query: "seen", "near" or "unseen"; "" where that was not asked.
    """

    code: str
    query: str
    positives: int
    auroc: float
    ci: Interval
    average_precision: float
    lost_draws: int
    stratum: str = ""


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
        strata: Means over the classes whose queries the training knew well, nearly, or not at all.
        groups: Means within groups of patients, over the same classes for all groups of a variable.
        calibration: How far scores are from frequencies, raw and after calibration on validation records.
        audit: What was checked before the evaluation.
        scores: File with every record's scores, as a path from the result's own folder; "" where none was kept.
        remarked: Records of which something was assumed in reading or is warned of, and what.
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
    strata: tuple[Stratum, ...] = ()
    groups: tuple[Group, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    audit: tuple[LeakageCheck, ...] = ()
    scores: str = ""
    remarked: tuple[Skipped, ...] = ()

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return result_to_json(self)

    @classmethod
    def from_json(cls, text: str, name: str = "This file") -> EvaluationResult:
        """Read what `to_json` wrote; `name` is the file's, for the error.

        Raises:
            EvaluationError: The text is not such an object.
        """
        return result_from_json(cls, text, name, "evaluate")

    @property
    def ranking(self) -> list[ClassResult]:
        """The classes, the highest AUROC first, those without one at the end."""
        return sorted(self.classes, key=lambda entry: (math.isnan(entry.auroc), -entry.auroc))

    @property
    def frequent(self) -> int:
        """How many classes `macro_10` is a mean of."""
        return sum(entry.positives >= MIN_POSITIVES and not math.isnan(entry.auroc) for entry in self.classes)

    @property
    def caution(self) -> str:
        """Why the means say little, "" where they do not say little."""
        if not math.isnan(self.macro_10):
            return ""
        return f"No class has {MIN_POSITIVES} positives among these {self.records} records; the figures say little."

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
