"""Licensed terminologies read from the user's own copy: UMLS (MRCONSO.RRF, MRSTY.RRF) and SNOMED CT (RF2 snapshot).

Nothing of them ships with this project. A file is read as a stream, damaged rows are counted and the rest is kept.
Formats: UMLS Reference Manual, chapter 3 (Rich Release Format); SNOMED CT Release File Specifications, chapter 4.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from suprem.concepts.abbreviations import expand, match_key
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError

FINDING_TYPES = frozenset({"T019", "T020", "T033", "T034", "T037", "T042", "T046", "T047", "T184", "T190"})
"""UMLS semantic types of what an ECG may show: findings, signs, functions of an organ, diseases, abnormalities, injury.
Not among them: procedures, devices, drugs, genes, questionnaires."""

SNOMED_ROOTS = ("301120008", "698247007", "44808001", "22298006")
"""Electrocardiogram finding, cardiac arrhythmia, conduction disorder of the heart, myocardial infarction."""

MAX_CHARACTERS = 200
"""A longer term is a sentence, not a name."""

_SHOWN = 5
_STEP = 200_000  # rows between two reports of progress

_UMLS_COLUMNS, _UMLS_TYPE_COLUMNS = 18, 6
_CONCEPT_COLUMNS, _DESCRIPTION_COLUMNS, _RELATIONSHIP_COLUMNS = 5, 9, 10
_CUI = re.compile(rb"C\d{7}\Z")
_IS_A, _FULLY_SPECIFIED, _SYNONYM = b"116680003", b"900000000000003001", b"900000000000013009"
_SEMANTIC_TAG = re.compile(r"\s*\([^()]*\)\Z")

Progress = Callable[[float, str], None]


@dataclass
class RowCount:
    """How the rows of a file could be read.

    Attributes:
        file: Name of the file.
        rows: Rows seen, the header aside.
        damaged: Rows without the columns of the format, or not UTF-8.
        first_damaged: Line numbers of the first few, counted from 1.
    """

    file: str
    rows: int = 0
    damaged: int = 0
    first_damaged: list[int] = field(default_factory=list)

    def set_aside(self, line: int) -> None:
        """Count one damaged row."""
        self.damaged += 1
        if len(self.first_damaged) < _SHOWN:
            self.first_damaged.append(line)


@dataclass(frozen=True)
class Terms:
    """Concepts of a terminology, in a fixed order, how its files could be read, and roots that it does not have."""

    concepts: tuple[Concept, ...]
    files: tuple[RowCount, ...]
    missing_roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class United:
    """Concepts made one vocabulary, in which each wording belongs to one concept.

    Attributes:
        vocabulary: The vocabulary.
        merged: Concepts whose name is that of an earlier one, by the rules of `match_key`; they became one with it.
        ambiguous: Synonyms left out because several concepts claim them, or because they are another one's name.
    """

    vocabulary: Vocabulary
    merged: int
    ambiguous: int


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

    for line, cells in _rows(path, b"|", _UMLS_COLUMNS, count, progress, holding=b"|ENG|"):
        cui, language, status, _, string_type, _, preferred = cells[:7]
        source, code, raw, suppress = cells[11], cells[13], cells[14], cells[16]
        if language != b"ENG" or suppress != b"N" or (allowed and source not in allowed):
            continue
        term = _decoded(raw)
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
        for _, cells in _rows(path, b"|", _UMLS_TYPE_COLUMNS, count, progress)
        if cells[0] in codes and cells[1] in allowed
    }
    kept = tuple(concept for concept in concepts if concept.code in typed)
    if not kept:
        raise ConceptError(
            f"{path.name} gives none of {len(concepts):,} concepts one of the semantic types "
            f"{', '.join(sorted(types))}; check that it is of the same release as MRCONSO.RRF."
        )
    return Terms(kept, (count,))


def read_snomed(
    folder: Path,
    *,
    roots: Sequence[str] = SNOMED_ROOTS,
    progress: Progress = lambda _fraction, _message: None,
) -> Terms:
    """Read the active concepts at and below some roots from the snapshot of a SNOMED CT release (RF2).

    The name is the fully specified name without its semantic tag, the synonyms are the English ones. Concepts are
    ordered by root, then by distance from it, then by identifier.

    Args:
        folder: The release folder, or any folder in it that holds the snapshot; several editions are read as one.
        roots: Identifiers of concepts.
        progress: Told how far the files are read; stops it by raising `Cancelled`.

    Raises:
        ConceptError: A file is missing or not of this format, or no root is an active concept.
    """
    files = [
        _release_files(folder, pattern)
        for pattern in (
            "sct2_Concept_Snapshot*.txt",
            "sct2_Relationship_Snapshot*.txt",
            "sct2_Description_Snapshot-en*.txt",
        )
    ]
    counts: list[RowCount] = []
    total, done = sum(map(len, files)), 0

    def rows(paths: Iterable[Path], columns: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the active rows of some files."""
        nonlocal done
        for path in paths:
            counts.append(RowCount(path.name))
            for line, cells in _rows(path, b"\t", columns, counts[-1], _part(progress, done, total), header=b"id\t"):
                if not cells[0].isdigit():
                    counts[-1].set_aside(line)
                elif cells[2] == b"1":
                    yield line, cells
            done += 1

    active = {int(cells[0]) for _, cells in rows(files[0], _CONCEPT_COLUMNS)}
    children: dict[int, list[int]] = defaultdict(list)
    for _, cells in rows(files[1], _RELATIONSHIP_COLUMNS):
        source, target = cells[4], cells[5]
        if cells[7] == _IS_A and source.isdigit() and target.isdigit() and int(source) in active:
            children[int(target)].append(int(source))
    missing = tuple(root for root in roots if not root.isdigit() or int(root) not in active)
    chosen = _descendants([int(root) for root in roots if root not in missing], children)
    if not chosen:
        raise ConceptError(
            f"None of the roots {', '.join(roots)} is an active concept of this release ({len(active):,} concepts); "
            "name others with --root."
        )
    names: dict[int, str] = {}
    synonyms: dict[int, list[str]] = defaultdict(list)
    for line, cells in rows(files[2], _DESCRIPTION_COLUMNS):
        if not cells[4].isdigit() or int(cells[4]) not in chosen or not cells[5].startswith(b"en"):
            continue
        term = _decoded(cells[7])
        if term is None:
            counts[-1].set_aside(line)
        elif not term:
            continue
        elif cells[6] == _FULLY_SPECIFIED:
            names.setdefault(int(cells[4]), _SEMANTIC_TAG.sub("", term) or term)
        elif cells[6] == _SYNONYM:
            synonyms[int(cells[4])].append(term)
    concepts = tuple(
        Concept(
            str(code), name, tuple(text for text in dict.fromkeys(synonyms[code]) if text != name), snomed=str(code)
        )
        for code in chosen
        if (name := names.get(code, "")) or (synonyms[code] and (name := synonyms[code][0]))
    )
    return Terms(concepts, tuple(counts), missing)


