"""Programs get the same scores behind the same gate, and strangers and mistakes a sentence."""

from __future__ import annotations

import json
import logging
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import suprem
from suprem.ecg.formats.readers import read_upload
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.export import RESEARCH_USE
from suprem.service.limits import Limits
from suprem.service.routes import build_service
from tests.tiny import write_wfdb

SCORE = "/v1/score?query=sinus+rhythm&query=no+atrial+fibrillation&query=tired"


def test_a_score_is_the_models_with_all_that_belongs_beside_it(
    client: TestClient, model: suprem.Model, ecg_file: bytes
) -> None:
    answer = client.post(SCORE, content=ecg_file).json()
    expected = model.score(read_upload({"x": ecg_file}), queries=["sinus rhythm", "no atrial fibrillation", "tired"])
    assert [row["query"] for row in answer["scores"]] == [score.query for score in expected.scores]
    assert [row["score"] for row in answer["scores"]] == pytest.approx([score.score for score in expected.scores])
    assert answer["notice"] == RESEARCH_USE
    assert answer["checkpoint"] == model.checkpoint
    assert answer["not_scored"][0]["query"] == "no atrial fibrillation"
    assert answer["notes"] == list(expected.notes)
    assert answer["scores"][0]["code"] == "SR"


def test_what_measurements_say_against_a_score_stands_beside_it(client: TestClient, ecg_file: bytes) -> None:
    answer = client.post("/v1/score?query=left+bundle+branch+block&query=sinus+rhythm", content=ecg_file).json()
    block, rhythm = (row["against"] for row in answer["scores"])
    assert block.startswith("“left bundle branch block” is ruled out by its definition: QRS is ")
    assert rhythm == ""


def test_the_same_scores_as_fhir(client: TestClient, ecg_file: bytes) -> None:
    plain = client.post(SCORE, content=ecg_file).json()
    answer = client.post(f"{SCORE}&format=fhir", content=ecg_file)
    assert answer.headers["content-type"].startswith("application/fhir+json")
    resources = [entry["resource"] for entry in answer.json()["entry"]]
    found = [one["valueQuantity"]["value"] for one in resources if one["resourceType"] == "Observation"]
    assert found == pytest.approx([row["score"] for row in plain["scores"]], abs=1e-6)


def test_a_wfdb_record_comes_as_an_archive_and_its_name_goes_nowhere(client: TestClient, tmp_path: Path) -> None:
    write_wfdb(tmp_path / "DOE_JANE", synthesize(SyntheticSpec(seed=3)))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in tmp_path.glob("DOE_JANE.*"):
            archive.write(path, path.name)
    answer = client.post(SCORE, content=packed.getvalue(), headers={"Content-Type": "application/zip"})
    assert answer.status_code == 200
    assert "DOE" not in answer.text


