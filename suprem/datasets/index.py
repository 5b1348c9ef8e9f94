"""One table shape for every corpus: which records there are, whose they are, where they lie, how they are labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suprem.errors import DatasetError

COLUMNS = ("record_id", "patient_id", "path", "fold", "age", "sex", "device", "codes")
CODE_SEPARATOR = "|"


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """The records of one corpus.

    Args:
        corpus: Short name, for example "ptb-xl".
        root: Folder of the corpus as PhysioNet ships it; `path` is relative to it.
        table: One row per record with `COLUMNS`; `codes` holds a tuple of statement codes, `fold` an integer.
    """

    corpus: str
    root: Path
    table: pd.DataFrame

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

    def labels(self, codes: Sequence[str]) -> NDArray[np.bool_]:
        """Return the multi-hot labels (record, code): whether each record carries each code."""
        column = {code: i for i, code in enumerate(codes)}
        out = np.zeros((len(self), len(codes)), bool)
        for row, present in enumerate(self.table["codes"]):
            out[row, [column[code] for code in present if code in column]] = True
        return out

    def to_csv(self, path: Path) -> None:
        """Write the table; `codes` are joined by a bar."""
        self.table.assign(codes=self.table["codes"].map(CODE_SEPARATOR.join)).to_csv(path, index=False)

    @classmethod
    def from_csv(cls, path: Path, *, corpus: str, root: Path) -> RecordIndex:
        """Read what `to_csv` wrote.

        Raises:
            DatasetError: The file is not there or is not a record index.
        """
        try:
            table = pd.read_csv(path, dtype={"record_id": str, "patient_id": str, "path": str, "codes": str})
        except (OSError, ValueError) as error:
            raise DatasetError(f"The record index {path.name} cannot be read: {error}.") from error
        if "codes" in table.columns:
            table["codes"] = [
                tuple(c for c in str(cell).split(CODE_SEPARATOR) if c) for cell in table["codes"].fillna("")
            ]
        return cls(corpus=corpus, root=root, table=table)


def shared_patients(index: RecordIndex, first: Sequence[int], second: Sequence[int]) -> set[str]:
    """Return the patients with records among both sets of rows; a fair split has none."""
    patients = index.table["patient_id"].to_numpy()
    return set(patients[np.asarray(first, int)]) & set(patients[np.asarray(second, int)])
