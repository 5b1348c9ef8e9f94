"""Recordings of another hospital with a table of labels, and with readers' answers and other systems' scores if any.

The tables are described in docs/guide/external-evaluation.md. A finding may be known of some records only: what a table
does not say of a record takes part in nothing. Nothing is ever learned, calibrated or chosen from such a folder.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from suprem.errors import DatasetError
from suprem.resources import ASSETS

LABELS, READERS, SYSTEMS, QUERIES = "labels.csv", "readers.csv", "systems.csv", "queries.csv"
LABEL_COLUMNS = ("record", "finding", "present")
READER_COLUMNS = ("record", "finding", "reader", "present")
SYSTEM_COLUMNS = ("record", "finding", "system", "score")
QUERY_COLUMNS = ("finding", "query")
ANSWERS = {"1": True, "0": False}
KNOWN_QUERIES = ASSETS / "queries" / "external.toml"
"""Names that hospitals give to findings, with the words that are asked instead, and findings that are any of others."""

Value = TypeVar("Value")
Key = tuple[str, str]
"""A finding: the group of records that it is known of, "" where there is one only, and its name."""


@dataclass(frozen=True)
class Reader:
    """What one person answered.

    Args:
        name: As in the table; no real name belongs there.
        kind: Specialty or experience, "" where the table does not say.
        answers: Record -> whether the reader saw the finding.
    """

    name: str
    kind: str
    answers: Mapping[str, bool]


@dataclass(frozen=True)
class LabelledFinding:
    """One finding of a hospital.

    Args:
        group: Which records it is known of, "" where there is one group only.
        name: The hospital's own name for it.
        queries: What is asked; several phrases are an ensemble.
        present: Record -> whether it has the finding; records of which nobody knows are left out.
        readers: People who were asked.
        systems: Name of another system -> record -> its score; only the order of scores matters.
        is_union: Whether it is any of several other findings, so that a mean would count those twice.
    """

    group: str
    name: str
    queries: tuple[str, ...]
    present: Mapping[str, bool]
    readers: tuple[Reader, ...] = ()
    systems: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    is_union: bool = False


@dataclass(frozen=True)
class ExternalCorpus:
    """The recordings of another hospital.

    Args:
        name: Of the folder.
        root: The folder.
        findings: In the order of the table.
        patients: Record -> patient; a record that it does not name is a patient of its own.
    """

    name: str
    root: Path
    findings: tuple[LabelledFinding, ...]
    patients: Mapping[str, str] = field(default_factory=dict)

    @property
    def records(self) -> tuple[str, ...]:
        """Every record of which something is known, in the order of the table."""
        return tuple(dict.fromkeys(record for finding in self.findings for record in finding.present))

    def file(self, record: str) -> Path:
        """Return what `read_ecg` takes; where there is no such file, the path at which a header would lie.

        Raises:
            DatasetError: The name of the record leads out of the folder.
        """
        path = self.root / record
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise DatasetError(
                f"A record of {LABELS} lies outside its folder; records are named relative to the folder."
            )
        header = path.with_name(f"{path.name}.hea")
        if header.is_file() or path.is_file():
            return header if header.is_file() else path
        same = [one for one in path.parent.glob(f"{path.name}.*") if one.suffix not in (".dat", ".mat")]
        return same[0] if len(same) == 1 else header


def has_label_table(folder: Path) -> bool:
    """Return whether a folder has a label table of the documented form."""
    path = folder / LABELS
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", newline="") as file:
        return set(LABEL_COLUMNS) <= set(next(csv.reader(file), ()))


def read_label_table(folder: Path) -> ExternalCorpus:
    """Read a folder with the documented tables.

    Raises:
        DatasetError: A table is not of that form; the message names the table and the row.
    """
    present: dict[Key, dict[str, bool]] = {}
    patients: dict[str, str] = {}
    for number, row in _rows(folder / LABELS, LABEL_COLUMNS):
        key = (row.get("group") or "", row["finding"])
        if row.get("patient"):
            patients[row["record"]] = row["patient"]
        if row["present"]:
            put(present.setdefault(key, {}), row["record"], _answer(row, LABELS, number), f"{LABELS}, row {number}")
    asked: dict[str, list[str]] = {}
    if (folder / QUERIES).is_file():
        for _, row in _rows(folder / QUERIES, QUERY_COLUMNS):
            asked.setdefault(row["finding"], []).append(row["query"])

    readers: dict[Key, dict[tuple[str, str], dict[str, bool]]] = {}
    if (folder / READERS).is_file():
        for number, row in _rows(folder / READERS, READER_COLUMNS):
            key = _known(present, (row.get("group") or "", row["finding"]), READERS, number)
            if row["present"]:
                person = readers.setdefault(key, {}).setdefault((row["reader"], row.get("kind") or ""), {})
                put(person, row["record"], _answer(row, READERS, number), f"{READERS}, row {number}")
    systems: dict[Key, dict[str, dict[str, float]]] = {}
    if (folder / SYSTEMS).is_file():
        for number, row in _rows(folder / SYSTEMS, SYSTEM_COLUMNS):
            key = _known(present, (row.get("group") or "", row["finding"]), SYSTEMS, number)
            try:
                score = float(row["score"])
            except ValueError:
                raise DatasetError(f"{SYSTEMS}, row {number}: the score is no number; give one, or no row.") from None
            put(systems.setdefault(key, {}).setdefault(row["system"], {}), row["record"], score, f"{SYSTEMS}, {number}")
    findings = [
        LabelledFinding(
            *key,
            queries=tuple(asked.get(key[1], ())),
            present=labels,
            readers=tuple(Reader(*who, answers) for who, answers in readers.get(key, {}).items()),
            systems=systems.get(key, {}),
        )
        for key, labels in present.items()
    ]
    if not findings:
        raise DatasetError(f"{LABELS} says of no record whether a finding is present; `present` is 1 or 0.")
    return ExternalCorpus(folder.resolve().name, folder, with_queries(findings), patients)


def with_queries(findings: Sequence[LabelledFinding], path: Path = KNOWN_QUERIES) -> tuple[LabelledFinding, ...]:
    """Return findings with the words to ask, and those that are any of several.

    Words come from the folder's own table, then from `path`, then from the name of the finding. Where labels, readers
    and systems know the parts of a whole, such as infarcts by artery, the whole is any of them; a system's score of it
    is the sum of its scores of the parts, which exclude each other.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {row["name"].casefold(): tuple(row["queries"]) for row in content["finding"]}
    named = [
        finding if finding.queries else replace(finding, queries=known.get(finding.name.casefold(), (finding.name,)))
        for finding in findings
    ]
    by_name = {(finding.group, finding.name): finding for finding in named}
    for row in content["union"]:
        for group in dict.fromkeys(finding.group for finding in findings):
            parts = [by_name[group, name] for name in row["of"] if (group, name) in by_name]
            if len(parts) > 1 and len(parts) == len(row["of"]) and (group, row["name"]) not in by_name:
                named.append(_union(parts, row["name"], tuple(row["queries"])))
    return tuple(named)


