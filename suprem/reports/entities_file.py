"""The file entities.jsonl: what each report states, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suprem.errors import ConceptError, ReportError
from suprem.reports.agreement import Span
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language, ReportEntities


@dataclass(frozen=True)
class Mention:
    """An entity that a report states.

    Attributes:
        text: The words of the report.
        name: The finding in full words, see `suprem.reports.entity.Entity`.
        certainty: How the report holds it.
    """

    text: str
    name: str
    certainty: Certainty


@dataclass(frozen=True)
class ReportFindings:
    """What one report states, and whether its words were known."""

    report_id: str
    findings: tuple[Mention, ...]
    language: Language = Language.UNDERSTOOD

    @classmethod
    def of(cls, report: ReportEntities) -> ReportFindings:
        """Return the findings of an extracted report."""
        found = tuple(Mention(one.text, " ".join(one.name.split()), one.certainty) for one in report.entities)
        return cls(report.report_id, found, report.language)


def read_findings(path: Path) -> tuple[list[ReportFindings], int]:
    """Read entities.jsonl as `suprem extract-entities` writes it.

    Returns:
        The reports, and how many lines were set aside because they are not of that form.

    Raises:
        ConceptError: Not one line is.
    """
    reports: list[ReportFindings] = []
    damaged = 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in filter(str.strip, file):
            try:
                row = json.loads(line)
                findings = tuple(
                    Mention(str(item["text"]), " ".join(str(item["name"]).split()), Certainty(item["certainty"]))
                    for item in row["entities"]
                )
                language = Language(row.get("language", Language.UNDERSTOOD))
                reports.append(ReportFindings(str(row["report_id"]), findings, language))
            except (ValueError, KeyError, TypeError, AttributeError):
                damaged += 1
    if not reports:
        raise ConceptError(
            f"No line of the entities can be read ({damaged:,} tried); "
            "expected entities.jsonl as suprem extract-entities writes it."
        )
    return reports, damaged


def line_of(report: ReportEntities | ReportFindings) -> str:
    """Return the line of a report, with its end; the spans of entities are kept where they are known."""
    found: list[dict[str, str | int]]
    if isinstance(report, ReportEntities):
        found = [
            {"text": one.text, "start": one.start, "end": one.end, "certainty": one.certainty.value, "name": one.name}
            for one in report.entities
        ]
    else:
        found = [{"text": one.text, "name": one.name, "certainty": one.certainty.value} for one in report.findings]
    line: dict[str, Any] = {"report_id": report.report_id, "entities": found}
    if report.language is not Language.UNDERSTOOD:
        line["language"] = report.language.value
    return json.dumps(line, ensure_ascii=not isinstance(report, ReportEntities)) + "\n"


def read_spans(path: Path) -> dict[str, tuple[Span, ...]]:
    """Return report id -> where its entities stand, and how each is held.

    Raises:
        ReportError: The file cannot be read, or a line is not of that form.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {
            str(line["report_id"]): tuple(
                Span(item["start"], item["end"], Certainty(item["certainty"])) for item in line["entities"]
            )
            for line in lines
        }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ReportError(
            f"The entities cannot be read ({error}); expected entities.jsonl as suprem extract-entities writes it."
        ) from error
