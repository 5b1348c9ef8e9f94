"""From entities in reports to the label matrix that a model learns from: present, absent, or not known and masked.

The paper discards uncertain entities (section 3.1), which makes "possible infarction" an ECG without one. Here the
label is masked, so that it is neither; a negated finding is absent like one that is not mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.places import stated_places
from suprem.concepts.vocabulary import Concept
from suprem.errors import ConceptError
from suprem.reports.entities_file import ReportFindings
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language

PRESENT, ABSENT, MASKED = 1, 0, -1
_NOTHING: Mapping[str, NDArray[np.bool_]] = {}


@dataclass(frozen=True, eq=False)
class LabelMatrix:
    """Labels of records.

    Attributes:
        record_ids: Records, in row order.
        codes: Concepts, in column order.
        values: int8 array (record, code): 1 present, 0 absent, -1 not known: masked in the loss.
    """

    record_ids: tuple[str, ...]
    codes: tuple[str, ...]
    values: NDArray[np.int8]

    def of(self, record_ids: Iterable[str]) -> NDArray[np.int8]:
        """Return the labels (record, code) of some records; one that the matrix does not have is masked throughout."""
        row = {record_key(record_id): index for index, record_id in enumerate(self.record_ids)}
        rows = np.array([row.get(record_key(record_id), -1) for record_id in record_ids], np.intp)
        return np.where(rows[:, None] < 0, np.int8(MASKED), self.values[rows])

    def save(self, file: IO[bytes]) -> None:
        """Write record_ids, codes and values as an .npz file that loads without pickle."""
        np.savez_compressed(file, record_ids=self.record_ids, codes=self.codes, values=self.values)

    @classmethod
    def load(cls, path: Path) -> LabelMatrix:
        """Read what `save` wrote.

        Raises:
            ConceptError: The file is not there or is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                ids, codes, values = (file[name] for name in ("record_ids", "codes", "values"))
        except (OSError, KeyError, ValueError, BadZipFile) as error:
            raise ConceptError(f"{path.name} is not a label matrix as suprem build-vocabulary writes it.") from error
        if values.shape != (len(ids), len(codes)) or values.dtype != np.int8:
            raise ConceptError(f"{path.name} holds {values.shape} labels for {len(ids)} records x {len(codes)} codes.")
        return cls(tuple(map(str, ids)), tuple(map(str, codes)), values)


def label_matrix(
    reports: Iterable[ReportFindings],
    carried: Mapping[str, str],
    concepts: Sequence[Concept],
    *,
    record_ids: Sequence[str] | None = None,
) -> LabelMatrix:
    """Label records by what their reports state.

    A concept that is stated plainly anywhere in a report is present, even where another sentence doubts or denies it;
    one that is only doubted is masked. So is a finding in a place where the report states the finding and leaves the
    place open. What implies a broader concept gives it its label. A report that was not understood, or a record
    without one, is masked throughout; of one that was partly understood, what was not found is masked.

    Args:
        reports: One for each record.
        carried: Name of an entity -> code of the concept that an ECG with it has.
        concepts: The columns.
        record_ids: The rows, numbers with or without leading zeros; by default the reports' ids in their order.
    """
    columns = _Columns.of(concepts, carried)
    labelled = {record_key(report.report_id): columns.row(report) for report in reports}
    ids = tuple(labelled if record_ids is None else record_ids)
    values = np.full((len(ids), len(concepts)), MASKED, np.int8)
    for index, record_id in enumerate(ids):
        values[index] = labelled.get(record_key(record_id), MASKED)
    return LabelMatrix(ids, tuple(concept.code for concept in concepts), with_broader(values, concepts))


