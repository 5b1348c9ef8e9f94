"""Reports in two languages read side by side: what is certain in one must be certain in the other.

Held against each other are the concepts that a report states without doubt, normal or abnormal, as the rules and the
mapping find them; nothing is asked of the words. Reports whose two texts are the same say nothing and are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suprem.concepts.embed import TextEmbedder
from suprem.concepts.mapping.mapping import MappingThresholds, measure_similarities, remap
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ReportError
from suprem.reports.entity import Certainty
from suprem.reports.extract import RuleExtractor, extract_entities
from suprem.reports.report import Report

_CERTAIN = (Certainty.NORMAL, Certainty.ABNORMAL)


@dataclass(frozen=True)
class ReadingAgreement:
    """How far two readings agree.

    Attributes:
        reports: Reports whose two texts differ.
        first, second: Certain concepts, counted once a report, in either reading.
        both: Those in both.
        alike: Reports whose certain concepts are the same.
        only_first, only_second: Concept -> in how many reports only that reading has it, most frequent first.
    """

    reports: int
    first: int
    second: int
    both: int
    alike: int
    only_first: dict[str, int]
    only_second: dict[str, int]

    @property
    def agreement(self) -> float:
        """Share of concepts that both readings have (F1), 1.0 where neither has any."""
        return 2 * self.both / (self.first + self.second) if self.first + self.second else 1.0


def compare_readings(
    first: Sequence[Report],
    second: Sequence[Report],
    vocabulary: Vocabulary,
    embedder: TextEmbedder,
    thresholds: MappingThresholds,
) -> ReadingAgreement:
    """Read and map the reports that both sides have, and count what they share.

    Raises:
        ReportError: No report has two texts.
    """
    others = {report.report_id: report for report in second}
    pairs = [
        (report, others[report.report_id])
        for report in first
        if report.report_id in others and others[report.report_id].text.strip() != report.text.strip()
    ]
    if not pairs:
        raise ReportError("No report has two texts that differ; expected both columns for the same ids.")
    sides = [extract_entities([pair[side] for pair in pairs], RuleExtractor()).reports for side in (0, 1)]
    names = {entity.name for reports in sides for report in reports for entity in report.entities}
    if not names:
        raise ReportError("Nothing is found in either reading; expected ECG reports.")
    similarities = measure_similarities(names, vocabulary, embedder, floor=thresholds.cluster)
    rows = remap(similarities, cluster_threshold=thresholds.cluster, map_threshold=thresholds.map)
    codes: Mapping[str, str] = {row.entity: row.code for row in rows if row.carries and not row.needs_review}
    stated = [
        [
            {codes[entity.name] for entity in one.entities if entity.certainty in _CERTAIN and entity.name in codes}
            for one in reports
        ]
        for reports in sides
    ]
    matched = list(zip(*stated, strict=True))
    return ReadingAgreement(
        reports=len(pairs),
        first=sum(map(len, stated[0])),
        second=sum(map(len, stated[1])),
        both=sum(len(one & other) for one, other in matched),
        alike=sum(one == other for one, other in matched),
        only_first=dict(Counter(code for one, other in matched for code in sorted(one - other)).most_common()),
        only_second=dict(Counter(code for one, other in matched for code in sorted(other - one)).most_common()),
    )
