"""What an evaluation task is: classes with their queries, and the records of a corpus labelled with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.index import RecordIndex
from suprem.errors import DatasetError


@dataclass(frozen=True)
class TaskClass:
    """One class of a task.

    Args:
        code: As in the published tables of the task.
        query: The text that is scored.
        members: Statements of the corpus; the class is present when any of them is.
        published: Positives in the published training, validation and test tables; empty where there are none.
    """

    code: str
    query: str
    members: tuple[str, ...]
    published: tuple[int, ...] = ()


@dataclass(frozen=True)
class Task:
    """An evaluation task.

    Args:
        name: Name on the command line.
        classes: In the order of the published tables.
        labels: Variant of the labels: "exact" takes statements by equality, "merl" as the published tables do.
        split: How records are split, in words.
        published_records: Labelled records the release has in each evaluation fold, to notice an incomplete copy.
        citation: Where data and task come from.
        defects: What a reader of its numbers must know.
        corpus: The corpus it is a task of: "ptbxl", "cpsc2018" or "csn".
        default_folds: Folds evaluated unless others are asked for; None for every record.
        crop: Which part of a longer recording is read, one of `suprem.datasets.crop.CROPS`.
        keeps_unlabelled: A record with a diagnosis, but with none of the classes, is a negative of all of them; else
            it is left out, as in the published tables.
    """

    name: str
    classes: tuple[TaskClass, ...]
    labels: str
    split: str
    published_records: Mapping[int, int]
    citation: str
    defects: tuple[str, ...]
    corpus: str = "ptbxl"
    default_folds: tuple[int, ...] | None = (9,)
    crop: str = "cleanest"
    keeps_unlabelled: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """The class codes."""
        return tuple(entry.code for entry in self.classes)

    @property
    def queries(self) -> tuple[str, ...]:
        """The query of each class."""
        return tuple(entry.query for entry in self.classes)

    def published_in(self, folds: Iterable[int]) -> int | None:
        """Return how many labelled records the release has in `folds`, or None where that is not recorded here."""
        counts = [self.published_records.get(fold) for fold in set(folds)]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def present_in(self, index: RecordIndex) -> NDArray[np.bool_]:
        """Return whether each class is present in each record of an index, (record, class)."""
        statements = sorted({member for entry in self.classes for member in entry.members})
        column = {code: i for i, code in enumerate(statements)}
        carried = index.labels(statements)  # (record, statement)
        return np.stack(
            [carried[:, [column[member] for member in entry.members]].any(axis=1) for entry in self.classes], axis=1
        )

    def label(self, index: RecordIndex) -> LabelledRecords:
        """Label the records of an index; which of those without any label of the task count says `keeps_unlabelled`.

        Raises:
            DatasetError: No record has a label of the task.
        """
        present = self.present_in(index)
        labelled = present.any(axis=1)
        if not labelled.any():
            statements = sorted({member for entry in self.classes for member in entry.members})
            raise DatasetError(
                f"None of {len(index)} records of {index.corpus} has a label of {self.name}, which are statements such "
                f"as {', '.join(statements[:3])}. Choose other folds or another task."
            )
        if self.keeps_unlabelled:
            labelled |= index.table["codes"].map(bool).to_numpy(bool)  # without any diagnosis nothing is known
        rows = np.flatnonzero(labelled)
        return LabelledRecords(task=self, index=index.take(rows), present=present[rows])


@dataclass(frozen=True, eq=False)
class LabelledRecords:
    """The records of a task with their labels.

    Args:
        task: The task.
        index: The records that have at least one of its labels.
        present: Whether each class is present, (record, class).
    """

    task: Task
    index: RecordIndex
    present: NDArray[np.bool_]

    @property
    def record_ids(self) -> tuple[str, ...]:
        """Id of each record."""
        return tuple(str(name) for name in self.index.table["record_id"])

    @property
    def patients(self) -> tuple[str, ...]:
        """Patient of each record."""
        return tuple(str(name) for name in self.index.table["patient_id"])

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> LabelledRecords:
        """Return the given row positions, in their order."""
        return replace(self, index=self.index.take(rows), present=self.present[list(rows)])
