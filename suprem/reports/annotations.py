"""Annotation files: spans by record id, resolved against the reports they were made on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suprem.errors import ReportError
from suprem.reports.agreement import Span
from suprem.reports.cache import text_hash
from suprem.reports.entity import Certainty
from suprem.resources import ASSETS

ANNOTATIONS_FILE = ASSETS / "annotations" / "ptbxl_report_en.jsonl"


@dataclass(frozen=True)
class Annotation:
    """The entities one person marked in one report."""

    report_id: str
    text: str
    split: str
    spans: tuple[Span, ...]


def read_annotations(path: Path, texts: Mapping[str, str]) -> tuple[list[Annotation], list[str]]:
    """Read an annotation file, one JSON object a line.

    A line holds `report_id`, `entities` (or `spans`) with `start`, `end` and `certainty` (or `label`), and may hold
    `text`, `text_sha256` and `split`.

    Args:
        path: The file.
        texts: Report texts by id, for lines without `text`.

    Returns:
        The annotations, and the ids of those whose report is missing or has another text than the annotated one.

    Raises:
        ReportError: The file is missing or a line has another form.
    """
    if not path.is_file():
        raise ReportError(f"There is no annotation file at {path}.")
    annotations: list[Annotation] = []
    unresolved: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            report_id = str(item["report_id"])
            text = item.get("text", texts.get(report_id))
            if text is None or item.get("text_sha256", text_hash(text)) != text_hash(text):
                unresolved.append(report_id)
                continue
            spans = tuple(_span(entry, text) for entry in item.get("entities", item.get("spans", [])))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ReportError(
                f"Line {number} of the annotation file cannot be read ({error}); expected a JSON object with report_id "
                "and entities, each with start, end and certainty."
            ) from error
        annotations.append(Annotation(report_id, text, str(item.get("split", "")), spans))
    return annotations, unresolved


def _span(entry: Mapping[str, Any], text: str) -> Span:
    start, end = int(entry["start"]), int(entry["end"])
    if not 0 <= start < end <= len(text):
        raise ValueError(f"span {start}-{end} in a text of {len(text)} characters")
    label = entry["certainty"] if "certainty" in entry else entry["label"]
    return Span(start, end, Certainty(str(label).lower()))
