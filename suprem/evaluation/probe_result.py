"""What a linear probe found: means with intervals, and which classes it could not learn."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.task import LabelledRecords
from suprem.errors import EvaluationError
from suprem.evaluation.metrics import (
    MIN_POSITIVES,
    auroc,
    average_precision,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)
from suprem.evaluation.results import Interval, restored


@dataclass(frozen=True)
class ProbeClass:
    """One class: its code, positives among the evaluated records, AUROC with interval, average precision, and whether
    the training records had both labels of it."""

    code: str
    positives: int
    auroc: float
    ci: Interval
    average_precision: float
    trained: bool


@dataclass(frozen=True)
class ProbeResult:
    """One probe on one task.

    Args:
        task: Name in the catalog.
        protocol: "paper", "merl" or "clean", or "supervised" for a network of which all layers were trained.
        share: Percent of the training records.
        features: What was probed: a checkpoint's id, "random encoder", "measurements", or "supervised" and an encoder.
        seed: Of a random or supervised encoder.
        train_records: Records learned from.
        records: Records evaluated.
        split: Which, in words.
        macro: Mean AUROC over the classes that have one, as published tables take it.
        macro_ci: Its 95 % bootstrap interval over patients; it tells nothing of the choice of training records.
        macro_10: Mean over the classes with at least ten positives.
        macro_trained: Mean over the classes of which both labels were there to learn from.
        untrained: The other classes.
        classes: Every class.
    """

    task: str
    protocol: str
    share: float
    features: str
    seed: int
    train_records: int
    records: int
    split: str
    macro: float
    macro_ci: Interval
    macro_10: float
    macro_trained: float
    untrained: tuple[str, ...]
    classes: tuple[ProbeClass, ...]

    @property
    def learner(self) -> str:
        """What was probed, with the seed where another one gives another result."""
        seeded = self.features.startswith(("random", "supervised"))
        return f"{self.features}, seed {self.seed}" if seeded else self.features


def judge(
    held: LabelledRecords,
    logits: NDArray[np.float64],
    *,
    trained: NDArray[np.bool_],
    protocol: str,
    share: float,
    features: str,
    seed: int,
    train_records: int,
    split: str,
    draws: int,
) -> ProbeResult:
    """Compute the result of a probe.

    Args:
        held: The evaluated records.
        logits: Their logits (record, class).
        trained: Of which classes both labels were learned from, (class,).
        protocol: As in the result, like all below.
        share: Percent of the training records.
        features: What was probed.
        seed: Of a random encoder.
        train_records: Records learned from.
        split: The evaluated records in words.
        draws: Bootstrap draws.

    Raises:
        EvaluationError: Labels and logits do not fit together.
    """
    values = auroc(held.present, logits)
    precisions = average_precision(held.present, logits)
    resampled = resampled_auroc(held.present, logits, patient_resamples(held.patients, draws=draws, seed=0))
    ends, overall = percentile_interval(resampled), percentile_interval(macro(resampled))
    positives = held.present.sum(axis=0)
    codes = held.task.codes
    return ProbeResult(
        task=held.task.name,
        protocol=protocol,
        share=share,
        features=features,
        seed=seed,
        train_records=train_records,
        records=len(logits),
        split=split,
        macro=float(macro(values)),
        macro_ci=(float(overall[0]), float(overall[1])),
        macro_10=float(macro(values, positives >= MIN_POSITIVES)),
        macro_trained=float(macro(values, trained)),
        untrained=tuple(code for code, known in zip(codes, trained, strict=True) if not known),
        classes=tuple(
            ProbeClass(
                code=code,
                positives=int(positives[i]),
                auroc=float(values[i]),
                ci=(float(ends[0, i]), float(ends[1, i])),
                average_precision=float(precisions[i]),
                trained=bool(trained[i]),
            )
            for i, code in enumerate(codes)
        ),
    )


def read_probes(text: str, name: str) -> tuple[ProbeResult, ...]:
    """Read what `pipelines.linear_probe --out` wrote.

    Args:
        text: The JSON.
        name: Of the file, for the error.

    Raises:
        EvaluationError: The text is not such an object.
    """
    try:
        probes = json.loads(text)["results"]
        for entry in probes:
            entry["classes"] = tuple(ProbeClass(**restored(ProbeClass, one)) for one in entry["classes"])
        return tuple(ProbeResult(**restored(ProbeResult, entry)) for entry in probes)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvaluationError(
            f"{name} holds no linear probes of this version ({type(error).__name__}: {error}); make it again with "
            "python -m pipelines.linear_probe --out"
        ) from error
