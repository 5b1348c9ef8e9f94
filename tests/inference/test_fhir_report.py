from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from suprem.export import RESEARCH_USE
from suprem.inference.fhir_report import fhir_bundle
from tests.inference.reports import LINEAGE, RESULTS

MOMENT = datetime(2026, 12, 1, 6, tzinfo=UTC)


def resources(kind: str) -> list[dict]:
    entries = fhir_bundle(RESULTS, LINEAGE, MOMENT)["entry"]
    return [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == kind]


def test_every_resource_is_one_by_the_published_definitions() -> None:
    bundle = pytest.importorskip("fhir.resources.R4B.bundle")
    found = bundle.Bundle.model_validate_json(json.dumps(fhir_bundle(RESULTS, LINEAGE, MOMENT)))
    assert [entry.resource.__resource_type__ for entry in found.entry] == [
        "Device", "Observation", "Observation", "DiagnosticReport", "DiagnosticReport",
    ]  # fmt: skip


def test_each_score_says_what_it_is_and_what_it_comes_from() -> None:
    known, unknown = resources("Observation")
    assert known["valueQuantity"]["value"] == 0.9
    assert [coding["code"] for coding in known["code"]["coding"]] == ["AFIB", "49436004"]
    assert "coding" not in unknown["code"]
    assert [part["code"]["text"] for part in known["component"]] == [
        "logit", "reference percentile", "calibrated probability",
    ]  # fmt: skip
    for observation in (known, unknown):
        assert observation["status"] == "preliminary"
        assert observation["note"][-1]["text"] == RESEARCH_USE
        assert observation["meta"]["tag"][0]["code"] == "HRESCH"
        assert "abc123" in observation["method"]["text"]


def test_a_recording_without_scores_is_cancelled_with_its_reason() -> None:
    scored, unscored = resources("DiagnosticReport")
    assert (scored["status"], unscored["status"]) == ("preliminary", "cancelled")
    assert "V6 is flat." in scored["conclusion"]
    assert unscored["conclusion"].startswith("The file is empty.")
    assert "result" not in unscored
    assert all(report["conclusion"].endswith(RESEARCH_USE) for report in (scored, unscored))


def test_references_lead_to_entries_and_ids_are_the_same_each_time() -> None:
    bundle = fhir_bundle(RESULTS, LINEAGE, MOMENT)
    addresses = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(addresses)) == len(addresses)
    named = {one["reference"] for report in resources("DiagnosticReport") for one in report.get("result", ())}
    named |= {one["device"]["reference"] for one in resources("Observation")}
    assert named <= set(addresses)
    assert fhir_bundle(RESULTS, LINEAGE, MOMENT) == bundle


def test_no_patient_is_named() -> None:
    text = json.dumps(fhir_bundle(RESULTS, LINEAGE, MOMENT))
    assert not any(f'"{name}"' in text for name in ("subject", "patient", "encounter", "effectiveDateTime"))
