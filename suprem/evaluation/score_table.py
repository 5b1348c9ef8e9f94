"""Scores of every record with its labels, kept in a file, so that models can be compared on the same records."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing
from suprem.errors import EvaluationError
from suprem.plain_data import from_json, to_json

_ARRAYS = ("record_ids", "patients", "present", "logits")


@dataclass(frozen=True)
class ScoreOrigin:
    """Where scores are from; all but `checkpoint`, `encoder` and `queries` must agree for a comparison.

    Args:
        task: Name in the catalog.
        labels: Variant of the labels.
        codes: Code of each class.
        split: The records, in words.
        crop: Which part of longer recordings was read.
        checkpoint: Id of the checkpoint.
        encoder: Name of the text encoder.
        queries: Name of the query set.
    """

    task: str
    labels: str
    codes: tuple[str, ...]
    split: str
    crop: str
    checkpoint: str
    encoder: str
    queries: str


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """One model's scores on one task.

    Args:
        origin: Where they are from.
        record_ids: Id of each record.
        patients: Patient of each record.
        present: Labels (record, class).
        logits: Float (record, class).
    """

    origin: ScoreOrigin
    record_ids: tuple[str, ...]
    patients: tuple[str, ...]
    present: NDArray[np.bool_]
    logits: NDArray[np.floating]

    def save(self, path: Path) -> None:
        """Write an .npz file; nothing in it is pickled."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                origin=np.array(to_json(self.origin)),
                record_ids=np.array(self.record_ids, dtype=np.str_),
                patients=np.array(self.patients, dtype=np.str_),
                present=self.present,
                logits=self.logits,
            )

    @classmethod
    def load(cls, path: Path) -> ScoreTable:
        """Read what `save` wrote.

        Raises:
            EvaluationError: The file is not there, is not such a file, or rows are missing.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                origin = from_json(ScoreOrigin, str(file["origin"]))
                record_ids, patients, present, logits = (file[name] for name in _ARRAYS)
        except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise EvaluationError(
                f"{path.name} holds no scores ({type(error).__name__}); make it with suprem zero-shot --scores."
            ) from error
        expected = (len(record_ids), len(origin.codes))
        if not present.shape == logits.shape == expected or len(patients) != len(record_ids):
            raise EvaluationError(
                f"{path.name} is damaged: {len(record_ids)} records and {len(origin.codes)} classes, but labels "
                f"{present.shape}, scores {logits.shape} and {len(patients)} patients. Make it again."
            )
        return cls(origin, tuple(map(str, record_ids)), tuple(map(str, patients)), present.astype(bool), logits)
