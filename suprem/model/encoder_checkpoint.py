"""A checkpoint of kind "encoder": an ECG encoder that learned without words, for probes and not for scores.

model.safetensors    weights of the encoder
config.json          format, kind, ModelConfig, signal specification
model_card.json      what it learned from, and how
manifest.json        a hash of every file above; written last
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from suprem.atomic import replacing
from suprem.errors import CheckpointError
from suprem.model.checkpoint import (
    CARD,
    FORMAT,
    kind_of,
    load_checkpoint,
    load_weights,
    refuse_infinite,
    writing,
)
from suprem.model.config import ModelConfig
from suprem.model.manifest import MANIFEST, manifest_of, verify
from suprem.model.supreme import ENCODERS, SupremeModel
from suprem.plain_data import from_plain, to_json, to_plain

KIND = "encoder"
WEIGHTS, CONFIG = "model.safetensors", "config.json"
FILES = (WEIGHTS, CARD, CONFIG)


@dataclass(frozen=True, eq=False)
class EncoderCheckpoint:
    """A loaded encoder, in evaluation mode. `signal` and `card` are plain data that their own rooms give types."""

    id: str
    config: ModelConfig
    encoder: nn.Module
    signal: dict[str, Any]
    card: dict[str, Any]

    def features(self, ecg: Tensor) -> Tensor:
        """Return pooled features (batch, encoder width) of prepared signals (batch, lead, time)."""
        return SupremeModel.pooled(*self.encoder(ecg))


def save_encoder(
    folder: Path, *, encoder: nn.Module, config: ModelConfig, signal: dict[str, Any], card: dict[str, Any]
) -> None:
    """Write a checkpoint of kind "encoder"; all its files are written before the first takes its predecessor's place.

    Raises:
        CheckpointError: A file could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in encoder.state_dict().items()}
    about = {"format": FORMAT, "kind": KIND, "model": to_plain(config), "signal": signal}
    with ExitStack() as files:
        # Left in reverse: the first one entered takes its place last.
        new = {name: files.enter_context(replacing(folder / name)) for name in (MANIFEST, *reversed(FILES))}
        with writing(folder):
            save_file(weights, new[WEIGHTS])
        new[CARD].write_text(to_json(card) + "\n", encoding="utf-8")
        new[CONFIG].write_text(to_json(about) + "\n", encoding="utf-8")
        new[MANIFEST].write_text(manifest_of({name: new[name] for name in FILES}), encoding="utf-8")


def load_encoder(folder: Path, *, device: str = "cpu") -> EncoderCheckpoint:
    """Load the encoder of a checkpoint of either kind, or of the best one of a run.

    Args:
        folder: The checkpoint, or the folder of a run with one in `best`.
        device: Torch device of the encoder.

    Raises:
        CheckpointError: There is none, or it is damaged or changed.
    """
    if not (folder / CONFIG).is_file() and (folder / "best" / CONFIG).is_file():
        folder = folder / "best"
    if kind_of(folder) != KIND:
        whole = load_checkpoint(folder, device=device)
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return EncoderCheckpoint(whole.id, whole.model.config, whole.model.encoder, whole.signal, card)
    try:
        about, card = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (CONFIG, CARD))
        if about["format"] != FORMAT:
            raise CheckpointError(f"The checkpoint has format {about['format']}; this version reads format {FORMAT}.")
        config = from_plain(ModelConfig, about["model"])
        encoder = ENCODERS[config.encoder](config)
        load_weights(encoder, load_file(folder / WEIGHTS))
        refuse_infinite(encoder.state_dict())
        verify(folder, FILES)
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        return EncoderCheckpoint(digest[:12], config, encoder.to(device).eval(), about["signal"], card)
    except CheckpointError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"The checkpoint {folder} is damaged or does not fit: {error}") from error
