"""The mean of checkpoints lies between them, keeps the last one's words, and says of what it is the mean."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from suprem.errors import CheckpointError
from suprem.model.averaging import average_checkpoints
from suprem.model.checkpoint import CARD, load_checkpoint, save_checkpoint, write_card
from suprem.model_card import ModelCard, ValidationFigures
from suprem.resources import ASSETS


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The shipped checkpoint with one weight moved by one."""
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(ASSETS / "checkpoint", tmp_path / "changed")
    weights = load_file(folder / "model.safetensors")
    name = next(name for name, value in weights.items() if value.is_floating_point() and value.dim() == 2)
    weights[name] = weights[name] + 1
    save_file(weights, folder / "model.safetensors")
    card = ModelCard.from_json((folder / CARD).read_text(encoding="utf-8"))
    write_card(folder, replace(card, validation=ValidationFigures()))
    return folder


def test_the_mean_lies_between_and_names_its_parts(changed: Path, tmp_path: Path) -> None:
    first, second = load_checkpoint(ASSETS / "checkpoint"), load_checkpoint(changed)
    mean = average_checkpoints([ASSETS / "checkpoint", changed], [0.25, 0.75], tmp_path / "mean")
    for name, value in mean.model.state_dict().items():
        expected = 0.25 * first.model.state_dict()[name] + 0.75 * second.model.state_dict()[name]
        torch.testing.assert_close(value, expected.to(value.dtype), rtol=1e-5, atol=1e-6)
    assert [part.checkpoint for part in mean.card.averaged] == [first.id, second.id]
    assert mean.card.validation == ValidationFigures()
    assert mean.vocabulary == second.vocabulary
    assert mean.id not in (first.id, second.id)


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1.0], [-0.5, 1.5]])
def test_shares_that_are_none_are_refused(shares: list[float], changed: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="add up to one"):
        average_checkpoints([ASSETS / "checkpoint", changed], shares, tmp_path / "mean")


def reading(signal: dict[str, Any], folder: Path) -> Path:
    """The shipped checkpoint, as if it read signals prepared in another way."""
    shipped = load_checkpoint(ASSETS / "checkpoint")
    save_checkpoint(
        folder,
        model=shipped.model,
        signal=shipped.signal | signal,
        encoder=shipped.encoder,
        vocabulary=shipped.vocabulary,
        vectors=shipped.vectors,
        wordings=shipped.wordings,
        card=replace(shipped.card, validation=ValidationFigures()),
    )
    return folder


def test_checkpoints_before_and_after_pacing_marks_average_and_those_of_other_rates_do_not(tmp_path: Path) -> None:
    marked = load_checkpoint(ASSETS / "checkpoint").signal["pacing_marks"]
    plain = reading({"pacing_marks": not marked}, tmp_path / "plain")
    mean = average_checkpoints([plain, ASSETS / "checkpoint"], [0.5, 0.5], tmp_path / "mean")
    assert mean.signal["pacing_marks"] is marked
    with pytest.raises(CheckpointError, match="of another network, text encoder or signal"):
        average_checkpoints([reading({"fs": 250}, tmp_path / "fast"), plain], [0.5, 0.5], tmp_path / "other")
