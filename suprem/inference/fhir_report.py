"""Scores as FHIR R4: for each recording a DiagnosticReport with one Observation a query, and the model as a Device.

https://hl7.org/fhir/R4/observation.html. All are preliminary, marked as research (HRESCH), and say so in words. They
name no patient, no encounter and no time of the ECG, because nothing that identifies a person is kept when a recording
is read; who files them adds the subject. The same scores give the same ids, so sending twice stores once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from suprem.export import RESEARCH_USE
from suprem.inference.reported import Lineage, Reported, ReportedScore

CONCEPTS = "urn:suprem-studio:concepts"
RECORDS = "urn:suprem-studio:records"
FIGURES = "urn:suprem-studio:figures"
_SNOMED, _UCUM, _LOINC = "http://snomed.info/sct", "http://unitsofmeasure.org", "http://loinc.org"
_RESEARCH = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HRESCH",
    "display": "healthcare research",
}
_SCORE = "Model score from 0 to 1 that orders recordings for this query; no probability of disease."


def fhir_bundle(results: Sequence[Reported], lineage: Lineage, issued: datetime | None = None) -> dict[str, Any]:
    """Return a Bundle (collection) as plain values, ready for JSON.

    Args:
        results: The recordings.
        lineage: What the scores come from.
        issued: When; now by default.
    """
    moment = (issued or datetime.now(UTC)).isoformat(timespec="milliseconds")
    device = _entry(_device(lineage), lineage.words)
    entries = [device]
    for result in results:
        observations = [
            _entry(
                _observation(score, result, lineage, device["fullUrl"]), f"{_key(result, lineage)}/{score.row.query}"
            )
            for score in result.scores
        ]
        entries += [*observations, _entry(_report(result, observations, lineage, moment), _key(result, lineage))]
    return {"resourceType": "Bundle", "meta": {"tag": [_RESEARCH]}, "type": "collection", "timestamp": moment,
            "entry": entries}  # fmt: skip


def _device(lineage: Lineage) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "deviceName": [{"name": "SuPreME Studio", "type": "model-name"}],
        "version": [
            {"type": {"text": "program"}, "value": lineage.program},
            {"type": {"text": "checkpoint"}, "value": lineage.checkpoint},
            {"type": {"text": "text encoder"}, "value": lineage.encoder},
        ],
        "note": [{"text": RESEARCH_USE}],
    }


def _observation(score: ReportedScore, result: Reported, lineage: Lineage, device: str) -> dict[str, Any]:
    row = score.row
    codings = [
        *([{"system": CONCEPTS, "code": row.code, "display": score.name}] if score.name else []),
        *([{"system": _SNOMED, "code": score.snomed, "display": score.name}] if score.snomed else []),
    ]
    figures = {
        "logit": row.logit,
        "reference percentile": row.reference_percentile,
        "calibrated probability": row.probability,
    }
    return {
        "resourceType": "Observation",
        "meta": {"tag": [_RESEARCH]},
        "identifier": [{"system": RECORDS, "value": result.record_id}],
        "status": "preliminary",
        "code": {**({"coding": codings} if codings else {}), "text": row.query},
        "device": {"reference": device},
        "method": {"text": lineage.words},
        "valueQuantity": _number(row.score),
        "note": [{"text": _SCORE}, {"text": score.support}, {"text": RESEARCH_USE}],
        "component": [
            {"code": {"coding": [{"system": FIGURES, "code": name.replace(" ", "-")}], "text": name},
             "valueQuantity": _number(value)}
            for name, value in figures.items()
            if value is not None
        ],
    }  # fmt: skip


def _report(result: Reported, observations: list[dict[str, Any]], lineage: Lineage, moment: str) -> dict[str, Any]:
    sentences = [result.reason] if result.reason else [*result.remarks]
    return {
        "resourceType": "DiagnosticReport",
        "meta": {"tag": [_RESEARCH]},
        "identifier": [{"system": RECORDS, "value": result.record_id}],
        "status": "cancelled" if result.reason else "preliminary",
        "code": {
            "coding": [{"system": _LOINC, "code": "11524-6", "display": "EKG study"}],
            "text": "ECG, model scores",
        },
        "issued": moment,
        **({"result": [{"reference": entry["fullUrl"]} for entry in observations]} if observations else {}),
        "conclusion": " ".join([*sentences, f"{lineage.words}.", RESEARCH_USE]),
    }


def _number(value: float) -> dict[str, Any]:
    return {"value": round(value, 6), "unit": "1", "system": _UCUM, "code": "1"}


def _key(result: Reported, lineage: Lineage) -> str:
    return f"{lineage.checkpoint}/{result.record_id}"


def _entry(resource: dict[str, Any], name: str) -> dict[str, Any]:
    number = uuid5(NAMESPACE_URL, f"urn:suprem-studio:{resource['resourceType']}:{name}")
    return {"fullUrl": f"urn:uuid:{number}", "resource": {**resource, "id": str(number)}}
