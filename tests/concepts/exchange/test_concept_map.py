from __future__ import annotations

import json

import pytest

from suprem.concepts.exchange.concept_map import NO_COMMENT, read_concept_map, to_concept_map
from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.review.decision import Equivalence, Status
from suprem.export import RESEARCH_USE

ROWS = [
    ExchangedRow("lvh", "LVH", "left ventricular hypertrophy", "164873001", Status.APPROVED, Equivalence.NARROWER,
                 ("A",), "2026-11-26T04:00:00.000+00:00"),
    ExchangedRow("x", status=Status.NO_TARGET, reviewers=("A",), decided_at="2026-11-26T04:00:00.000+00:00"),
]  # fmt: skip


def test_it_is_one_by_the_published_schema() -> None:
    schema = pytest.importorskip("fhir.resources.R4B.conceptmap")
    found = schema.ConceptMap.model_validate_json(to_concept_map(ROWS, "v"))
    assert [group.target for group in found.group] == ["urn:suprem-studio:concepts", "http://snomed.info/sct"]
    assert found.purpose == RESEARCH_USE
    assert found.experimental is True


def test_a_narrower_target_has_a_comment_as_fhir_asks() -> None:
    group = json.loads(to_concept_map(ROWS, "v"))["group"][0]
    assert group["element"][0]["target"][0]["comment"] == NO_COMMENT
    assert "code" not in group["element"][1]["target"][0]
    assert read_concept_map(to_concept_map(ROWS, "v"))[0].comment == ""


def test_a_map_of_another_system_is_read() -> None:
    elements = [
        {"code": "a1", "display": "a fib", "target": [{"code": "49436004", "equivalence": "equivalent"}]},
        {"code": "a2", "target": [{"equivalence": "unmatched"}]},
        {"code": "a3", "target": [{"code": "1", "equivalence": "disjoint"}]},
        {"code": "a4"},
    ]
    group = {"source": "urn:x", "target": "http://snomed.info/sct", "element": elements}
    found = read_concept_map(json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]}))
    assert [(row.entity, row.snomed, row.status) for row in found] == [
        ("a fib", "49436004", Status.APPROVED),
        ("a2", "", Status.NO_TARGET),
        ("a3", "1", Status.UNREVIEWED),
        ("a4", "", Status.UNREVIEWED),
    ]
