"""SNOMED CT read from the user's own copy: the snapshot of a release in RF2.

Format: SNOMED CT Release File Specifications, chapter 4.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from suprem.concepts.terminologies.terminologies import RowCount, Terms, decoded_term, read_rows
from suprem.concepts.vocabulary import Concept
from suprem.errors import ConceptError
from suprem.progress import Progress

ROOTS = ("301120008", "698247007", "44808001", "22298006")
"""Electrocardiogram finding, cardiac arrhythmia, conduction disorder of the heart, myocardial infarction."""

_CONCEPT_COLUMNS, _DESCRIPTION_COLUMNS, _RELATIONSHIP_COLUMNS = 5, 9, 10
_IS_A, _FULLY_SPECIFIED, _SYNONYM = b"116680003", b"900000000000003001", b"900000000000013009"
_SEMANTIC_TAG = re.compile(r"\s*\([^()]*\)\Z")


def read_snomed(
    folder: Path,
    *,
    roots: Sequence[str] = ROOTS,
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
            part = _part(progress, done, total)
            for line, cells in read_rows(path, b"\t", columns, counts[-1], part, header=b"id\t"):
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
        term = decoded_term(cells[7])
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