def unite(concepts: Iterable[Concept]) -> United:
    """Make one vocabulary of concepts whose wordings may collide.

    Terminologies hold the same finding several times ("atrial fibrillation", "ECG: atrial fibrillation"), and synonyms
    that mean several things. A concept with the name of an earlier one becomes one with it and keeps that code; a
    synonym that several claim, or that is another's name, is nobody's. Terms without a word, and abbreviations that
    this project's dictionary reads as something else ("LAD" of an artery), are left out too.

    Raises:
        ConceptError: No concept is left.
    """
    groups: dict[frozenset[str], Concept] = {}
    merged = 0
    for concept in concepts:
        key = match_key(concept.name)
        if not key:
            continue
        first = groups.get(key)
        merged += first is not None
        groups[key] = (
            concept
            if first is None
            else replace(
                first,
                synonyms=(*first.synonyms, concept.name, *concept.synonyms),
                snomed=first.snomed or concept.snomed,
            )
        )
    claims = Counter(key for concept in groups.values() for key in {match_key(text) for text in concept.synonyms})
    ambiguous = 0
    united = []
    for own, concept in groups.items():
        kept = {expand(concept.name): ""}
        meant = [expand(text) for text in concept.synonyms if not _is_abbreviation(text)]
        for text in concept.synonyms:
            key = match_key(text)
            if not key:
                continue
            if key != own and (claims[key] > 1 or key in groups or _read_otherwise(text, own, meant)):
                ambiguous += 1
            else:
                kept.setdefault(expand(text), text)
        united.append(replace(concept, synonyms=tuple(filter(None, kept.values()))))
    if not united:
        raise ConceptError("No term is left to make a vocabulary of; choose other roots, sources or another filter.")
    return United(Vocabulary(tuple(united)), merged, ambiguous)


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


