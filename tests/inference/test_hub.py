"""A checkpoint as a repository of the Hugging Face Hub, without the hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard as HubCard

import suprem
from pipelines import export_checkpoint
from suprem.errors import CheckpointError
from suprem.export import RESEARCH_USE
from suprem.inference import hub
from suprem.model.checkpoint import TRAINING_STATE, load_checkpoint
from suprem.model_card import ModelCard
from suprem.resources import ASSETS
from tests.tiny import write_checkpoint


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    source = write_checkpoint(tmp_path / "run" / "best")
    (source / TRAINING_STATE).touch()
    assert export_checkpoint.main(["--checkpoint", str(source), "--to", str(tmp_path / "hub")]) == 0
    return tmp_path / "hub"


def test_an_exported_checkpoint_has_what_the_hub_and_the_program_need(repository: Path) -> None:
    card = HubCard.load(repository / "README.md")
    assert (card.data.library_name, card.data.license) == ("suprem", "mit")
    assert RESEARCH_USE in card.text
    assert not (repository / TRAINING_STATE).exists()
    assert load_checkpoint(repository).id in card.text


def test_a_repository_is_loaded_by_its_name(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, Any]] = []

    def download(name: str, *, revision: str | None, allow_patterns: list[str], etag_timeout: float) -> str:
        asked.append((name, revision))
        for pattern in allow_patterns:
            if (repository / pattern).exists():
                (tmp_path / "cache").mkdir(exist_ok=True)
                shutil.copy(repository / pattern, tmp_path / "cache")
        return str(tmp_path / "cache")

    monkeypatch.setattr(hub, "snapshot_download", download)
    assert suprem.load("someone/model", revision="v1").checkpoint == load_checkpoint(repository).id
    assert asked == [("someone/model", "v1")]


def test_a_repository_that_cannot_be_fetched_is_one_sentence() -> None:
    with pytest.raises(CheckpointError, match="no repository of that name could be fetched"):
        suprem.load("nobody/nothing")


@pytest.mark.parametrize(("name", "is_one"), [("a/b", True), ("a/b/c", False), ("/a/b", False), ("a", False)])
def test_owner_and_name_make_a_repository(name: str, is_one: bool) -> None:
    assert hub.is_repository(name) is is_one


def test_the_readme_of_the_shipped_checkpoint_is_the_one_of_its_card() -> None:
    checkpoint = load_checkpoint(ASSETS / "checkpoint")
    written = (ASSETS / "checkpoint" / "README.md").read_text(encoding="utf-8")
    command = "suprem export-checkpoint --checkpoint assets/checkpoint --to assets/checkpoint"
    assert written == hub.hub_readme(checkpoint.id, checkpoint.card), f"write it anew with: {command}"
    figures = HubCard(written).data.eval_results
    assert [figure.metric_value for figure in figures] == [round(checkpoint.card.validation.macro or 0.0, 4)]


def test_a_checkpoint_without_figures_has_none_in_its_readme() -> None:
    assert HubCard(hub.hub_readme("abc", ModelCard())).data.eval_results is None
