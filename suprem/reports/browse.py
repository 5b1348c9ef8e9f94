"""What the entities of many reports come to: each name once, with how often and how surely it is stated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from suprem.reports.entity import Certainty
from suprem.reports.extract import ReportEntities


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
