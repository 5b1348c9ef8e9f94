"""Reports and their entities to look through: each name once, with how often and how surely it is stated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from suprem.reports.entity import Certainty, Entity
from suprem.reports.extract import Extraction, ReportEntities, RuleExtractor, extract_entities
from suprem.reports.report import Report, SkippedReport, read_reports
from suprem.reports.statement import split_statements


@dataclass(frozen=True)
class EntityCount:
    """One name over all reports.

    Attributes:
        name: The finding in full words.
        report_ids: Reports that name it, each once, in their order.
        certainties: How many entities of each certainty bear the name.
    """

    name: str
    report_ids: tuple[str, ...]
    certainties: dict[Certainty, int]

    @property
    def reports(self) -> int:
        """Number of reports that name it."""
        return len(self.report_ids)


def count_entities(reports: Iterable[ReportEntities]) -> list[EntityCount]:
    """Return every name with its reports, the most frequent first."""
    ids: dict[str, dict[str, None]] = defaultdict(dict)
    certainties: dict[str, Counter[Certainty]] = defaultdict(Counter)
    for report in reports:
        for entity in report.entities:
            ids[entity.name][report.report_id] = None
            certainties[entity.name][entity.certainty] += 1
    counts = [EntityCount(name, tuple(found), dict(certainties[name])) for name, found in ids.items()]
    return sorted(counts, key=lambda count: (-count.reports, count.name))


def filter_entities(
    counts: Sequence[EntityCount], *, search: str = "", certainties: Iterable[Certainty] = (), min_reports: int = 1
) -> list[EntityCount]:
    """Return the entities that a person looks for, in their order.

    Args:
        counts: All of them.
        search: Words that must all occur in the name, in any order.
        certainties: At least one of these must have been stated; none means any.
        min_reports: Fewest reports.
    """
    words = search.lower().split()
    wanted = set(certainties)
    return [
        count
        for count in counts
        if count.reports >= min_reports
        and all(word in count.name.lower() for word in words)
        and (not wanted or wanted & count.certainties.keys())
    ]


def statements_with(text: str, name: str) -> list[tuple[str, tuple[Entity, ...]]]:
    """Return the statements of a report that name a finding, each with its entities, as the rules read them.

    Args:
        text: The report.
        name: The finding in full words, as `Entity.name` has it.
    """
    found = [(one.text, read_text(one.text).extraction.reports[0].entities) for one in split_statements(text)]
    return [
        (words, entities)
        for words, entities in found
        if any(" ".join(entity.name.split()) == name for entity in entities)
    ]


@dataclass(frozen=True, eq=False)
class ReportBase:
    """Reports and what was found in them.

    Attributes:
        texts: Report id -> text.
        extraction: Their entities.
        counts: Each name once, the most frequent first.
        skipped: Rows that could not be used.
    """

    texts: dict[str, str]
    extraction: Extraction
    counts: list[EntityCount]
    skipped: tuple[SkippedReport, ...]

    @cached_property
    def entities(self) -> dict[str, tuple[Entity, ...]]:
        """Report id -> its entities."""
        return {report.report_id: report.entities for report in self.extraction.reports}

    @classmethod
    def read(cls, source: Path | bytes) -> ReportBase:
        """Read a table of reports and extract its entities with the rules.

        Raises:
            ReportError: The table cannot be used.
        """
        table = read_reports(source)
        extraction = extract_entities(table.reports, RuleExtractor(), skipped=table.skipped)
        texts = {report.report_id: report.text for report in table.reports}
        return cls(texts, extraction, count_entities(extraction.reports), table.skipped)


def read_text(text: str) -> ReportBase:
    """Extract the entities of a single report, "pasted"."""
    extraction = extract_entities([Report("pasted", text)], RuleExtractor())
    return ReportBase({"pasted": text}, extraction, count_entities(extraction.reports), ())
