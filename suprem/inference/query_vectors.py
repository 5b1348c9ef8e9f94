"""What a checkpoint makes of words: what a query means, its vector, and how near it is to the training vocabulary."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.embed import TextEmbedder, load_embedder
from suprem.concepts.query import CardiacQuery, SupportIndex, SupportResult
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import EmbedderMismatch
from suprem.model.checkpoint import EncoderStamp

REMEMBERED_QUERIES = 4096


class QueryVectors:
    """Vectors of queries for one checkpoint. Safe to share between threads.

    Args:
        vocabulary: What the checkpoint was trained on.
        names: Vectors of the canonical phrases (concept, text width).
        wordings: Every stored wording -> its vector (text width,), in the checkpoint's order.
        encoder: The text encoder that made the vectors.
        embedder: That text encoder; None loads it when a query outside the vocabulary needs it.
        encoder_folder: Where its weights are, when not in a package or cache.

    Raises:
        EmbedderMismatch: The encoder is not the one the checkpoint was trained with.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        names: NDArray[np.float32],
        wordings: Mapping[str, NDArray[np.float32]],
        encoder: EncoderStamp,
        *,
        embedder: TextEmbedder | None = None,
        encoder_folder: Path | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._names = names
        self._wordings = wordings
        self._encoder = encoder
        self._encoder_folder = encoder_folder
        self._embedder = embedder
        if embedder is not None:
            self._check(embedder)
        self._row = {code: row for row, code in enumerate(vocabulary.codes)}
        if tuple(wordings) == tuple(vocabulary.texts):
            self._support = SupportIndex(vocabulary, np.stack(list(wordings.values())), encoder.name)
        else:
            # The abbreviation dictionary has learned new words since the checkpoint was made.
            self._support = SupportIndex.build(vocabulary, self._load_embedder())
        self._remembered: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        # What a query means and how the vocabulary covers it does not change: looked at once, not once a recording.
        self._read = lru_cache(REMEMBERED_QUERIES)(partial(CardiacQuery.from_text, vocabulary=vocabulary))
        self._supported = lru_cache(REMEMBERED_QUERIES)(self._support_of)
        self._lock = Lock()

    def ask(self, queries: Sequence[CardiacQuery | str]) -> list[CardiacQuery]:
        """Return queries as the vocabulary understands them.

        Raises:
            QueryError: A text cannot be used.
        """
        return [query if isinstance(query, CardiacQuery) else self._read(query) for query in queries]

    def support(self, queries: Sequence[CardiacQuery | str]) -> list[SupportResult]:
        """Return how near each query is to what the model was trained on."""
        asked = self.ask(queries)
        if asked:
            self.vectors(asked)  # embeds all that are new in one batch
        return [self._supported(query) for query in asked]

    def vectors(self, queries: Sequence[CardiacQuery | str]) -> NDArray[np.float32]:
        """Return the query vectors (query, text width). Words of the vocabulary use the stored vectors and need no
        text encoder; others are embedded once and remembered."""
        asked = self.ask(queries)
        with self._lock:
            prompts = dict.fromkeys(query.prompt for query in asked if query.code not in self._row)
            new = [prompt for prompt in prompts if prompt not in self._remembered]
            if new:
                self._remembered.update(zip(new, self._load_embedder().embed(new), strict=True))
            rows = [
                self._names[self._row[query.code]] if query.code in self._row else self._remembered[query.prompt]
                for query in asked
            ]
            while len(self._remembered) > REMEMBERED_QUERIES:
                self._remembered.popitem(last=False)
        return np.stack(rows)

    def wordings(self, query: CardiacQuery) -> dict[str, NDArray[np.float32]]:
        """Return the wordings of a query's concept that the checkpoint holds a vector of (text width,), with it; none
        where it is no trained concept."""
        row = self._row.get(query.code or "")
        texts = () if row is None else self._vocabulary.concepts[row].texts
        return {text: self._wordings[text] for text in texts if text in self._wordings}

    def _support_of(self, query: CardiacQuery) -> SupportResult:
        return self._support.of(query, self.vectors([query])[0])

    def _load_embedder(self) -> TextEmbedder:
        if self._embedder is None:
            embedder = load_embedder(self._encoder.name, folder=self._encoder_folder)
            self._check(embedder)
            self._embedder = embedder
        return self._embedder

    def _check(self, embedder: TextEmbedder) -> None:
        if (embedder.name, embedder.content_hash) != (self._encoder.name, self._encoder.content_hash):
            raise EmbedderMismatch(
                f"The checkpoint was trained with text encoder {self._encoder.name} "
                f"({self._encoder.content_hash[:12]}); {embedder.name} ({embedder.content_hash[:12]}) is in use. Use "
                "the first, or train with the second."
            )