@pytest.mark.parametrize("path", ["/v1/model", "/v1/queries", "/v1/support?query=af", "/metrics"])
def test_only_who_shows_a_token_is_answered(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.get(path, headers={"Authorization": "Bearer an-older-one"}).status_code == 200
    for wrong in ("Bearer other", "Bearer ", "Basic a-token", "ä"):
        answer = client.get(path, headers={"Authorization": wrong.encode()})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["detail"].startswith("A token is needed")


def test_health_and_description_are_open(client: TestClient, model: suprem.Model) -> None:
    for path in ("/health", "/openapi.json"):
        assert client.get(path, headers={"Authorization": ""}).status_code == 200
    assert client.get("/health").json()["checkpoint"] == model.checkpoint


def test_the_gate_holds_unless_the_server_allows_otherwise(
    client: TestClient, model: suprem.Model, blocked_file: bytes
) -> None:
    blocked = client.post("/v1/score?query=sinus+rhythm", content=blocked_file)
    assert (blocked.status_code, "ignore_quality" in blocked.json()["detail"]) == (422, True)
    assert client.post("/v1/score?query=sinus+rhythm&ignore_quality=true", content=blocked_file).status_code == 403
    with TestClient(build_service(model, allow_override=True)) as lenient:
        answer = lenient.post("/v1/score?query=sinus+rhythm&ignore_quality=true", content=blocked_file)
        assert answer.status_code == 200
        assert any(found["level"] == "block" for found in answer.json()["quality"])


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/v1/score", b"x", 422, "No query was given"),
        ("/v1/score?query=", b"x", 422, ""),
        ("/v1/score?query=af", b"", 422, "The file is empty"),
        ("/v1/score?query=af", b"no ecg", 422, "holds no table of numbers"),
        ("/v1/score?query=af&format=xml", b"x", 422, "expected json or fhir"),
        ("/v1/score?query=af&fs=fast", b"x", 422, "is no number"),
        ("/v1/score?query=af&unit=kg", b"x", 422, "expected mV, uV or V"),
        ("/v1/measure", b"\x00" * 100, 422, ""),
        (f"/v1/score?{'&'.join(['query=af'] * 201)}", b"x", 422, "at most 200"),
        ("/v1/measure", b"x" * (20 * 2**20 + 1), 413, "at most 20 MB"),
    ],
)
def test_what_cannot_be_done_is_a_problem_in_a_sentence(
    client: TestClient, path: str, body: bytes, status: int, told: str
) -> None:
    answer = client.post(path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


def test_a_damaged_archive_is_told(client: TestClient) -> None:
    answer = client.post("/v1/measure", content=b"PK\x03\x04", headers={"Content-Type": "application/zip"})
    assert (answer.status_code, "ZIP archive is damaged" in answer.json()["detail"]) == (422, True)


def test_a_table_that_says_nothing_is_asked_about_and_then_read(client: TestClient) -> None:
    record = synthesize(SyntheticSpec(seed=3))
    table = "\n".join(",".join(f"{value:.4f}" for value in row) for row in record.signal.T[:4000])
    assert client.post("/v1/measure", content=table).status_code == 422
    stated = f"fs={record.fs:g}&unit=mV&leads={','.join(record.leads)}"
    answer = client.post(f"/v1/measure?{stated}", content=table).json()
    assert answer["Heart rate"]["value"] == pytest.approx(SyntheticSpec(seed=3).heart_rate, abs=3)
    assert answer["notice"] == RESEARCH_USE


def test_what_is_sent_stands_in_no_log_and_no_metric(
    client: TestClient, ecg_file: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "suprem.service")
    client.post("/v1/score?query=jane+doe+af", content=ecg_file)
    entry = json.loads(caplog.records[-1].message)
    assert entry == {"method": "POST", "path": "/v1/score", "status": 200, "ms": entry["ms"]}
    metrics = client.get("/metrics").text
    assert 'suprem_requests_total{path="/v1/score",status="200"} 1.0' in metrics
    assert "jane" not in metrics + caplog.text


def test_a_fault_of_the_program_tells_its_kind_alone(
    model: suprem.Model, ecg_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_given: object, **_named: object) -> None:
        raise ZeroDivisionError("secret value")

    monkeypatch.setattr(model, "score", fails, raising=False)
    with TestClient(build_service(model)) as client:
        answer = client.post("/v1/score?query=af", content=ecg_file)
    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.text
    assert "secret" not in answer.text


def test_a_request_that_takes_too_long_is_given_up(model: suprem.Model, ecg_file: bytes) -> None:
    with TestClient(build_service(model, limits=Limits(seconds=0.0))) as client:
        answer = client.post("/v1/score?query=af", content=ecg_file)
    assert (answer.status_code, "was given up" in answer.json()["detail"]) == (503, True)


def test_support_and_queries_are_the_predictors(client: TestClient, model: suprem.Model) -> None:
    found = client.get("/v1/support?query=atrial+fibrillation&query=tired").json()["queries"]
    assert [one["support"] for one in found] == [
        str(one.support) for one in model.predictor.support(["atrial fibrillation", "tired"])
    ]
    concepts = client.get("/v1/queries").json()["concepts"]
    assert tuple(concept["name"] for concept in concepts) == model.queries


def test_the_model_card_is_the_checkpoints(client: TestClient, model: suprem.Model) -> None:
    answer = client.get("/v1/model").json()
    assert answer["card"] == json.loads(model.predictor.card.to_json())
    assert (answer["notice"], answer["checkpoint"]) == (RESEARCH_USE, model.checkpoint)


def test_what_was_concluded_about_a_table_stands_beside_the_scores_and_the_measurements(client: TestClient) -> None:
    record = synthesize(SyntheticSpec(seed=3))
    table = "\n".join(",".join(f"{value:.4f}" for value in row) for row in record.signal.T)
    for path in ("/v1/measure", "/v1/score?query=af"):
        notes = client.post(path, content=table).json()["notes"]
        assert any("No sampling rate is stated" in note for note in notes)
        assert any("No unit is stated" in note for note in notes)
