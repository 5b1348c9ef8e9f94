"""What commands are given to score: queries and ECG files, from the command line, a file or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from suprem.errors import EcgError, QueryError

if TYPE_CHECKING:
    from suprem.concepts.query import CardiacQuery
    from suprem.concepts.vocabulary import Vocabulary


def gather_queries(texts: Sequence[str], file: Path | None, vocabulary: Vocabulary) -> list[CardiacQuery]:
    """Return the queries of the command line and of a file with one a line, each once.

    Raises:
        QueryError: One cannot be used, or there is none.
    """
    from suprem.concepts.query import CardiacQuery, parse_queries

    queries = [CardiacQuery.from_text(text, vocabulary) for text in texts]
    if file is not None:
        try:
            queries += parse_queries(file.read_text(encoding="utf-8-sig"), vocabulary)
        except (OSError, UnicodeDecodeError) as error:
            raise QueryError(f"The query file cannot be read: {error}.") from error
    if not queries:
        raise QueryError('No query was given; add --query "atrial fibrillation" or --queries FILE with one a line.')
    return list({query.text.casefold(): query for query in reversed(queries)}.values())[::-1]


def gather_paths(files: Sequence[Path], folder: Path | None, *, links: bool = True) -> list[Path]:
    """Return the ECG files of the command line and of a folder; of that without symbolic links where they are refused.

    Raises:
        EcgError: There is none.
    """
    from suprem.ecg.formats.folder import find_records

    try:
        paths = [*files, *(find_records(folder, links=links) if folder is not None else [])]
    except FileNotFoundError as error:
        raise EcgError(str(error)) from error
    if not paths:
        raise EcgError("No ECG was given; name files after --ecg or a folder with ECG files after --folder.")
    return paths
