"""Which reports state which entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from suprem.reports.entities_file import ReportFindings
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language


@dataclass(frozen=True, eq=False)
class Mentions:
    """Which reports state which entity; denied entities and reports that were not understood do not count.

    Attributes:
        report_ids: The reports.
        rows: Entity -> positions in `report_ids`, each once.
    """

    report_ids: tuple[str, ...]
    rows: Mapping[str, NDArray[np.intp]]

    @classmethod
    def read(cls, reports: Sequence[ReportFindings]) -> Mentions:
        """Collect the mentions of reports."""
        rows: dict[str, dict[int, None]] = {}
        for position, report in enumerate(reports):
            for one in report.findings:
                stated = rows.setdefault(one.name, {})
                if report.language is not Language.NOT_UNDERSTOOD and one.certainty is not Certainty.NEGATED:
                    stated[position] = None
        arrays = {name: np.fromiter(positions, np.intp, len(positions)) for name, positions in rows.items()}
        return cls(tuple(report.report_id for report in reports), arrays)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Entity -> number of reports that state it."""
        return {name: len(rows) for name, rows in self.rows.items()}

    def covered(self, entities: Iterable[str]) -> int:
        """Return how many reports state at least one of some entities."""
        found = [self.rows[name] for name in entities if name in self.rows]
        return len(np.unique(np.concatenate(found))) if found else 0

    def examples(self, entity: str, limit: int = 20) -> list[str]:
        """Return ids of reports that state an entity."""
        return [self.report_ids[row] for row in self.rows.get(entity, ())[:limit]]
