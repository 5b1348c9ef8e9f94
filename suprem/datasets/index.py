"""One table shape for every corpus: which records there are, whose they are, where they lie, how they are labelled."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suprem.errors import DatasetError

COLUMNS = ("record_id", "patient_id", "path", "fold", "age", "sex", "device", "codes")
ANNOTATIONS = ("noted", "doubted")
"""Columns that a corpus with more annotations than its statements has besides, tuples of codes like `codes`."""

TEXT_COLUMNS = ("record_id", "patient_id", "path", "sex", "device", "codes", *ANNOTATIONS)
CODE_SEPARATOR = "|"
TRAIN_FOLDS = (1, 2, 3, 4, 5, 6, 7, 8)
VALIDATION_FOLDS = (9,)
TEST_FOLDS = (10,)
"""PTB-XL's numbering of folds, which every corpus follows, so that one configuration trains on any of them."""

TELLING_SUFFIXES = frozenset({".hea", ".dat", ".mat", ".csv", ".zip", ".gz", ".tar"})
"""What tells a corpus, another one, or one that was not unpacked."""

NO_FILE = "Its file is not in this copy of the corpus."


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """The records of one corpus.

    Args:
        corpus: Short name, for example "ptb-xl".
        root: Folder of the corpus as PhysioNet ships it.
        table: One row per record with `COLUMNS`; `path` is relative to `root` and what `read_ecg` takes: a WFDB
            record's name without suffix, or a file. `codes` holds a tuple of statement codes, `fold` an integer.
            `noted`, where the table has it, holds codes of concepts that the corpus tells in another column than its
            statements, and `doubted` those that nobody knows of this record, whether or not `codes` holds them. Both
            are for training; evaluation goes by `codes`.
        skipped: Record id (or file) and reason of what the corpus lists or holds and `table` leaves out.
        made_of: What its parts are, of a corpus that several databases gave records to.
    """

    corpus: str
    root: Path
    table: pd.DataFrame
    skipped: tuple[tuple[str, str], ...] = ()
    made_of: str = ""

    def __post_init__(self) -> None:
        missing = [name for name in COLUMNS if name not in self.table.columns]
        if missing:
            raise DatasetError(f"A record index needs the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}.")
        if not self.table["record_id"].is_unique:
            twice = self.table.loc[self.table["record_id"].duplicated(), "record_id"].iloc[0]
            raise DatasetError(f"Record {twice} stands twice in the index of {self.corpus}.")

    def __len__(self) -> int:
        return len(self.table)

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> RecordIndex:
        """Return the index of the given row positions, in their order."""
        return replace(self, table=self.table.iloc[list(rows)].reset_index(drop=True))

    def files(self) -> list[Path]:
        """Return for each record what `read_ecg` takes: its header where it has one.

        A CSN record is a header and a .mat file of one name, and the header tells leads and units.
        """
        paths = [self.root / path for path in self.table["path"]]
        return [header if (header := path.with_name(f"{path.name}.hea")).is_file() else path for path in paths]

    def existing(self) -> RecordIndex:
        """Return the index of the records whose file is there; the others are listed as skipped."""
        # Strings, not `Path`: this takes most of the time that the 800,035 records of MIMIC-IV-ECG need.
        files = [f"{self.root}{os.sep}{path}" for path in self.table["path"]]
        there = np.array([os.path.isfile(f"{file}.hea") or os.path.isfile(file) for file in files], bool)
        missing = tuple((str(name), NO_FILE) for name in self.table["record_id"][~there])
        return replace(self.take(np.flatnonzero(there)), skipped=self.skipped + missing)

    def in_folds(self, folds: Iterable[int] | None) -> RecordIndex:
        """Return the index of the records in `folds`, or of all where it is None.

        Raises:
            DatasetError: A fold has no record.
        """
        return self if folds is None else self.take(self.rows_in_folds(folds))

    def rows_in_folds(self, folds: Iterable[int]) -> NDArray[np.intp]:
        """Return the row positions of the records in `folds`.

        Raises:
            DatasetError: A fold has no record.
        """
        wanted = sorted(set(folds))
        present = set(self.table["fold"])
        absent = [fold for fold in wanted if fold not in present]
        if absent:
            raise DatasetError(
                f"No record of {self.corpus} is in fold {', '.join(map(str, absent))}; there are folds "
                f"{', '.join(map(str, sorted(present)))}."
            )
        return np.flatnonzero(self.table["fold"].isin(wanted))

    def labels(self, codes: Sequence[str], *, of: str = "codes") -> NDArray[np.bool_]:
        """Return the multi-hot labels (record, code): whether each record carries each code in the column `of`."""
        column = {code: i for i, code in enumerate(codes)}
        out = np.zeros((len(self), len(codes)), bool)
        if of in self.table.columns:
            for row, present in enumerate(self.table[of]):
                out[row, [column[code] for code in present if code in column]] = True
        return out

    def annotated(self, column: str) -> tuple[str, ...]:
        """Return the codes that a column of `ANNOTATIONS` holds anywhere, sorted; none without such a column."""
        return tuple(sorted(set().union(*self.table[column]))) if column in self.table.columns else ()

    def count(self, column: str) -> int:
        """Return how many codes all records together hold in a column; 0 where there is no such column."""
        return sum(map(len, self.table[column])) if column in self.table.columns else 0

    def to_csv(self, path: Path) -> None:
        """Write the table; codes are joined by a bar."""
        joined = {name: self.table[name].map(CODE_SEPARATOR.join) for name in self._coded()}
        self.table.assign(**joined).to_csv(path, index=False)

    def _coded(self) -> list[str]:
        return [name for name in ("codes", *ANNOTATIONS) if name in self.table.columns]

    @classmethod
    def from_csv(cls, path: Path, *, corpus: str, root: Path) -> RecordIndex:
        """Read what `to_csv` wrote.

        Raises:
            DatasetError: The file is not there or is not a record index.
        """
        try:
            table = pd.read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str))
        except (OSError, ValueError) as error:
            raise DatasetError(f"The record index {path.name} cannot be read: {error}.") from error
        for name in {"codes", *ANNOTATIONS} & set(table.columns):
            table[name] = [tuple(c for c in str(cell).split(CODE_SEPARATOR) if c) for cell in table[name].fillna("")]
        return cls(corpus=corpus, root=root, table=table)


