"""What readers of licensed terminologies share: tables read as a stream, and concepts united into one vocabulary.

Nothing of a licensed terminology ships with this project; `umls` and `snomed` read the user's own copy. Damaged rows
are counted and the rest is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from suprem.concepts.abbreviations import expand, match_key
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError
from suprem.progress import Progress

MAX_CHARACTERS = 200
"""A longer term is a sentence, not a name."""

_SHOWN = 5
_STEP = 200_000  # rows between two reports of progress


@dataclass
class RowCount:
    """Numbers of rows of a file that were read, and that could not be.

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


def read_rows(
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


def decoded_term(raw: bytes) -> str | None:
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
