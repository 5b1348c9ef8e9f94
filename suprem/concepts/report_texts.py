"""The texts of records' reports, for what learns from whole reports and not from the entities in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.mapping.labels import record_key
from suprem.errors import DatasetError
from suprem.reports.report import read_reports


@dataclass(frozen=True, eq=False)
class ReportTexts:
    """Different texts, and which one each record's report is.

    Args:
        texts: Each text once, in the order of the records.
        of_record: (record,) positions in `texts`, -1 where a record has no report.
    """

    texts: tuple[str, ...]
    of_record: NDArray[np.intp]


def report_texts(table: Path, record_ids: Sequence[str]) -> ReportTexts:
    """Read the reports of some records.

    Args:
        table: As `read_reports` takes it; its ids are those of the records, with or without leading zeros.
        record_ids: The records.

    Raises:
        ReportError: The table cannot be read.
        DatasetError: Not one of the records has a report in it.
    """
    text_of = {record_key(report.report_id): report.text for report in read_reports(table).reports}
    mine = [text_of.get(record_key(record_id)) for record_id in record_ids]
    texts = tuple(dict.fromkeys(text for text in mine if text is not None))
    if not texts:
        raise DatasetError(f"None of the {len(record_ids):,} records has a report in {table.name}.")
    row = {text: position for position, text in enumerate(texts)}
    return ReportTexts(texts, np.array([-1 if text is None else row[text] for text in mine], np.intp))
