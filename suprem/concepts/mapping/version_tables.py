"""The tables of a vocabulary version: its clusters, and the paper's Tables 14 and 15 and Figure 10 for its reports."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from suprem.concepts.mapping.labels import MASKED, PRESENT, LabelMatrix
from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.concepts.vocabulary import Vocabulary
from suprem.export import text_cell
from suprem.reports.entities_file import ReportFindings
from suprem.reports.entity import Certainty


def clusters_csv(rows: Sequence[Row], mentions: Counter[str]) -> str:
    """Return the text of clusters.csv: one row a cluster, named after the entity that most reports mention."""
    members: dict[int, list[Row]] = {}
    for row in rows:
        members.setdefault(row.cluster, []).append(row)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["cluster", "representative", "size", "mentions", "codes", "needs_review"])
    for cluster, found in sorted(members.items()):
        representative = max(found, key=lambda row: (mentions[row.entity], row.entity)).entity
        codes = "|".join(sorted({row.code for row in found if row.code}))
        review = str(any(row.needs_review for row in found)).lower()
        total = sum(mentions[row.entity] for row in found)
        writer.writerow([cluster, text_cell(representative), len(found), total, codes, review])
    return file.getvalue()


def paper_tables(
    reports: Sequence[ReportFindings], rows: Sequence[Row], labels: LabelMatrix, vocabulary: Vocabulary
) -> dict[str, Any]:
    """Return `table_14`, `table_15` and `figure_10` of a mapping and its labels."""
    phrases = [(" ".join(one.text.lower().split()), one.certainty) for report in reports for one in report.findings]
    sizes = Counter(row.cluster for row in rows)
    mapped = {row.cluster for row in rows if row.code}
    present, masked = (labels.values == PRESENT).sum(axis=0), (labels.values == MASKED).sum(axis=0)
    order = np.argsort(-present, kind="stable")
    return {
        "table_14": {
            "raw": len(phrases),
            "unique": len({phrase for phrase, _ in phrases}),
            "unique_after_filtering_uncertain": len(
                {p for p, certainty in phrases if certainty != Certainty.UNCERTAIN}
            ),
            "names": len(rows),
            "clusters": len(sizes),
            "concepts": len(vocabulary),
        },
        "table_15": {
            "clusters": len(sizes),
            "mean_size": round(len(rows) / len(sizes), 2),
            "max_size": max(sizes.values()),
            "min_size": min(sizes.values()),
            "share_mapped": round(len(mapped) / len(sizes), 4),
        },
        "figure_10": [
            {
                "code": vocabulary.codes[index],
                "concept": vocabulary.names[index],
                "present": int(present[index]),
                "masked": int(masked[index]),
            }
            for index in order
        ],
    }
