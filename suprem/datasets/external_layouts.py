"""Folders of other hospitals in the layouts they are published in, read as `suprem.datasets.external` has them.

- The human-machine competition of Tri-Service General Hospital (Taiwan): for each task `*_label.csv` with a column
  `LABEL[finding]` for each finding, `*_user_results.csv` with `DOCTOR_ID` and `USER_ANSWER[finding]`, `*_AI_pred.csv`
  with `AI[finding]`. A task is a group; its class "Normal" is the absence of the others and not asked.
- The Lobachevsky University Database (https://physionet.org/content/ludb/): WFDB headers with `#<diagnoses>:` and one
  finding a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from suprem.datasets.external import (
    ExternalCorpus,
    LabelledFinding,
    Reader,
    has_label_table,
    read_label_table,
    read_rows,
    with_queries,
)
from suprem.errors import DatasetError

LABEL_SUFFIX, READER_SUFFIX, SYSTEM_SUFFIX = "_label.csv", "_user_results.csv", "_AI_pred.csv"
RECORD = "hash_id"
ABSENCE = "Normal"
DIAGNOSES = "#<diagnoses>:"
RHYTHM, AXIS = "Rhythm", "Electric axis of the heart"
"""Lines of LUDB in which the finding stands behind the colon; in others, behind it stands where."""


def is_external(folder: Path) -> bool:
    """Return whether a folder is one of another hospital, in any layout known here."""
    return has_label_table(folder) or any(folder.glob(f"*{LABEL_SUFFIX}")) or bool(_diagnosed(folder))


def read_external(folder: Path) -> ExternalCorpus:
    """Read the tables of a folder.

    Raises:
        DatasetError: There are none, or one is damaged.
    """
    if has_label_table(folder):
        return read_label_table(folder)
    tables = sorted(folder.glob(f"*{LABEL_SUFFIX}"))
    if tables:
        findings = [finding for table in tables for finding in _competition(table)]
        return ExternalCorpus(folder.resolve().name, folder, with_queries(findings))
    diagnosed = _diagnosed(folder)
    if diagnosed:
        return ExternalCorpus(folder.resolve().name, folder, with_queries(_ludb(diagnosed)))
    raise DatasetError(
        f"{folder.name} has no label table; expected labels.csv with the columns record, finding and present."
    )


def _competition(table: Path) -> list[LabelledFinding]:
    task = table.name.removesuffix(LABEL_SUFFIX)
    present = _wide(table, "LABEL")
    systems = table.with_name(task + SYSTEM_SUFFIX)
    scores = _wide(systems, "AI") if systems.is_file() else {}
    readers = table.with_name(task + READER_SUFFIX)
    answers = _wide(readers, "USER_ANSWER", by="DOCTOR_ID") if readers.is_file() else {}
    found = []
    for finding, labels in present.items():
        if finding != ABSENCE:
            people = [
                Reader(who, _kind(who), {record: cell == "1" for record, cell in given.items()})
                for who, given in sorted(answers.get(finding, {}).items())
            ]
            network = {record: float(cell) for record, cell in scores.get(finding, {}).get("", {}).items()}
            found.append(
                LabelledFinding(
                    group=task.replace("_", " "),
                    name=finding,
                    queries=(),
                    present={record: cell == "1" for record, cell in labels[""].items()},
                    readers=tuple(people),
                    # A network that gives every record the same does not know the finding.
                    systems={"that hospital's own network": network} if len(set(network.values())) > 1 else {},
                )
            )
    return found


def _kind(reader: str) -> str:
    """Specialty and grade, which stand before the years of experience: "CV-R" of "CV-R2 (1)"."""
    return re.split(r"\d", reader)[0].strip()


def _wide(path: Path, prefix: str, *, by: str = "") -> dict[str, dict[str, dict[str, str]]]:
    """Return finding -> reader, or "" -> record -> cell, of a table with a column for each finding. Empty cells are
    left out; of a reader who was shown an ECG twice the first answer counts."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    needed = [RECORD, by] if by else [RECORD]

    def missing(names: Sequence[str]) -> list[str]:
        found.update({name: {} for column in names if (name := _bracketed(column, prefix))})
        return [name for name in needed if name not in names] + ([] if found else [f"{prefix}[...]"])

    for _, row in read_rows(path, missing):
        for finding, by_reader in found.items():
            cell = row[f"{prefix}[{finding}]"]
            if cell:
                by_reader.setdefault(row[by] if by else "", {}).setdefault(row[RECORD], cell)
    return found


def _bracketed(column: str, prefix: str) -> str:
    match = re.fullmatch(rf"{prefix}\[(.+)\]", column)
    return match.group(1) if match else ""


def _diagnosed(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Return record -> findings of the headers of a folder, which all state diagnoses as LUDB does; else nothing."""
    found = {}
    for header in sorted(folder.glob("*.hea")):
        lines = [line.strip() for line in header.read_text(encoding="utf-8", errors="replace").splitlines()]
        if DIAGNOSES not in lines:
            return {}
        said = [line.lstrip("# ") for line in lines[lines.index(DIAGNOSES) + 1 :] if line.startswith("#")]
        found[header.stem] = tuple(dict.fromkeys(name for line in said if (name := _finding(line))))
    return found


def _finding(line: str) -> str:
    what, _, where = line.rstrip(". ").partition(":")
    if what.strip() == AXIS and "axis" not in where:
        where += " axis"
    return (where if what.strip() in (RHYTHM, AXIS) else what.removesuffix(", type")).strip().casefold()


def _ludb(diagnosed: Mapping[str, tuple[str, ...]]) -> list[LabelledFinding]:
    names = dict.fromkeys(name for stated in diagnosed.values() for name in stated)
    return [
        LabelledFinding("", name, (), {record: name in stated for record, stated in diagnosed.items()})
        for name in names
    ]
