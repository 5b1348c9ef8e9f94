from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suprem.concepts.embed import MiniLmEmbedder
from suprem.concepts.mapping.mapping import THRESHOLDS
from suprem.concepts.mapping.statement_faults import Fault, judge_statements, read_statements
from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.errors import ReportError


def finding(
    words: str, certainty: str = "abnormal", places: tuple[str, ...] = (), code: str | None = None
) -> dict[str, Any]:
    return {"words": words, "certainty": certainty, "places": list(places), "code": code}


@pytest.mark.parametrize(
    ("text", "findings", "kinds"),
    [
        ("Sinus rhythm.", [finding("Sinus rhythm", "normal", code="SR")], []),
        ("Sinus rhythm.", [finding("Sinus rhythm", "negated", code="SR")], [Fault.CERTAINTY]),
        ("Sinus rhythm.", [finding("Sinus rhythm", "normal", code="AFIB")], [Fault.CODE]),
        ("Sinus rhythm. LBBB.", [finding("Sinus rhythm", "normal", code="SR")], [Fault.INVENTED]),
        (
            "Sinus rhythm today.",
            [finding("today"), finding("Sinus rhythm", "normal", code="SR")],
            [Fault.MISSED_SILENTLY],
        ),
        ("Quux barz florn.", [finding("Quux barz")], [Fault.MISSED]),
        ("ST depression in V5.", [finding("ST depression in V5", places=("V5", "V6"), code="STD_")], [Fault.PLACE]),
    ],
)
def test_each_kind_of_fault_is_named(
    tmp_path: Path, minilm: MiniLmEmbedder, text: str, findings: list[dict[str, Any]], kinds: list[Fault]
) -> None:
    path = tmp_path / "statements.jsonl"
    path.write_text(json.dumps({"text": text, "findings": findings}) + "\n", encoding="utf-8")
    figures = judge_statements(read_statements(path), load_terms(CONCEPTS), minilm, THRESHOLDS["minilm"])
    assert [fault.kind for fault in figures.faults] == kinds
    assert figures.faulty == bool(kinds)


@pytest.mark.parametrize(
    "content", ["", "{}\n", '{"text": "a", "findings": [{"words": "b", "certainty": "normal", "code": null}]}\n']
)
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "statements.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError):
        read_statements(path)
