"""What a linear probe found: means with intervals, and which classes it could not learn; many of them in one file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import write_text
from suprem.datasets.task import LabelledRecords
from suprem.evaluation.metrics import (
    MIN_POSITIVES,
    auroc,
    average_precision,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)
from suprem.evaluation.result_json import result_from_json, result_to_json
from suprem.evaluation.results import Interval

PROTOCOLS = ("paper", "merl", "clean")
"""How linear probes are trained (`suprem.training.linear_probe`)."""


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
class Probe:
    """One probe by all that decides its result; equal probes have equal results.

    Args:
        task: Name in the catalog.
        protocol: "paper", "merl" or "clean", or "supervised" for a network of which all layers are trained.
        share: Percent of the training records.
        features: What is probed: a checkpoint's id, "random" and an encoder, "measurements", "supervised" and an
            encoder, or the objective that pre-trained an encoder.
        seed: Of a random, supervised or pre-trained encoder.
        split: The records to evaluate on, in words.
        store: Name of the signal store and a hash of what it holds.
        checkpoint: Id of the checkpoint that is probed, or whose form a random encoder has; "" for what is the same
            beside every checkpoint.
        recipe: Name and hash of the file that a supervised network is trained by, or the budget of an encoder's
            pre-training, else "".
    """

    task: str
    protocol: str
    share: float
    features: str
    seed: int
    split: str
    store: str
    checkpoint: str
    recipe: str = ""

    @property
    def learner(self) -> str:
        """Return the name of the features, with the seed where it matters."""
        seeded = self.features.startswith(("random", "supervised")) or self.recipe != ""
        return f"{self.features}, seed {self.seed}" if seeded else self.features


@dataclass(frozen=True, kw_only=True)
class ProbeResult(Probe):
    """A probe and what it found.

    Args:
        train_records: Records learned from.
        seen: Which of the training records the checkpoint behind the features had learned from with their labels, as
            its model card says, for example "folds 1,2 of ptb-xl"; "" where it names none of them.
        records: Records evaluated.
        macro: Mean AUROC over the classes that have one, as published tables take it.
        macro_ci: Its 95 % bootstrap interval over patients; it tells nothing of the choice of training records.
        macro_10: Mean over the classes with at least ten positives.
        macro_trained: Mean over the classes of which both labels were there to learn from.
        untrained: The other classes.
        classes: Every class.
    """

    train_records: int
    seen: str
    records: int
    macro: float
    macro_ci: Interval
    macro_10: float
    macro_trained: float
    untrained: tuple[str, ...]
    classes: tuple[ProbeClass, ...]

    @property
    def asked(self) -> Probe:
        """The question alone."""
        return Probe(**{field.name: getattr(self, field.name) for field in fields(Probe)})


def judge(
    probe: Probe,
    held: LabelledRecords,
    logits: NDArray[np.float64],
    *,
    trained: NDArray[np.bool_],
    train_records: int,
    seen: str,
    draws: int,
) -> ProbeResult:
    """Compute the result of a probe.

    Args:
        probe: What was asked.
        held: The evaluated records.
        logits: Their logits (record, class).
        trained: Of which classes both labels were learned from, (class,).
        train_records: As in the result.
        seen: As in the result.
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
        **asdict(probe),
        train_records=train_records,
        seen=seen,
        records=len(logits),
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


@dataclass(frozen=True)
class Probes:
    """Several results, as they stand in one file."""

    results: tuple[ProbeResult, ...] = ()

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return result_to_json(self)


def read_probes(path: Path) -> tuple[ProbeResult, ...]:
    """Read what `add_probe` wrote; nothing where there is no file.

    Raises:
        EvaluationError: The file holds something else.
    """
    if not path.exists():
        return ()
    return result_from_json(Probes, path.read_text(encoding="utf-8"), path.name, "linear_probe").results


def add_probe(path: Path, probe: ProbeResult) -> None:
    """Add a result to a file, in place of an earlier one of the same question.

    The file is read again each time, so that commands that run side by side keep each other's results.

    Raises:
        EvaluationError: The file holds something else.
    """
    others = [known for known in read_probes(path) if known.asked != probe.asked]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, Probes((*others, probe)).to_json())


@dataclass(frozen=True)
class ProbeMean:
    """Probes that differ in their seed only, as one figure.

    Args:
        asked: What was asked, with the first seed.
        probes: One for each seed.
        macro: Mean over seeds of the macro AUROC.
        sd: Its standard deviation over seeds; NaN with one seed.
        spread: With one seed the 95 % interval over patients, with several a standard deviation to either side.
        macro_trained: Mean over seeds of the means over the classes that could be learned.
    """

    asked: Probe
    probes: tuple[ProbeResult, ...]
    macro: float
    sd: float
    spread: Interval
    macro_trained: float

    @property
    def train_records(self) -> int:
        """Records learned from."""
        return self.probes[0].train_records

    @property
    def untrained(self) -> tuple[str, ...]:
        """Classes that could not be learned."""
        return self.probes[0].untrained


def over_seeds(probes: Iterable[ProbeResult]) -> tuple[ProbeMean, ...]:
    """Bring probes of the same question with different seeds together, in the order in which the questions come."""
    groups: dict[Probe, list[ProbeResult]] = {}
    for probe in probes:
        groups.setdefault(replace(probe.asked, seed=0), []).append(probe)
    return tuple(_mean(tuple(group)) for group in groups.values())


def _mean(probes: tuple[ProbeResult, ...]) -> ProbeMean:
    macros = [probe.macro for probe in probes]
    mean = float(np.mean(macros))
    sd = float(np.std(macros, ddof=1)) if len(macros) > 1 else math.nan
    return ProbeMean(
        asked=probes[0].asked,
        probes=probes,
        macro=mean,
        sd=sd,
        spread=(mean - sd, mean + sd) if len(macros) > 1 else probes[0].macro_ci,
        macro_trained=float(np.mean([probe.macro_trained for probe in probes])),
    )
