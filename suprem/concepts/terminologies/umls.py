"""UMLS read from the user's own copy: terms from MRCONSO.RRF, semantic types from MRSTY.RRF.

Format: UMLS Reference Manual, chapter 3 (Rich Release Format).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from suprem.concepts.terminologies.terminologies import RowCount, Terms, decoded_term, read_rows
from suprem.concepts.vocabulary import Concept
from suprem.errors import ConceptError
from suprem.progress import Progress

FINDING_TYPES = frozenset({"T019", "T020", "T033", "T034", "T037", "T042", "T046", "T047", "T184", "T190"})
"""UMLS semantic types of what an ECG may show: findings, signs, functions of an organ, diseases, abnormalities, injury.
Not among them: procedures, devices, drugs, genes, questionnaires."""

_CONSO_COLUMNS, _TYPE_COLUMNS = 18, 6
_CUI = re.compile(rb"C\d{7}\Z")


def read_umls(
    path: Path,
    *,
    wanted: Callable[[str], bool] = lambda _term: True,
    sources: Collection[str] = (),
    progress: Progress = lambda _fraction, _message: None,
) -> Terms:
    """Read the English, unsuppressed terms of MRCONSO.RRF, concept by concept, in the order of the file.

    Args:
        path: MRCONSO.RRF; 18 columns, each closed by "|".
        wanted: Concepts are kept when this holds for one of their terms. Without it, all of UMLS is held in memory.
        sources: Abbreviations of source vocabularies (column SAB) to take terms from; all of them by default.
        progress: Told how far the file is read; stops it by raising `Cancelled`.

    Raises:
        ConceptError: The file is missing, is not MRCONSO.RRF, or holds no term that is wanted.
    """
    count = RowCount(path.name)
    allowed = {source.encode() for source in sources}
    found: dict[str, _UmlsTerms] = {}
    current = _UmlsTerms(b"")

    def close() -> None:
        if any(map(wanted, current.terms)):
            # A file that was sorted otherwise may bring a concept again.
            known = found.setdefault(current.cui.decode(), current)
            if known is not current:
                known.add(current)

    for line, cells in read_rows(path, b"|", _CONSO_COLUMNS, count, progress, holding=b"|ENG|"):
        cui, language, status, _, string_type, _, preferred = cells[:7]
        source, code, raw, suppress = cells[11], cells[13], cells[14], cells[16]
        if language != b"ENG" or suppress != b"N" or (allowed and source not in allowed):
            continue
        term = decoded_term(raw)
        if term is None or not _CUI.match(cui):
            count.set_aside(line)
            continue
        if not term:
            continue
        if cui != current.cui:
            close()
            current = _UmlsTerms(cui)
        rank = (status != b"P") + (string_type != b"PF") + (preferred != b"Y")
        current.terms[term] = min(rank, current.terms.get(term, rank))
        if source == b"SNOMEDCT_US" and code.isdigit():
            current.snomed.add(code.decode())
    close()
    if not found:
        raise ConceptError(
            f"{path.name} holds no English term that is wanted, in {count.rows:,} rows; check --source and --filter, "
            "and that the UMLS subset was made with English sources."
        )
    return Terms(tuple(terms.concept() for terms in found.values()), (count,))


def of_semantic_types(
    path: Path,
    concepts: Sequence[Concept],
    *,
    types: Collection[str] = FINDING_TYPES,
    progress: Progress = lambda _fraction, _message: None,
) -> Terms:
    """Return the concepts that MRSTY.RRF gives one of some semantic types.

    Raises:
        ConceptError: The file is missing or not MRSTY.RRF, or none of the concepts has such a type.
    """
    count = RowCount(path.name)
    codes = {concept.code.encode() for concept in concepts}
    allowed = {name.encode() for name in types}
    typed = {
        cells[0].decode()
        for _, cells in read_rows(path, b"|", _TYPE_COLUMNS, count, progress)
        if cells[0] in codes and cells[1] in allowed
    }
    kept = tuple(concept for concept in concepts if concept.code in typed)
    if not kept:
        raise ConceptError(
            f"{path.name} gives none of {len(concepts):,} concepts one of the semantic types "
            f"{', '.join(sorted(types))}; check that it is of the same release as MRCONSO.RRF."
        )
    return Terms(kept, (count,))


class _UmlsTerms:
    """The terms of one concept unique identifier, each with its rank: 0 is the preferred one."""

    def __init__(self, cui: bytes) -> None:
        self.cui = cui
        self.terms: dict[str, int] = {}
        self.snomed: set[str] = set()

    def add(self, other: _UmlsTerms) -> None:
        for term, rank in other.terms.items():
            self.terms[term] = min(rank, self.terms.get(term, rank))
        self.snomed |= other.snomed

    def concept(self) -> Concept:
        name = min(self.terms, key=lambda term: self.terms[term])  # of equal rank, the first in the file
        (snomed,) = self.snomed if len(self.snomed) == 1 else (None,)
        return Concept(self.cui.decode(), name, tuple(term for term in self.terms if term != name), snomed=snomed)