def _rows(
    path: Path,
    separator: bytes,
    columns: int,
    count: RowCount,
    progress: Progress,
    *,
    header: bytes = b"",
    holding: bytes = b"",
) -> Iterator[tuple[int, list[bytes]]]:
    """Yield line number and cells of the rows that hold some bytes; rows of another width are counted, not yielded.

    Raises:
        ConceptError: The file is missing, or no row has the columns of the format.
    """
    closed = separator == b"|"  # in RRF each column is closed by its separator, in RF2 they are between columns
    expected = columns if closed else columns - 1
    try:
        size, read = max(path.stat().st_size, 1), 0
        with path.open("rb") as file:
            for line, raw in enumerate(file, start=1):
                read += len(raw)
                if line == 1 and header:
                    if not raw.removeprefix(b"\xef\xbb\xbf").startswith(header):
                        break
                    continue
                count.rows += 1
                if line % _STEP == 0:
                    progress(read / size, f"{path.name}: {line:,} rows")
                if raw.count(separator) != expected:
                    count.set_aside(line)
                elif holding in raw:
                    yield line, raw.rstrip(b"\r\n").split(separator)
    except OSError as error:
        raise ConceptError(f"{path.name} cannot be read ({error.strerror}); check the path.") from error
    if count.rows == count.damaged:
        raise ConceptError(
            f"{path.name} is not the file it should be: none of its {count.rows:,} rows has {columns} columns "
            f"{'closed' if closed else 'separated'} by {'|' if closed else 'tabs'}"
            f"{', or it lacks its header line' if header else ''}. Give the file as the release has it, unpacked."
        )


def _release_files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.rglob(pattern))
    if not found:
        raise ConceptError(
            f"The folder {folder.name!r} holds no {pattern}; expected an unpacked SNOMED CT release in RF2 with its "
            "folder Snapshot/Terminology."
        )
    return found


def _descendants(roots: Sequence[int], children: dict[int, list[int]]) -> dict[int, None]:
    """Return roots and all below them, each once; a concept may have several parents."""
    chosen: dict[int, None] = {}
    for root in roots:
        level = [root]
        while level:
            chosen.update(dict.fromkeys(level))
            level = sorted({child for code in level for child in children.get(code, ())} - chosen.keys())
    return chosen


def _part(progress: Progress, done: int, total: int) -> Progress:
    """Return the progress of one file of several."""
    return lambda fraction, message: progress((done + fraction) / total, message)


def _decoded(raw: bytes) -> str | None:
    """Return a term with its blanks collapsed, empty where it is too long for a name, None where it is no text."""
    try:
        term = " ".join(raw.decode().split())
    except UnicodeDecodeError:
        return None
    if not term.isprintable() or not term:
        return None
    return term if len(term) <= MAX_CHARACTERS else ""


def _is_abbreviation(text: str) -> bool:
    return " " not in text and len(text) <= 6 and text.upper() == text


def _read_otherwise(text: str, name: frozenset[str], meant: Sequence[str]) -> bool:
    """Whether our dictionary spells an abbreviation out, and not as anything its concept is called."""
    spelled = expand(text)
    return _is_abbreviation(text) and " " in spelled and match_key(spelled) != name and spelled not in meant
