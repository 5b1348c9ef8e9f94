"""Labels of a run: its concepts, and for every record 1, 0, or a negative number where the label is not known.

Labels come from what a corpus carries, from reports by way of a vocabulary version, and from the recordings' own
measurements (docs/decisions/0012-labels-by-measurement.md). What a corpus doubts is masked and what it notes in another
column is present (docs/decisions/0014-likelihoods-and-annotations.md); evaluation goes by the statements alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.mapping.labels import ABSENT, MASKED, with_statements
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.measured import load_limits, with_measured
from suprem.concepts.vocabulary import CONCEPTS, Vocabulary, load_terms
from suprem.datasets.index import ANNOTATIONS
from suprem.datasets.signal_store import SignalStore
from suprem.errors import ConfigError, DatasetError


def labels_of_statements(store: SignalStore, vocabulary: Vocabulary) -> NDArray[np.float32]:
    """Return the labels (record, statement) that the corpus itself carries.

    A corpus that does not speak the vocabulary is refused: what it cannot say would be learned as absent.

    Raises:
        DatasetError: No record carries a statement, or some carry statements that the vocabulary does not have.
    """
    carried = {code for codes in store.index.table["codes"] for code in codes}
    foreign = sorted(carried - set(vocabulary.codes))
    if foreign or not carried:
        found = f"statements such as {', '.join(foreign[:3])}" if foreign else "no statement"
        raise DatasetError(
            f"The records of {store.index.corpus} carry {found}; training needs the {len(vocabulary.codes)} SCP-ECG "
            "statements: what a corpus cannot say would be learned as absent. Train on PTB-XL, or with --vocabulary on "
            "labels from reports."
        )
    statements = _by_code(store, vocabulary.codes, "codes")
    silent = np.full((len(store.index), len(vocabulary)), ABSENT, np.int8)
    noted, doubted = (_by_code(store, vocabulary.codes, column) for column in ANNOTATIONS)
    return with_statements(silent, vocabulary.concepts, statements, noted=noted, doubted=doubted).astype(np.float32)


def labels_of_reports(
    store: SignalStore, version: VocabularyVersion, *, statements: bool
) -> tuple[Vocabulary, NDArray[np.float32]]:
    """Return the concepts of a vocabulary version and the labels (record, concept), negative where nobody knows.

    Args:
        store: The records.
        version: Whose labels are taken; a record without a report is masked.
        statements: Whether the statements that the corpus carries correct the reports and add their own concepts.

    Raises:
        DatasetError: Not one record of the store has a report in the version.
    """
    matrix = version.labels()
    values = matrix.of(store.index.table["record_id"])
    if not (values != MASKED).any():
        raise DatasetError(
            f"None of the {len(store.index):,} records of {store.index.corpus} has a report in vocabulary version "
            f"{version.number}; build the version from the reports of this corpus."
        )
    if not statements:
        return version.vocabulary(), values.astype(np.float32)
    carried = {code for codes in store.index.table["codes"] for code in codes}
    reference = version.reference()
    annotated = {name: store.index.annotated(name) for name in ANNOTATIONS}
    known = carried | set(matrix.codes) | set(annotated["noted"])
    concepts = [concept for concept in reference.concepts if concept.code in known]
    column = {code: index for index, code in enumerate(matrix.codes)}
    absent = np.full(len(values), ABSENT, np.int8)
    reported = np.stack([values[:, column[c.code]] if c.code in column else absent for c in concepts], axis=1)
    codes = tuple(concept.code for concept in concepts if concept.code in carried)
    stated = _by_code(store, codes, "codes")
    noted, doubted = (_by_code(store, annotated[name], name) for name in ANNOTATIONS)
    labels = with_statements(reported, concepts, stated, noted=noted, doubted=doubted)
    return Vocabulary(tuple(concepts)), labels.astype(np.float32)


def _by_code(store: SignalStore, codes: Sequence[str], column: str) -> dict[str, NDArray[np.bool_]]:
    """Return code -> bool (record,): whether a column of the index holds it."""
    return dict(zip(codes, store.index.labels(codes, of=column).T, strict=True))


def with_measurements(
    vocabulary: Vocabulary, labels: NDArray[np.float32], measured: Mapping[str, NDArray[np.float64]]
) -> tuple[Vocabulary, NDArray[np.float32]]:
    """Return concepts and labels (record, concept) with those that the records' own measurements decide."""
    limits = load_limits(load_terms(CONCEPTS))
    concepts, values = with_measured(labels.astype(np.int8), vocabulary.concepts, limits, measured)
    return Vocabulary(concepts), values.astype(np.float32)


def learnable(
    vocabulary: Vocabulary, labels: NDArray[np.float32], *, leave_out: Sequence[str] = (), min_examples: int = 0
) -> list[int]:
    """Return the columns that are learned: not left out on purpose, and with enough training records.

    Args:
        vocabulary: The concepts.
        labels: Of the training records (record, concept).
        leave_out: Codes of concepts that are not learned, nor findings of that kind in single places.
        min_examples: How many training records are enough.

    Raises:
        ConfigError: A code to leave out is none of the vocabulary, or nothing is left.
    """
    unknown = sorted(set(leave_out) - set(vocabulary.codes))
    if unknown:
        raise ConfigError(f"leave_out names {', '.join(unknown)}, which the vocabulary does not have.")
    examples = (labels > 0).sum(axis=0)
    columns = [
        index
        for index, concept in enumerate(vocabulary.concepts)
        if not {concept.code, concept.of} & set(leave_out) and examples[index] >= min_examples
    ]
    if not columns:
        raise ConfigError("No concept is left to learn; lower min_examples or leave out fewer.")
    return columns
