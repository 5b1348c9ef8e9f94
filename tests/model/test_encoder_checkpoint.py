"""An encoder's checkpoint is probed, whichever kind it is of, and is never taken for one that scores."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from suprem.errors import CheckpointError
from suprem.model.checkpoint import kind_of, load_checkpoint
from suprem.model.encoder_checkpoint import load_encoder, save_encoder
from tests.tiny import MODEL, SPEC, network, write_checkpoint


def written(folder: Path) -> Path:
    save_encoder(
        folder, encoder=network().encoder, config=MODEL, signal=asdict(SPEC), card={"training": {"objective": "byol"}}
    )
    return folder


def test_an_encoder_gives_the_features_it_was_saved_with(tmp_path: Path) -> None:
    loaded = load_encoder(written(tmp_path))
    signals = torch.randn(2, 8, 1000)
    assert torch.equal(loaded.features(signals), network().features(signals))
    assert not loaded.encoder.training
    assert (loaded.config, loaded.card["training"]["objective"], len(loaded.id)) == (MODEL, "byol", 12)
    assert not (tmp_path / "queries.safetensors").exists()


def test_the_encoder_of_a_whole_checkpoint_and_of_a_run_are_found(tmp_path: Path) -> None:
    whole = write_checkpoint(tmp_path / "run" / "best")
    loaded = load_encoder(tmp_path / "run")
    assert loaded.id == load_checkpoint(whole).id
    signals = torch.randn(2, 8, 1000)
    assert torch.equal(loaded.features(signals), network().features(signals))


def test_it_cannot_be_asked_anything_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="trained without words, so it cannot be asked anything"):
        load_checkpoint(written(tmp_path))
    assert (kind_of(tmp_path), kind_of(tmp_path / "nowhere")) == ("encoder", "")


def test_a_damaged_or_foreign_one_is_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = written(tmp_path / "one")
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**about, "format": 9}))
    with pytest.raises(CheckpointError, match="has format 9"):
        load_encoder(folder)
    (folder / "config.json").write_text(json.dumps({**about, "model": {**about["model"], "width": 32}}))
    with pytest.raises(CheckpointError, match="other sizes"):
        load_encoder(folder)
    folder = written(folder)
    (folder / "model_card.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"model_card\.json changed since"):
        load_encoder(folder)
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_encoder(folder)
    with pytest.raises(CheckpointError, match="is not a complete checkpoint"):
        load_encoder(tmp_path / "nowhere")
