"""A reviewed mapping goes out by command, and comes back into another installation by command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import build_vocabulary, export_mapping, import_mapping
from suprem.concepts.mapping.versions import VocabularyVersion, list_versions
from suprem.concepts.review.store import Equivalence, ReviewStore, Status
from suprem.settings import load_settings
from tests.fakes import FakeEmbedder

REPORTS = "id,report\n1,sinus rhythm. left ventricular hypertrophy.\n2,atrial fibrillation.\n"


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> VocabularyVersion:
    monkeypatch.setattr("suprem.experiments.vocabulary_building.load_embedder", lambda _name: FakeEmbedder())
    (tmp_path / "reports.csv").write_text(REPORTS)
    assert build_vocabulary.main(["--reports", str(tmp_path / "reports.csv")]) == 0
    (version,) = list_versions(load_settings().vocabularies)
    store = ReviewStore.open(load_settings().database)
    store.decide(version.id, "sinus rhythm", "Anna", status=Status.APPROVED, code="SR", equivalence=Equivalence.EQUAL)
    store.decide(version.id, "atrial fibrillation", "Anna", status=Status.NO_TARGET)
    store.close()
    capsys.readouterr()
    return version


@pytest.mark.parametrize("form", export_mapping.FORMATS)
def test_what_goes_out_comes_back_elsewhere(
    version: VocabularyVersion, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "new" / "mapping", f"sqlite:///{tmp_path / 'other.sqlite'}"
    assert export_mapping.main(["--version", version.id, "--format", form, "--out", str(out)]) == 0
    assert "2 of 3 rows are settled by reviewers." in capsys.readouterr().err
    words = [str(out), "--version", str(version.folder), "--reviewer", "Ben", "--database", other]
    assert import_mapping.main([*words, "--dry-run"]) == 0
    assert not (tmp_path / "other.sqlite").exists()
    assert import_mapping.main(words) == 0
    assert import_mapping.main(words) == 0
    said = capsys.readouterr().err
    assert "2 rows become decisions" in said
    assert "0 written; 2 were decided by Ben before and stay." in said
    store = ReviewStore.open(other)
    assert store.approved(version.id) == {"sinus rhythm": "SR", "atrial fibrillation": ""}
    assert "by Anna" in store.current(version.id, "Ben")["sinus rhythm"].comment
    assert store.current(version.id, "Ben")["sinus rhythm"].equivalence is Equivalence.EQUAL
    store.close()
    audit = ReviewStore.open(load_settings().database).audit.rows(limit=1)
    assert (audit[0].action, audit[0].actor) == ("export", "command line")


def test_what_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_mapping.main(["--version", "nothing", "--format", "fhir", "--out", str(tmp_path / "x")]) == 2
    assert "nothing is not a finished vocabulary version" in capsys.readouterr().err