def with_statements(
    values: NDArray[np.int8],
    concepts: Sequence[Concept],
    statements: Mapping[str, NDArray[np.bool_]],
    *,
    noted: Mapping[str, NDArray[np.bool_]] = _NOTHING,
    doubted: Mapping[str, NDArray[np.bool_]] = _NOTHING,
) -> NDArray[np.int8]:
    """Return labels of reports, corrected by what a corpus carries beside them.

    A statement of the corpus is present, whatever the report says. What the report states and the corpus does not is
    masked: one of the two is wrong. What the corpus doubts is masked, unless it is noted or only the report could say.

    Args:
        values: (record, concept) from `label_matrix`.
        concepts: The columns.
        statements: Code -> bool (record,), for the codes that the corpus uses.
        noted: Code -> bool (record,), concepts that other columns of the corpus tell.
        doubted: Code -> bool (record,), concepts that nobody knows of a record though they may be stated.
    """
    column = {concept.code: index for index, concept in enumerate(concepts)}
    values = values.copy()
    for code in statements.keys() & column.keys():
        reported = values[:, column[code]]
        stated = statements[code] & ~doubted.get(code, np.False_)
        values[:, column[code]] = np.where(stated, PRESENT, np.where(reported == PRESENT, MASKED, reported))
    for concept in concepts:
        # A group of such statements is what they say; the report's own word for it is then no evidence either.
        carried = statements.keys() | noted.keys()
        if concept.narrower and concept.code not in statements and set(concept.narrower) <= carried:
            own = values[:, column[concept.code]]
            values[:, column[concept.code]] = np.where(own == PRESENT, MASKED, own)
    for label, marks in ((MASKED, doubted), (PRESENT, noted)):
        for code in marks.keys() & column.keys():
            own = values[:, column[code]]
            own[marks[code] & ((own == ABSENT) | (label == PRESENT))] = label
    return with_broader(values, concepts)


def with_broader(values: NDArray[np.int8], concepts: Sequence[Concept]) -> NDArray[np.int8]:
    """Return labels (record, concept) in which a present or masked concept makes its broader ones at least that."""
    column = {concept.code: index for index, concept in enumerate(concepts)}
    groups = [
        (column[concept.code], [column[code] for code in concept.narrower if code in column])
        for concept in concepts
        if concept.narrower
    ]
    values = values.copy()
    while True:  # a group can be part of a group
        before = values.copy()
        for group, members in groups:
            own, under = values[:, group], values[:, members]
            present = (own == PRESENT) | (under == PRESENT).any(axis=1)
            masked = (own == MASKED) | (under == MASKED).any(axis=1)
            values[:, group] = np.where(present, PRESENT, np.where(masked, MASKED, ABSENT))
        if (values == before).all():
            return values


@dataclass(frozen=True)
class _Columns:
    """The columns of a label matrix, and what each entity says of them.

    Attributes:
        count: How many there are.
        marks: Entity -> (column, certain) pairs; a column that is not certain is masked where the entity is stated.
    """

    count: int
    marks: Mapping[str, tuple[tuple[int, bool], ...]]

    @classmethod
    def of(cls, concepts: Sequence[Concept], carried: Mapping[str, str]) -> _Columns:
        column = {concept.code: index for index, concept in enumerate(concepts)}
        placed: dict[str, list[tuple[int, str]]] = {}
        for concept in concepts:
            if concept.of:
                placed.setdefault(concept.of, []).append((column[concept.code], concept.place))
        marks = {}
        for name, code in carried.items():
            found = [(column[code], True)] if code in column else []
            if code in placed:
                stated = stated_places(name)
                answers = [(index, None if stated.anywhere else stated.present(place)) for index, place in placed[code]]
                found += [(index, answer is True) for index, answer in answers if answer is not False]
            marks[name] = tuple(found)
        return cls(len(concepts), marks)

    def row(self, report: ReportFindings) -> NDArray[np.int8]:
        understood = report.language is Language.UNDERSTOOD
        row = np.full(self.count, ABSENT if understood else MASKED, np.int8)
        if report.language is Language.NOT_UNDERSTOOD:
            return row
        for one in report.findings:
            if one.certainty is Certainty.NEGATED:
                continue
            for index, certain in self.marks.get(one.name, ()):
                if row[index] != PRESENT:
                    row[index] = PRESENT if certain and one.certainty is not Certainty.UNCERTAIN else MASKED
        return row


def record_key(record_id: str) -> str:
    """Return what ids of the same record have in common: PTB-XL's reports are numbered 1, its records 00001."""
    return record_id.lstrip("0") or record_id
