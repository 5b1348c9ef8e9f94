from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines import build_vocabulary, map_entities
from pipelines.import_terms import main
from suprem.concepts.mapping import entity_names
from suprem.concepts.vocabulary import Vocabulary
from suprem.experiments import vocabulary_building
from tests.concepts.terminologies.terminology_files import small_snomed, umls_row, write_umls
from tests.fakes import FakeEmbedder
from tests.reports.fake_server import Reply, fake_server

ROWS = [
    umls_row("C9000001", "Atrial flutter"),
    umls_row("C9000001", "Flutter of the atria", rank="S PF Y"),
    umls_row("C9000002", "Family history of atrial flutter"),
    umls_row("C9000003", "Buttered toast"),
    "C9000004|ENG|half a row",
    umls_row("C9000005", "Left ventricular hypertrophy"),
]


@pytest.fixture
def umls(tmp_path: Path) -> Path:
    return write_umls(tmp_path / "MRCONSO.RRF", ROWS)


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (entity_names, vocabulary_building):
        monkeypatch.setattr(module, "load_embedder", lambda _name: FakeEmbedder())


def codes(tmp_path: Path) -> list[str]:
    return list(Vocabulary.from_json((tmp_path / "vocabulary.json").read_text()).codes)


def run(tmp_path: Path, *options: str) -> int:
    return main([*options, "--out", str(tmp_path / "vocabulary.json")])


def test_umls_becomes_a_vocabulary_of_ecg_findings(
    umls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--umls", str(umls), "--judged", str(tmp_path / "judged.csv")) == 0
    assert codes(tmp_path) == ["C9000001", "C9000005"]
    said = capsys.readouterr().err
    assert "set aside: 1 of 6 rows of MRCONSO.RRF (damaged; lines 5" in said
    assert "3 concepts read, 2 kept by the filter (ecg-words)" in said
    with (tmp_path / "judged.csv").open(newline="") as file:
        assert [(row["code"], row["kept"]) for row in csv.DictReader(file)] == [
            ("C9000001", "true"),
            ("C9000002", "false"),
            ("C9000005", "true"),
        ]


def test_semantic_types_are_applied_before_the_filter(umls: Path, tmp_path: Path) -> None:
    types = write_umls(tmp_path / "MRSTY.RRF", ["C9000001|T046|B|P|A||", "C9000005|T061|B|P|A||"])
    assert run(tmp_path, "--umls", str(umls), "--mrsty", str(types)) == 0
    assert codes(tmp_path) == ["C9000001"]


def test_snomed_ct_is_descended_from_the_roots_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = small_snomed(tmp_path / "release")
    assert run(tmp_path, "--rf2", str(release), "--root", "110", "--root", "130", "--filter", "none") == 0
    assert codes(tmp_path) == ["110", "111"]
    assert "not in this release: root 130" in capsys.readouterr().err


def test_what_was_imported_is_mapped_to(umls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--umls", str(umls)) == 0
    vocabulary = ["--vocabulary", str(tmp_path / "vocabulary.json")]
    (tmp_path / "entities.txt").write_text("AFL\nsinus rhythm\n")
    arguments = ["--entities", str(tmp_path / "entities.txt"), "--out", str(tmp_path / "mapping.csv")]
    assert map_entities.main([*arguments, *vocabulary]) == 0
    with (tmp_path / "mapping.csv").open(newline="") as file:
        assert [(row["entity"], row["code"]) for row in csv.DictReader(file)] == [
            ("AFL", "C9000001"),
            ("sinus rhythm", ""),
        ]
    line = {"report_id": "1", "entities": [{"text": "LVH", "name": "LVH", "certainty": "abnormal"}]}
    (tmp_path / "entities.jsonl").write_text(json.dumps(line))
    capsys.readouterr()
    arguments = ["--entities", str(tmp_path / "entities.jsonl"), "--out", str(tmp_path / "versions")]
    assert build_vocabulary.main([*arguments, *vocabulary]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert Vocabulary.from_json((folder / "vocabulary.json").read_text()).codes == ("C9000005",)


def verdict(request: dict[str, Any]) -> Reply:
    term = str(request["messages"][-1]["content"]).removeprefix("Term: ")
    return 200, json.dumps({"is_ecg_term": "flutter" in term.lower()})


def test_a_language_model_judges_and_a_second_run_asks_nothing(umls: Path, tmp_path: Path) -> None:
    with fake_server(verdict) as server:
        model = ["--filter", "llm", "--llm-url", server.url, "--llm-model", "tiny"]
        assert run(tmp_path, "--umls", str(umls), *model) == 0
        assert codes(tmp_path) == ["C9000001", "C9000002"]
        assert len(server.requests) == 3  # not the toast
        assert run(tmp_path, "--umls", str(umls), *model) == 0
        assert len(server.requests) == 3
        assert run(tmp_path, "--umls", str(umls), *model, "--ask-all") == 0
        assert len(server.requests) == 4
        assert server.requests[0]["response_format"]["json_schema"]["schema"]["required"] == ["is_ecg_term"]


def test_a_model_that_breaks_down_leaves_no_vocabulary_and_is_resumed(
    umls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_server(lambda request: verdict(request) if "toast" not in str(request) else (401, "{}")) as server:
        options = ["--umls", str(umls), "--filter", "llm", "--ask-all", "--concurrency", "1"]
        options += ["--llm-url", server.url, "--llm-model", "tiny"]
        assert run(tmp_path, *options) == 2
        assert "status 401" in capsys.readouterr().err
        assert not (tmp_path / "vocabulary.json").exists()
        asked = len(server.requests)
        server.reply = verdict
        assert run(tmp_path, *options) == 0
        assert len(server.requests) <= asked + 2
    assert codes(tmp_path) == ["C9000001", "C9000002"]


def test_prose_instead_of_a_verdict_leaves_the_term_out(
    umls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def reply(request: dict[str, Any]) -> Reply:
        return (200, "Of course!") if "hypertrophy" in request["messages"][-1]["content"] else verdict(request)

    with fake_server(reply) as server:
        options = ["--umls", str(umls), "--filter", "llm", "--llm-url", server.url, "--llm-model", "tiny"]
        assert run(tmp_path, *options) == 0
    assert "no usable answer: 1 terms" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--umls", "nowhere.RRF"], "nowhere.RRF cannot be read"),
        (["--rf2", "."], "Snapshot/Terminology"),
        (["--umls", "{umls}", "--filter", "llm"], "--llm-url"),
        (["--umls", "{umls}", "--source", "NOBODY"], "--source"),
    ],
)
def test_a_wrong_call_ends_with_one_sentence(
    options: list[str],
    message: str,
    umls: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run(tmp_path, *(option.format(umls=umls) for option in options)) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "vocabulary.json").exists()


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe", b'{"concepts": []}'])
def test_a_vocabulary_of_another_kind_is_refused_before_anything_is_mapped(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "entities.txt").write_text("AFL\n")
    (tmp_path / "vocabulary.json").write_bytes(content)
    arguments = ["--entities", str(tmp_path / "entities.txt"), "--out", str(tmp_path / "mapping.csv")]
    for name in ("vocabulary.json", "missing.json"):
        assert map_entities.main([*arguments, "--vocabulary", str(tmp_path / name)]) == 2
        assert "vocabulary" in capsys.readouterr().err
    assert not (tmp_path / "mapping.csv").exists()
