"""A checkpoint folder: weights that run no code when loaded, and everything needed to use them rightly.

model.safetensors    weights
queries.safetensors  vectors of the concepts' names (concept, width) and of all their wordings (wording, width)
config.json          format, ModelConfig, signal specification, text encoder (name, width, hash), the wordings
vocabulary.json      the concepts it was trained on
model_card.json      what it is, was trained on, can and cannot do, and its figures
reference_bank.safetensors  where the features of reference ECGs lie, once it was promoted
manifest.json        a hash of every file above; written last
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from suprem.atomic import replacing, write_text
from suprem.errors import CheckpointError
from suprem.model.config import ModelConfig
from suprem.model.manifest import BANK, MANIFEST, is_sealed, manifest_of, seal, verify
from suprem.model.supreme import SupremeModel
from suprem.model_card import ModelCard
from suprem.plain_data import from_plain, to_json, to_plain

FORMAT = 1
CARD = "model_card.json"
NEEDED = ("model.safetensors", "queries.safetensors", "config.json", "vocabulary.json", CARD)
FILES = (*NEEDED, BANK)
"""What a manifest covers."""

TRAINING_STATE = "training.ckpt"


@dataclass(frozen=True)
class EncoderStamp:
    """Which text encoder made the query vectors; another one's vectors mean nothing to the model."""

    name: str
    dimension: int
    content_hash: str


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A loaded checkpoint. `signal` and `vocabulary` (JSON) are plain data that their own rooms give types.

    `id` names the weights. `sealed` says whether a manifest vouches for the other files as well.
    """

    id: str
    model: SupremeModel
    signal: dict[str, Any]
    encoder: EncoderStamp
    vocabulary: str
    vectors: dict[str, Tensor]
    wordings: tuple[str, ...]
    card: ModelCard
    sealed: bool


def save_checkpoint(
    folder: Path,
    *,
    model: SupremeModel,
    signal: dict[str, Any],
    encoder: EncoderStamp,
    vocabulary: str,
    vectors: dict[str, Tensor],
    wordings: Sequence[str],
    card: ModelCard,
) -> None:
    """Write a checkpoint folder. All files are written before the first one takes its predecessor's place, so that a
    full disk leaves the earlier checkpoint as it was. Weights take theirs first, the card after all they are described
    by, and the manifest last: a folder whose writer was killed between is refused, not half new.

    Raises:
        CheckpointError: A file could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    config = {
        "format": FORMAT,
        "model": to_plain(model.config),
        "signal": signal,
        "encoder": to_plain(encoder),
        "wordings": list(wordings),
    }
    with ExitStack() as files:
        # Left in reverse: the first one entered takes its place last.
        new = {name: files.enter_context(replacing(folder / name)) for name in (MANIFEST, *reversed(NEEDED))}
        with writing(folder):
            save_file(weights, new["model.safetensors"])
            save_file(vectors, new["queries.safetensors"])
        contents = {"vocabulary.json": vocabulary, CARD: card.to_json(), "config.json": to_json(config) + "\n"}
        for name, content in contents.items():
            new[name].write_text(content, encoding="utf-8")
        new[MANIFEST].write_text(manifest_of({name: new[name] for name in NEEDED}), encoding="utf-8")
        (folder / BANK).unlink(missing_ok=True)  # of the weights that were here before


