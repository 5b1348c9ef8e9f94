"""The description is of what there is."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

import suprem
from suprem.service.description import describe_interface
from suprem.service.routes import build_service


def test_every_address_is_described_and_no_other(model: suprem.Model) -> None:
    described = {(path, verb.upper()) for path, item in describe_interface()["paths"].items() for verb in item}
    routes = {(route.path, verb) for route in build_service(model).routes for verb in route.methods if verb != "HEAD"}
    assert described == routes - {("/openapi.json", "GET")}


def test_every_reference_leads_somewhere() -> None:
    content = describe_interface()
    named = set(re.findall(r"#/components/schemas/(\w+)", str(content)))
    assert named <= content["components"]["schemas"].keys()


@pytest.mark.parametrize(
    ("path", "schema"),
    [("/health", "Health"), ("/v1/queries", "QueriesAnswer"), ("/v1/support?query=af", "SupportAnswer"),
     ("/v1/support", "Problem")],
)  # fmt: skip
def test_answers_are_as_described(client: TestClient, path: str, schema: str) -> None:
    content = describe_interface()
    validator = Draft202012Validator({**content, "$ref": f"#/components/schemas/{schema}"})
    assert [error.message for error in validator.iter_errors(client.get(path).json())] == []


def test_scores_are_as_described(client: TestClient, ecg_file: bytes) -> None:
    validator = Draft202012Validator({**describe_interface(), "$ref": "#/components/schemas/ScoreAnswer"})
    answer = client.post("/v1/score?query=tired", content=ecg_file).json()
    assert [error.message for error in validator.iter_errors(answer)] == []
