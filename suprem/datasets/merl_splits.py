"""The split tables that MERL published (github.com/cheliu-computation/MERL-ICML2024, MIT), read as they are.

The paper evaluates on these tables, and those of CSN cannot be made again: neither the selection of 23,026 of 45,152
records nor the draw follows from the published code. Layout: `finetune/data_split` with

    ptbxl/<task>/ptbxl_<task>_{train,val,test}.csv     ecg_id, ..., one column a class
    icbeb/icbeb_{train,val,test}.csv                   CPSC-2018: filename, ..., one column a class
    chapman/chapman_{train,val,test}.csv               CSN: ecg_path, ..., diagnose, one column a class

Known defects: CSN's labels are wrong for 7 of 38 classes (see `suprem.datasets.catalog`); its age is 12 on every row;
two rows of its training table have no label; the split of CPSC-2018 is by record, for no patient is published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from suprem.datasets.index import RecordIndex
from suprem.datasets.task import LabelledRecords, Task
from suprem.errors import DatasetError

FOLD_OF_PART = {"train": 1, "val": 9, "test": 10}
"""Parts as folds, in the numbering that every corpus follows."""

_TABLES = {
    "ptbxl_superclass": ("ptbxl/super_class", "ptbxl_super_class"),
    "ptbxl_subclass": ("ptbxl/sub_class", "ptbxl_sub_class"),
    "ptbxl_form": ("ptbxl/form", "ptbxl_form"),
    "ptbxl_rhythm": ("ptbxl/rhythm", "ptbxl_rhythm"),
    "cpsc2018": ("icbeb", "icbeb"),
    "csn": ("chapman", "chapman"),
}


@dataclass(frozen=True, eq=False)
class MerlSplit:
    """The three tables of a task as one.

    Args:
        table: One row per record: `record_id` as the corpus' index has it, `fold` by `FOLD_OF_PART`, and a column of
            booleans for each class, in the task's order.
    """

    table: pd.DataFrame

    def label(self, task: Task, index: RecordIndex) -> LabelledRecords:
        """Return the records of an index that stand in the tables, in the tables' order and with their folds.

        Args:
            task: Its variant "merl" takes the labels of the tables, "exact" those of the corpus.
            index: Records of the corpus, of any folds.

        Raises:
            DatasetError: Not one record of the tables is in the index.
        """
        row_of = {str(name): row for row, name in enumerate(index.table["record_id"])}
        known = self.table[self.table["record_id"].isin(row_of)]
        if known.empty:
            raise DatasetError(
                f"None of the {len(self.table)} records of MERL's tables of {task.name} is among the {len(index)} "
                f"records of {index.corpus}, such as {next(iter(row_of), 'none')}; give the folder of that corpus, or "
                "leave --splits out."
            )
        chosen = index.take([row_of[name] for name in known["record_id"]])
        chosen = replace(chosen, table=chosen.table.assign(fold=known["fold"].to_numpy()))
        split = replace(
            task,
            split="MERL's tables: train is fold 1, validation 9, test 10",
            published_records={fold: int((self.table["fold"] == fold).sum()) for fold in FOLD_OF_PART.values()},
            default_folds=(10,),
        )
        present = known[list(task.codes)].to_numpy(bool) if task.labels == "merl" else task.present_in(chosen)
        return LabelledRecords(task=split, index=chosen, present=present)


def read_merl_split(folder: Path, task: Task) -> MerlSplit:
    """Read the tables of a task.

    Args:
        folder: MERL's `data_split`, or the folder in it that holds the three tables.
        task: The task; its codes are the class columns.

    Raises:
        DatasetError: There are no such tables for the task, or one is missing or damaged.
    """
    if task.name not in _TABLES:
        raise DatasetError(f"MERL has no split of {task.name}; it has those of {', '.join(_TABLES)}.")
    inner, stem = _TABLES[task.name]
    place = folder / inner if (folder / inner).is_dir() else folder
    parts = []
    for part, fold in FOLD_OF_PART.items():
        path = place / f"{stem}_{part}.csv"
        try:
            raw = pd.read_csv(path)
            labels = raw[list(task.codes)]
            if not labels.isin([0, 1]).to_numpy().all():
                raise ValueError("a label is neither 0 nor 1")
            parts.append(labels.astype(bool).assign(record_id=_record_ids(raw), fold=fold))
        except FileNotFoundError as error:
            raise DatasetError(
                f"There is no {path.name} in {place}; --splits takes MERL's data_split, with {inner}/{path.name}."
            ) from error
        except (OSError, KeyError, ValueError) as error:
            raise DatasetError(f"{path.name} is not MERL's table of {task.name}: {error}.") from error
    table = pd.concat(parts, ignore_index=True)
    twice = table.loc[table["record_id"].duplicated(), "record_id"]
    if len(twice):
        raise DatasetError(f"Record {twice.iloc[0]} stands twice in MERL's tables of {task.name}; a split has it once.")
    return MerlSplit(table[["record_id", "fold", *task.codes]])


def _record_ids(raw: pd.DataFrame) -> list[str]:
    """Return the names that the corpus' index gives to the records of a table."""
    if "ecg_path" in raw.columns:
        return [PurePosixPath(path).stem for path in raw["ecg_path"]]
    if "filename" in raw.columns:
        return [str(name) for name in raw["filename"]]
    return [f"{number:05d}" for number in np.asarray(raw["ecg_id"], int)]
