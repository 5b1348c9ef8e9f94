"""What a model did at another hospital: figures by finding and group, readers, and every record's scores."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.errors import EvaluationError
from suprem.evaluation.result_json import result_from_json, result_to_json
from suprem.evaluation.results import Interval, Skipped


@dataclass(frozen=True)
class Rate:
    """A figure with its 95 % bootstrap interval over patients; NaN where there is none."""

    value: float
    ci: Interval = (math.nan, math.nan)

    @property
    def includes_chance(self) -> bool:
        """For an AUROC: whether a coin could have done it."""
        return not self.ci[0] > 0.5


@dataclass(frozen=True)
class ReaderPoint:
    """One reader of one finding, and the model at the reader's specificity.

    Args:
        reader: Name in the table.
        kind: Specialty or experience.
        records, positives: That the reader answered.
        sensitivity, specificity: Of the reader.
        model: Sensitivity of the model at that specificity.
        systems: The same of other systems, by name.
    """

    reader: str
    kind: str
    records: int
    positives: int
    sensitivity: float
    specificity: float
    model: float
    systems: dict[str, float]


@dataclass(frozen=True)
class FindingResult:
    """One finding.

    Args:
        group: Of records, as in the tables.
        finding: The hospital's name for it.
        queries: What was asked.
        records, positives: Of which it is known.
        auroc: Of the model.
        systems: AUROC of other systems, by name.
        sensitivity: Of the model at the readers' specificity, mean over readers.
        system_sensitivity: The same of other systems.
        reader_sensitivity: Of the readers themselves, mean.
        readers: Each of them.
    """

    group: str
    finding: str
    queries: tuple[str, ...]
    records: int
    positives: int
    auroc: Rate
    systems: dict[str, Rate]
    sensitivity: Rate
    system_sensitivity: dict[str, Rate]
    reader_sensitivity: Rate
    readers: tuple[ReaderPoint, ...]


@dataclass(frozen=True)
class GroupResult:
    """Means over the findings of a group that have `LEAST` records with and without them; those of which a part is a
    finding too are left out.

    Args:
        group: Name.
        findings: How many those are.
        records: Of which something is known.
        macro: Mean AUROC of the model.
        systems: Of other systems, over the findings that they score.
        sensitivity: Of the model at the readers' specificity, mean over readers, then findings.
        system_sensitivity: The same of other systems.
        reader_sensitivity: Of the readers themselves.
        kinds: Of the readers of each kind.
    """

    group: str
    findings: int
    records: int
    macro: Rate
    systems: dict[str, Rate]
    sensitivity: Rate
    system_sensitivity: dict[str, Rate]
    reader_sensitivity: Rate
    kinds: dict[str, float]


@dataclass(frozen=True)
class ExternalResult:
    """A model at one hospital.

    Args:
        hospital: Name of the folder.
        checkpoint: Id of the checkpoint.
        encoder: Name of its text encoder.
        created: When, in seconds since 1970.
        records: Scored.
        findings: In the order of the tables.
        groups: Means.
        unreadable: Records that could not be scored.
        draws, seed: Of the bootstrap.
        scores: File with every record's scores, beside this one; "" where none was kept.
        remarked: Records of which something was assumed in reading or is warned of, and what.
    """

    hospital: str
    checkpoint: str
    encoder: str
    created: float
    records: int
    findings: tuple[FindingResult, ...]
    groups: tuple[GroupResult, ...]
    unreadable: tuple[Skipped, ...]
    draws: int
    seed: int
    scores: str = ""
    remarked: tuple[Skipped, ...] = ()

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return result_to_json(self)

    @classmethod
    def from_json(cls, text: str, name: str = "This file") -> ExternalResult:
        """Read what `to_json` wrote.

        Raises:
            EvaluationError: The text is not such an object.
        """
        return result_from_json(cls, text, name, "evaluate")


@dataclass(frozen=True, eq=False)
class ExternalScores:
    """Every record's scores at another hospital.

    Args:
        patients: Patient of each record.
        present: int8 (record, finding), -1 where nobody knows.
        logits: (record, finding).
    """

    patients: tuple[str, ...]
    present: NDArray[np.int8]
    logits: NDArray[np.floating]

    @classmethod
    def load(cls, path: Path, result: ExternalResult) -> ExternalScores:
        """Read the file that stands beside a result.

        Raises:
            EvaluationError: It is not there, damaged, or of other findings.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                patients, present, logits = (file[name] for name in ("patients", "present", "logits"))
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise EvaluationError(f"{path.name} holds no scores ({type(error).__name__}); evaluate again.") from error
        if not present.shape == logits.shape == (result.records, len(result.findings)):
            raise EvaluationError(f"{path.name} is of other records or findings than its result; evaluate again.")
        return cls(tuple(map(str, patients)), present, logits)
