"""A checkpoint folder: weights that run no code when loaded, and everything needed to use them rightly.

model.safetensors    weights
queries.safetensors  vectors of the concepts' names (concept, width) and of all their wordings (wording, width)
config.json          format, ModelConfig, signal specification, text encoder (name, width, hash), the wordings
vocabulary.json      the concepts it was trained on
model_card.json      what it is, was trained on, can and cannot do, and its figures
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from suprem.atomic import replacing, write_text
from suprem.errors import CheckpointError
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel

FORMAT = 1
CARD = "model_card.json"
NEEDED = ("model.safetensors", "queries.safetensors", "config.json", "vocabulary.json", CARD)


@dataclass(frozen=True)
class EncoderStamp:
    """Which text encoder made the query vectors; another one's vectors mean nothing to the model."""

    name: str
    dimension: int
    content_hash: str


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A loaded checkpoint. `signal`, `vocabulary` (JSON) and `card` are plain data that their own rooms give types."""

    id: str
    model: SupremeModel
    signal: dict[str, Any]
    encoder: EncoderStamp
    vocabulary: str
    vectors: dict[str, Tensor]
    wordings: tuple[str, ...]
    card: dict[str, Any]


def save_checkpoint(
    folder: Path,
    *,
    model: SupremeModel,
    signal: dict[str, Any],
    encoder: EncoderStamp,
    vocabulary: str,
    vectors: dict[str, Tensor],
    wordings: Sequence[str],
    card: dict[str, Any],
) -> None:
    """Write a checkpoint folder; each file replaces its predecessor as a whole, the configuration last."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    _save_tensors(weights, folder / "model.safetensors")
    _save_tensors(vectors, folder / "queries.safetensors")
    write_text(folder / "vocabulary.json", vocabulary)
    write_card(folder, card)
    config = {
        "format": FORMAT,
        "model": asdict(model.config),
        "signal": signal,
        "encoder": asdict(encoder),
        "wordings": list(wordings),
    }
    _save_json(config, folder / "config.json")


def load_checkpoint(folder: Path, *, device: str = "cpu") -> Checkpoint:
    """Load a checkpoint for inference, in evaluation mode.

    Raises:
        CheckpointError: A file is missing or damaged, or weights and configuration do not fit.
    """
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{folder} is not a complete checkpoint: {', '.join(missing)} missing. "
            "Train one with: python -m pipelines.pretrain"
        )
    try:
        config, card = (json.loads((folder / name).read_text()) for name in ("config.json", CARD))
        vocabulary = (folder / "vocabulary.json").read_text()
        if config["format"] != FORMAT:
            raise CheckpointError(f"The checkpoint has format {config['format']}; this version reads format {FORMAT}.")
        model = SupremeModel(ModelConfig(**config["model"]))
        _load_weights(model, load_file(folder / "model.safetensors"))
        vectors = load_file(folder / "queries.safetensors")
        stamp = EncoderStamp(**config["encoder"])
        signal, wordings = config["signal"], tuple(config["wordings"])
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"The checkpoint {folder} is damaged or does not fit: {error}") from error
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return Checkpoint(
        id=digest[:12],
        model=model.to(device).eval(),
        signal=signal,
        encoder=stamp,
        vocabulary=vocabulary,
        vectors=vectors,
        wordings=wordings,
        card=card,
    )


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the model card of a checkpoint folder."""
    _save_json(card, folder / CARD)


def save_training_state(
    folder: Path, *, model: SupremeModel, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Write what `--resume` needs: weights, optimiser, counters and random state. Read with `weights_only=True`."""
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "training.ckpt") as temporary:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, temporary)


def load_training_state(folder: Path, *, model: SupremeModel, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore model and optimiser in place and return the counters and random state.

    Raises:
        CheckpointError: There is nothing to resume from, or it belongs to another network.
    """
    path = folder / "training.ckpt"
    if not path.is_file():
        raise CheckpointError(f"There is nothing to resume in {folder}. Start the run without --resume.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        _load_weights(model, saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        return dict(saved["state"])
    except CheckpointError:
        raise
    except (KeyError, TypeError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise CheckpointError(f"The saved state in {folder} does not fit this configuration: {error}") from error


def _load_weights(model: SupremeModel, weights: dict[str, Tensor]) -> None:
    try:
        model.load_state_dict(weights, strict=True)
    except RuntimeError as error:  # torch lists every name and shape, over many lines
        raise CheckpointError(
            "The saved weights belong to a network of other sizes than the configuration states. "
            "Use the configuration they were trained with."
        ) from error


def _save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    with replacing(path) as temporary:
        save_file(tensors, temporary)


def _save_json(content: dict[str, Any], path: Path) -> None:
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