def _union(parts: Sequence[LabelledFinding], name: str, queries: tuple[str, ...]) -> LabelledFinding:
    by_reader: dict[tuple[str, str], list[Mapping[str, bool]]] = {}
    for part in parts:
        for reader in part.readers:
            by_reader.setdefault((reader.name, reader.kind), []).append(reader.answers)
    readers = [Reader(*who, _any(answers)) for who, answers in by_reader.items() if len(answers) == len(parts)]
    common = set.intersection(*(set(part.systems) for part in parts))
    systems = {
        system: {
            record: sum(part.systems[system][record] for part in parts)
            for record in parts[0].systems[system]
            if all(record in part.systems[system] for part in parts)
        }
        for system in sorted(common)
    }
    present = _any([part.present for part in parts])
    return LabelledFinding(parts[0].group, name, queries, present, tuple(readers), systems, is_union=True)


def _any(answers: Sequence[Mapping[str, bool]]) -> dict[str, bool]:
    return {record: any(part[record] for part in answers) for record in answers[0] if all(record in a for a in answers)}


def put(table: dict[str, Value], record: str, value: Value, where: str) -> None:
    """Enter a value for a record.

    Raises:
        DatasetError: The table has another value for it already.
    """
    if table.setdefault(record, value) != value:
        raise DatasetError(f"{where}: the same record has another value in an earlier row; give each once.")


def _known(present: Mapping[Key, object], key: Key, table: str, number: int) -> Key:
    if key not in present:
        raise DatasetError(
            f"{table}, row {number}: {LABELS} has no finding {key[1]!r} of that group; spell both alike."
        )
    return key


def _answer(row: Mapping[str, str], table: str, number: int) -> bool:
    if row["present"] not in ANSWERS:
        raise DatasetError(f"{table}, row {number}: `present` is 1, 0 or empty; found {row['present'][:20]!r}.")
    return ANSWERS[row["present"]]


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield number and cells of each row of a table."""
    yield from read_rows(path, lambda header: [name for name in columns if name not in header])


def read_rows(path: Path, missing: Callable[[Sequence[str]], Sequence[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield number, from 2 on as a spreadsheet shows it, and stripped cells of each row of a CSV file.

    Args:
        path: The file.
        missing: Given the header, which columns it lacks.

    Raises:
        DatasetError: It is not such a file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            absent = missing(list(reader.fieldnames or ()))
            if absent:
                raise DatasetError(f"{path.name} lacks the column(s) {', '.join(absent)}; see the guide's tables.")
            for number, row in enumerate(reader, start=2):
                yield number, {name: (cell or "").strip() for name, cell in row.items() if isinstance(name, str)}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path.name} cannot be read as a CSV file ({type(error).__name__}).") from error