def shared_patients(
    index: RecordIndex, first: Sequence[int] | NDArray[np.intp], second: Sequence[int] | NDArray[np.intp]
) -> set[str]:
    """Return the patients with records among both sets of rows; a fair split has none."""
    patients = index.table["patient_id"].to_numpy()
    return set(patients[np.asarray(first, int)]) & set(patients[np.asarray(second, int)])


def fold_of_patient(patient_id: str, *, validation: float, test: float) -> int:
    """Return the fold, 1 to 10, of all records of a patient, for a corpus that has no folds of its own.

    Drawn from a hash of the id, so it is the same on every machine, in every copy and whatever other records are there.

    Args:
        patient_id: As in the corpus.
        validation: Share of the patients in fold 9.
        test: Share of the patients in fold 10; the rest is spread evenly over folds 1 to 8.
    """
    draw = int.from_bytes(hashlib.sha256(patient_id.encode()).digest()[:6], "big") / 2**48
    if draw < validation:
        return VALIDATION_FOLDS[0]
    if draw < validation + test:
        return TEST_FOLDS[0]
    return TRAIN_FOLDS[int((draw - validation - test) / (1.0 - validation - test) * len(TRAIN_FOLDS))]


def contents_of(folder: Path) -> str:
    """Say in a few words what a folder holds, without a name in it, which could be a person's."""
    if not folder.is_dir():
        return "there is no such folder"
    entries = list(folder.iterdir())
    kinds = sorted({entry.suffix for entry in entries} & TELLING_SUFFIXES)
    folders = sum(entry.is_dir() for entry in entries)
    files = f"{len(entries) - folders} files" + (f" ({', '.join(kinds)} among them)" if kinds else "")
    return f"it holds {folders} folders and {files}"
