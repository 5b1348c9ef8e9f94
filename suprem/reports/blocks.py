"""Extraction of tables of any size, in blocks of reports that several processes may share; memory holds one block.

<out>/entities.building-<plan>/00000.jsonl   the lines of a block; 00000.json, written last, its counts
<out>/entities.jsonl, summary.json           all of it, once the blocks are joined

What is read and how stands in the name of the folder: another table, other columns, or other words of the lexica are
another folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from suprem import __version__
from suprem.atomic import replacing, write_text
from suprem.errors import ReportError
from suprem.lock import only_writer
from suprem.part import Part
from suprem.progress import Progress
from suprem.reports.entities_file import line_of
from suprem.reports.extract import BlockReader, Counts, ExtractionSummary, Extractor
from suprem.reports.lexicon import LEXICON_FILE
from suprem.reports.report import Report, SkippedReport, stream_reports

BLOCK = 5_000
"""Reports in a block: what a killed run has to do again at most."""

_BUILDING = "entities.building-"


@dataclass(frozen=True)
class ReportSource:
    """A table of reports on disk; arguments as in `suprem.reports.report.read_reports`."""

    path: Path
    id_column: str | None = None
    text_column: str | None = None
    min_words: int = 1

    def stream(self) -> Iterator[Report | SkippedReport]:
        """Yield its rows."""
        return stream_reports(
            self.path, id_column=self.id_column, text_column=self.text_column, min_words=self.min_words
        )

    def identity(self) -> str:
        """Return what the content of the table, the way it is read and the words that are known come to, in few
        characters: blocks of an earlier program are not joined to those of a later one."""
        digests = []
        for path in (self.path, *sorted(LEXICON_FILE.parent.glob("report_*.toml"))):
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        told = json.dumps([__version__, digests, self.id_column, self.text_column, self.min_words, BLOCK])
        return hashlib.sha256(told.encode()).hexdigest()[:12]


def extract_part(
    source: ReportSource,
    extractor: Extractor,
    out: Path,
    part: Part,
    *,
    progress: Progress = lambda _fraction, _message: None,
) -> None:
    """Extract the blocks of a part that are not there yet, beside others who extract the other parts.

    Args:
        source: The table.
        extractor: What reads the statements.
        out: Folder of the results.
        part: Which blocks; the whole is `Part()`.
        progress: Told how many reports were gone through; how many there are is known only at the end.

    Raises:
        ReportError: The table cannot be used, or holds no readable report.
        FolderInUse: Another process extracts this part.
    """
    rows = _reports(source, [])
    first = next(rows, None)
    if first is None:
        aside = sum(1 for _ in source.stream())
        raise ReportError(f"The table holds no readable report; {aside} rows were set aside.")
    folder = _folder(source, extractor, out)
    reader = BlockReader(extractor)
    with only_writer(folder / f"part-{part.number}-of-{part.count}", replaces=True):
        for number, block in _blocks(_reports(source, [])):
            path = folder / f"{number:05d}.jsonl"
            if part.owns(number) and not path.with_suffix(".json").is_file():
                found, counts = reader.read(block)
                with replacing(path) as temporary:
                    temporary.write_text("".join(map(line_of, found)), encoding="utf-8")
                write_text(path.with_suffix(".json"), json.dumps(asdict(counts), ensure_ascii=False))
            gone = number * BLOCK + len(block)
            progress(0.0 if len(block) == BLOCK else 1.0, f"{gone:,} reports")


def join_blocks(source: ReportSource, extractor: Extractor, out: Path) -> ExtractionSummary:
    """Make entities.jsonl and summary.json of blocks that are all there, and take the blocks away.

    Raises:
        ReportError: The table cannot be used, or blocks are missing.
        FolderInUse: Another process joins them.
    """
    folder = _folder(source, extractor, out)
    skipped: list[SkippedReport] = []
    total = sum(1 for _number, _block in _blocks(_reports(source, skipped)))
    missing = [number for number in range(total) if not (folder / f"{number:05d}.json").is_file()]
    if missing or not total:
        raise ReportError(
            f"{len(missing)} of {total} blocks of reports are not extracted, the first is number {missing[0] + 1}; "
            "run every part to its end first, with the same options."
            if missing
            else "The table holds no readable report."
        )
    counts = Counts()
    with only_writer(out), replacing(out / "entities.jsonl") as temporary:
        with temporary.open("wb") as file:
            for number in range(total):
                path = folder / f"{number:05d}.jsonl"
                with path.open("rb") as lines:
                    shutil.copyfileobj(lines, file)
                counts.merge(_counts(path.with_suffix(".json")))
        summary = counts.summary(extractor.name, skipped)
        write_text(out / "summary.json", json.dumps(summary.as_dict(), indent=2, ensure_ascii=False) + "\n")
    shutil.rmtree(folder)
    return summary


def _folder(source: ReportSource, extractor: Extractor, out: Path) -> Path:
    name = "".join(letter if letter.isalnum() else "-" for letter in extractor.name)
    return out / f"{_BUILDING}{source.identity()}-{name}"


def _reports(source: ReportSource, skipped: list[SkippedReport]) -> Iterator[Report]:
    """Yield the readable reports, and put what is set aside into a list."""
    for row in source.stream():
        if isinstance(row, Report):
            yield row
        else:
            skipped.append(row)


def _blocks(reports: Iterator[Report]) -> Iterator[tuple[int, list[Report]]]:
    number = 0
    while block := list(islice(reports, BLOCK)):
        yield number, block
        number += 1


def _counts(path: Path) -> Counts:
    told = json.loads(path.read_text(encoding="utf-8"))
    read = {key: (dropped, failed, language) for key, (dropped, failed, language) in told.pop("read").items()}
    return Counts(**told, read=read)
