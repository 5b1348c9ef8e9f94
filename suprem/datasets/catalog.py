"""The evaluation tasks by name: their classes, the query of each class, splits, source and known defects.

Class lists are data: `assets/queries/<task>.toml` holds for each class its code, the query that is scored for it, and
the statements whose presence makes the class present. The task of all statements takes its queries from the
vocabulary's terms, so that a trained concept is asked by its own name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.index import RecordIndex
from suprem.errors import DatasetError

ASSETS = Path(__file__).resolve().parents[2] / "assets"

PTBXL_CITATION = (
    "Wagner et al., PTB-XL, a large publicly available electrocardiography dataset, Scientific Data 7:154 (2020), "
    "doi:10.1038/s41597-020-0495-6; tasks after Strodthoff et al., Deep Learning for ECG Analysis: Benchmarks and "
    "Insights from PTB-XL, IEEE J. Biomed. Health Inform. 25:1519 (2021), doi:10.1109/JBHI.2020.3022989"
)

PTBXL_SPLIT = "the corpus' own folds: 1-8 train, 9 validation, 10 test; no patient is in two folds"

LIKELIHOOD = "The likelihood of a statement is ignored: a statement listed with likelihood 0 counts as present."
UNIONS = "Classes that unite several statements are asked with one query, which cannot name all of them."


@dataclass(frozen=True)
class TaskClass:
    """One class of a task.

    Args:
        code: As in the published tables of the task.
        query: The text that is scored.
        members: Statements of the corpus; the class is present when any of them is.
    """

    code: str
    query: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """An evaluation task.

    Args:
        name: Name on the command line.
        classes: In the order of the published tables.
        labels: Variant of the labels: "exact" takes statements by equality.
        split: How records are split, in words.
        published_records: Labelled records the release has in each evaluation fold, to notice an incomplete copy.
        citation: Where data and task come from.
        defects: What a reader of its numbers must know.
    """

    name: str
    classes: tuple[TaskClass, ...]
    labels: str
    split: str
    published_records: Mapping[int, int]
    citation: str
    defects: tuple[str, ...]

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

    def label(self, index: RecordIndex) -> LabelledRecords:
        """Label the records of an index; those without any label of the task are left out.

        Raises:
            DatasetError: No record has a label of the task.
        """
        statements = sorted({member for entry in self.classes for member in entry.members})
        column = {code: i for i, code in enumerate(statements)}
        carried = index.labels(statements)  # (record, statement)
        present = np.stack(
            [carried[:, [column[member] for member in entry.members]].any(axis=1) for entry in self.classes], axis=1
        )
        rows = np.flatnonzero(present.any(axis=1))
        if len(rows) == 0:
            raise DatasetError(
                f"None of {len(index)} records of {index.corpus} has a label of {self.name}, which are statements such "
                f"as {', '.join(statements[:3])}. Choose other folds or another task."
            )
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


@dataclass(frozen=True)
class _PtbxlTask:
    published_records: Mapping[int, int]
    defects: tuple[str, ...]


_PTBXL_TASKS: dict[str, _PtbxlTask] = {
    "ptbxl_superclass": _PtbxlTask({9: 2146, 10: 2158}, (LIKELIHOOD, UNIONS)),
    "ptbxl_subclass": _PtbxlTask(
        {9: 2146, 10: 2158},
        (LIKELIHOOD, UNIONS, "SEHYP, WPW, ILBBB and PMI have fewer than 10 positives in folds 9 and 10."),
    ),
    "ptbxl_form": _PtbxlTask(
        {9: 901, 10: 880},
        (
            LIKELIHOOD,
            "Only records with a form statement are labelled, so no record is free of all of them.",
            "HVOLT, TAB, PRC(S) and STE have fewer than 10 positives in folds 9 and 10.",
        ),
    ),
    "ptbxl_rhythm": _PtbxlTask(
        {9: 2100, 10: 2098},
        (
            LIKELIHOOD,
            "Four of five records are sinus rhythm.",
            "BIGU, TRIGU, SVTAC, PSVT and AFLT have fewer than 10 positives in folds 9 and 10.",
        ),
    ),
    "ptbxl_all": _PtbxlTask({9: 2183, 10: 2198}, (LIKELIHOOD, "Many of the 71 statements are rare.")),
}

TASK_NAMES: tuple[str, ...] = tuple(_PTBXL_TASKS)


def load_task(name: str) -> Task:
    """Return a task by its name.

    Raises:
        DatasetError: There is no such task, or its class list is damaged.
    """
    if name not in _PTBXL_TASKS:
        close = get_close_matches(name, TASK_NAMES, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise DatasetError(f"There is no task {name!r}; the tasks are {', '.join(TASK_NAMES)}.{hint}")
    path = ASSETS / "terms/scp_statements.toml" if name == "ptbxl_all" else ASSETS / f"queries/{name}.toml"
    return Task(
        name=name,
        classes=_read_classes(path),
        labels="exact",
        split=PTBXL_SPLIT,
        published_records=_PTBXL_TASKS[name].published_records,
        citation=PTBXL_CITATION,
        defects=_PTBXL_TASKS[name].defects,
    )


def _read_classes(path: Path) -> tuple[TaskClass, ...]:
    """Read a class list; without `members` a class is the statement of the same code."""
    try:
        with path.open("rb") as file:
            content: dict[str, list[dict[str, Any]]] = tomllib.load(file)
        if "statement" in content:
            classes = tuple(TaskClass(row["code"], row["name"], (row["code"],)) for row in content["statement"])
        else:
            classes = tuple(
                TaskClass(row["code"], row["query"], tuple(row.get("members", [row["code"]])))
                for row in content["classes"]
            )
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise DatasetError(
            f"The class list {path.name} cannot be read ({error}); restore it from the repository."
        ) from error
    codes = [entry.code for entry in classes]
    if len(set(codes)) != len(codes):
        raise DatasetError(f"A class code stands twice in {path.name}.")
    return classes