def load_checkpoint(folder: Path, *, device: str = "cpu") -> Checkpoint:
    """Load a checkpoint for inference, in evaluation mode.

    Raises:
        CheckpointError: A file is missing, damaged, exchanged or another's, weights and configuration do not fit, or
            the weights are not all numbers.
    """
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing and kind_of(folder) == "encoder":
        raise CheckpointError(
            f"{folder} holds an ECG encoder that was trained without words, so it cannot be asked anything. Probe it "
            "with: suprem linear-probe --encoders"
        )
    if missing:
        raise CheckpointError(
            f"{folder} is not a complete checkpoint: {', '.join(missing)} missing. Train one with: suprem pretrain"
        )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        card = ModelCard.from_json((folder / CARD).read_text(encoding="utf-8"))
        vocabulary = (folder / "vocabulary.json").read_text(encoding="utf-8")
        if config["format"] != FORMAT:
            raise CheckpointError(f"The checkpoint has format {config['format']}; this version reads format {FORMAT}.")
        model = SupremeModel(from_plain(ModelConfig, config["model"]))
        load_weights(model, load_file(folder / "model.safetensors"))
        vectors = load_file(folder / "queries.safetensors")
        refuse_infinite(model.state_dict() | vectors)
        stamp = from_plain(EncoderStamp, config["encoder"])
        signal, wordings = config["signal"], tuple(config["wordings"])
        evaluated = card.validation.checkpoint
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = textwrap.shorten(str(error), 240, placeholder=" ...")
        raise CheckpointError(f"The checkpoint {folder} is damaged or does not fit: {reason}") from error
    identity = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:12]
    if evaluated not in ("", identity):
        raise CheckpointError(
            f"The model card in {folder} has the figures of checkpoint {evaluated}, the weights are {identity}. Put "
            "the card back that belongs to them."
        )
    sealed = is_sealed(folder)
    if sealed:
        verify(folder, FILES)
    return Checkpoint(
        id=identity,
        model=model.to(device).eval(),
        signal=signal,
        encoder=stamp,
        vocabulary=vocabulary,
        vectors=vectors,
        wordings=wordings,
        card=card,
        sealed=sealed,
    )


def kind_of(folder: Path) -> str:
    """Return what a folder holds: "model", "encoder", or "" where there is neither."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config.get("kind", "model"))
    except (OSError, ValueError, AttributeError):
        return ""


def write_card(folder: Path, card: ModelCard) -> None:
    """Write the model card of a checkpoint folder, and its manifest anew where it has one.

    Call it for what `load_checkpoint` has just read, so that the manifest vouches for nothing that was not checked.
    """
    write_text(folder / CARD, card.to_json())
    if is_sealed(folder):
        seal(folder, FILES)


def seal_checkpoint(folder: Path) -> None:
    """Write the manifest of a checkpoint folder that was put together file by file."""
    seal(folder, FILES)


def save_training_state(
    folder: Path, *, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Write what `--resume` needs: weights, optimiser and counters. Read with `weights_only=True`.

    Raises:
        CheckpointError: It could not be written; what was saved before is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / TRAINING_STATE) as temporary, writing(folder):
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, temporary)


def has_training_state(folder: Path) -> bool:
    """Whether a run has saved something to go on from."""
    return (folder / TRAINING_STATE).is_file()


def load_training_state(folder: Path, *, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore model and optimiser in place and return the counters.

    Raises:
        CheckpointError: It is damaged or belongs to another network.
    """
    try:
        saved = torch.load(folder / TRAINING_STATE, map_location="cpu", weights_only=True)
        load_weights(model, saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        return dict(saved["state"])
    except CheckpointError:
        raise
    except (KeyError, TypeError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise CheckpointError(f"The saved state in {folder} does not fit this configuration: {error}") from error


def refuse_infinite(tensors: dict[str, Tensor]) -> None:
    """Refuse weights that are not all numbers.

    Raises:
        CheckpointError: Some are not.
    """
    for name, values in tensors.items():
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            raise CheckpointError(f"The checkpoint has values in {name} that are no numbers; its training went wrong.")


def load_weights(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Give a network saved weights.

    Raises:
        CheckpointError: They belong to another network.
    """
    try:
        model.load_state_dict(weights, strict=True)
    except RuntimeError as error:  # torch lists every name and shape, over many lines
        raise CheckpointError(
            "The saved weights belong to a network of other sizes than the configuration states. "
            "Use the configuration they were trained with."
        ) from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in words what torch and safetensors report of a full disk as an error of their own."""
    try:
        yield
    except (RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            f"Nothing could be saved in {folder} ({error}). Make room on the disk and continue with --resume; what was "
            "saved there before is kept."
        ) from error
