"""The OpenAPI description of the HTTP interface, made from the classes of its answers."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from suprem import __version__
from suprem.export import RESEARCH_USE
from suprem.service.answers import Answer, Health, Problem, QueriesAnswer, ScoreAnswer, SupportAnswer

_REF = "#/components/schemas/{model}"
_QUERY = {
    "name": "query",
    "in": "query",
    "required": True,
    "description": "A finding in free text; repeat it for several.",
    "schema": {"type": "array", "items": {"type": "string"}},
}
_TABLE = [
    {"name": "fs", "in": "query", "description": "Sampling rate in Hz of a table that does not state it.",
     "schema": {"type": "number"}},
    {"name": "unit", "in": "query", "description": "Unit of a table that does not state it.",
     "schema": {"type": "string", "enum": ["mV", "uV", "V"]}},
    {"name": "leads", "in": "query", "description": "Leads of a table that does not name them, separated by commas.",
     "schema": {"type": "string"}},
]  # fmt: skip
_OVERRIDE = {
    "name": "ignore_quality",
    "in": "query",
    "description": "Score also what the quality gate blocks; only where the server was started with --allow-override.",
    "schema": {"type": "boolean", "default": False},
}
_WITHHELD = {
    "name": "withheld",
    "in": "query",
    "description": "Give also the scores of which too much of the recording is missing for their finding.",
    "schema": {"type": "boolean", "default": False},
}
_FORMAT = {
    "name": "format",
    "in": "query",
    "description": "The answer as this interface's JSON, or as a FHIR R4 Bundle.",
    "schema": {"type": "string", "enum": ["json", "fhir"], "default": "json"},
}
_BODY = {
    "required": True,
    "description": "The bytes of one ECG file of any format that is read, or a ZIP archive with one WFDB record.",
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("application/octet-stream", "application/dicom", "application/zip")
    },
}
_ANSWERS: tuple[type[Answer], ...] = (Health, Problem, QueriesAnswer, ScoreAnswer, SupportAnswer)


def describe_interface() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description as plain values."""
    _, found = models_json_schema([(answer, "serialization") for answer in _ANSWERS], ref_template=_REF)
    measured = {"type": "object", "description": "Each value with its unit, or the reason why there is none."}
    return {
        "openapi": "3.1.0",
        "info": {"title": "SuPreME Studio", "version": __version__, "description": RESEARCH_USE},
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": found["$defs"],
        },
        "paths": {
            "/health": {"get": _operation("Whether the interface answers.", "health", _of(Health), open_to_all=True)},
            "/metrics": {
                "get": _operation("Counts and times for Prometheus.", "metrics", {"text/plain": {"schema": {}}})
            },
            "/v1/model": {
                "get": _operation("The model card.", "model", {"application/json": {"schema": {"type": "object"}}})
            },
            "/v1/queries": {"get": _operation("The concepts that were trained.", "queries", _of(QueriesAnswer))},
            "/v1/support": {
                "get": _operation("How near queries are to them.", "support", _of(SupportAnswer), [_QUERY])
            },
            "/v1/score": {
                "post": _operation(
                    "Score one recording.",
                    "score",
                    {**_of(ScoreAnswer), "application/fhir+json": {"schema": {"type": "object"}}},
                    [_QUERY, *_TABLE, _OVERRIDE, _WITHHELD, _FORMAT],
                    body=True,
                )
            },
            "/v1/measure": {
                "post": _operation(
                    "Measure one recording.", "measure", {"application/json": {"schema": measured}}, _TABLE, body=True
                )
            },
        },
    }


def _of(answer: type[Answer]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=answer.__name__)}}}


def _operation(
    summary: str,
    name: str,
    content: dict[str, Any],
    parameters: list[dict[str, Any]] | None = None,
    *,
    body: bool = False,
    open_to_all: bool = False,
) -> dict[str, Any]:
    problem = {"content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}}
    refused = {} if open_to_all else {"401": {"description": "No token.", **problem}}
    work = {
        "413": {"description": "The recording is too large.", **problem},
        "422": {"description": "The recording or a query cannot be used, or the quality gate blocks it.", **problem},
        "503": {"description": "Too many requests, or one that took too long.", **problem},
    }
    return {
        "summary": summary,
        "operationId": name,
        "responses": {"200": {"description": "The answer.", "content": content}, **refused, **(work if body else {})},
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _BODY} if body else {}),
        **({"security": []} if open_to_all else {}),
    }
