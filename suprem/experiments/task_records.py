"""The records of an evaluation task from a corpus folder, with the folds to evaluate, to fit on or to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suprem.datasets.index import TRAIN_FOLDS, RecordIndex
from suprem.datasets.merl_splits import read_merl_split
from suprem.datasets.signal_store import SignalStore
from suprem.datasets.task import LabelledRecords, Task
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import DatasetError
from suprem.evaluation.leakage import LeakageCheck, audit_labels, signal_hash

EVERY_FOLD = range(1, 11)
PUBLISHED_PART = {1: 0, 9: 1, 10: 2}
"""Where the published counts of a fold stand: MERL's training part, validation and test."""


@dataclass(frozen=True, eq=False)
class TaskRecords:
    """A corpus with the labels of a task.

    Args:
        task: The task, with the split that holds here.
        index: Every record of the corpus, or of MERL's tables.
        tables: The records of MERL's tables with their labels; None where the corpus' own split holds.
    """

    task: Task
    index: RecordIndex
    tables: LabelledRecords | None = None

    def in_folds(self, folds: Sequence[int] | None) -> LabelledRecords:
        """Return the labelled records of some folds; of all where it is None.

        Raises:
            DatasetError: A fold has no record, or no record has a label.
        """
        if self.tables is None:
            return self.task.label(self.index.in_folds(folds))
        held = self.index.table["fold"]
        asked = self.task.default_folds if folds is None else folds
        rows = np.flatnonzero(held.isin(asked or ()))
        if len(rows) == 0:
            parts = ", ".join(f"{count} in fold {fold}" for fold, count in held.value_counts().sort_index().items())
            raise DatasetError(
                f"None of the records of {self.index.corpus} is in fold {','.join(map(str, folds or ()))} of MERL's "
                f"tables; there are {parts} (1 train, 9 validation, 10 test). Choose with --folds, such as 1-10."
            )
        return self.tables.take(rows)

    def in_words(self, folds: Sequence[int] | None) -> str:
        """Say which records those of `folds` are."""
        words = "all records" if folds is None else f"folds {','.join(map(str, folds))}"
        return words if self.tables is None else f"MERL's tables, {words}"


def read_task_records(index: RecordIndex, task: Task, splits: Path | None) -> TaskRecords:
    """Bring a corpus and a task together.

    Args:
        index: Every record of the task's corpus.
        task: The task.
        splits: Folder with MERL's tables; None for the corpus' own folds, or those of a hash.

    Raises:
        DatasetError: The tables do not fit.
    """
    if splits is None:
        return TaskRecords(task, index)
    tables = read_merl_split(splits, task).label(task, index)
    return TaskRecords(tables.task, tables.index, tables)


def refuse_shared(first: LabelledRecords, second: LabelledRecords, what: str) -> None:
    """Refuse two sets of records of which one is to judge what was made on the other.

    Raises:
        DatasetError: A patient has records in both.
    """
    shared = set(first.patients) & set(second.patients)
    if shared:
        raise DatasetError(
            f"{len(shared)} patients have records both among those evaluated and those {what}; give other folds."
        )


def audit_sums(labelled: LabelledRecords) -> LeakageCheck:
    """Compare the positives of each class with the published ones, where they are known for these folds."""
    folds = set(labelled.index.table["fold"])
    records = labelled.task.published_in(folds)
    counts = None
    if records is not None and all(entry.published for entry in labelled.task.classes):
        counts = {
            entry.code: sum(entry.published[PUBLISHED_PART[fold]] for fold in folds) for entry in labelled.task.classes
        }
    complete = records == len(labelled.record_ids)
    return audit_labels(labelled.task.codes, labelled.present.sum(axis=0).tolist(), counts, complete=complete)


def store_hashes(folder: Path, spec: SignalSpec) -> Iterable[bytes]:
    """Yield the hash of each recording in the training folds of a signal store.

    A store holds the validation fold as well, which is what is evaluated and no leak.

    Raises:
        DatasetError: There is no store, or its signals are prepared otherwise than those evaluated.
    """
    store = SignalStore.open(folder)
    if store.spec != spec:
        raise DatasetError(f"The store {folder.name} is prepared for another model; build one of the same signals.")
    for row in np.flatnonzero(store.index.table["fold"].isin(TRAIN_FOLDS)):
        yield signal_hash(store.integers(np.array([row]))[0])
