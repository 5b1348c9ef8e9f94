"""Stand-ins for the outside worlds: cheap, deterministic, no network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class FakeEmbedder:
    """A text encoder without weights: each word has a fixed random vector, a text is the unit sum of its words.

    Texts that share words are therefore similar, equal texts equal, unrelated texts near orthogonal.
    """

    name = "fake"

    def __init__(self, dimension: int = 32) -> None:
        self.dimension = dimension
        self.content_hash = hashlib.sha256(f"fake-{dimension}".encode()).hexdigest()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors (text, dimension)."""
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(len(texts), self.dimension)

    def _vector(self, text: str) -> NDArray[np.float64]:
        words = text.split() or [text]
        total = sum(self._word(word) for word in words)
        return np.asarray(total / np.linalg.norm(total))

    def _word(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self.dimension)
