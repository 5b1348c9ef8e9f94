"""The vectors of the training queries: one canonical phrase per concept and its synonyms."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from suprem.composed.concepts import composed_descriptions
from suprem.concepts.embed import TextEmbedder
from suprem.concepts.vocabulary import Vocabulary, load_descriptions


class QueryBank:
    """Draws one wording per concept, so that the model learns the meaning and not one vector.

    Args:
        names: (concept, text width), vectors of the canonical phrases.
        synonyms: One tensor (synonym, text width) per concept; may be empty.
        rate: How often a synonym stands in for the name.
        mixup: How often the wording drawn is mixed with a second one of the same concept, in random parts.
        always: Bool (concept,), the concepts that every step asks, however few it asks of the others; none by default.
    """

    def __init__(
        self,
        *,
        names: Tensor,
        synonyms: list[Tensor],
        rate: float,
        mixup: float = 0.0,
        always: Tensor | None = None,
    ) -> None:
        self.names = names
        self.rate = rate
        self.mixup = mixup
        self.always = torch.zeros(len(names), dtype=torch.bool) if always is None else always
        counts = torch.tensor([len(s) for s in synonyms])
        width = max(1, int(counts.max()))
        self._count = counts.clamp(min=1)
        self._table = names.unsqueeze(1).repeat(1, width, 1)  # (concept, synonym, text width), padded with the name
        for row, vectors in enumerate(synonyms):
            self._table[row, : len(vectors)] = vectors

    def draw(self) -> Tensor:
        """Return one vector per concept (concept, text width), drawn with torch's global generator."""
        vectors = self._wordings()
        if self.mixup:
            part = torch.rand(len(self.names), 1) * (torch.rand(len(self.names), 1) < self.mixup)
            mixed = torch.lerp(vectors, self._wordings(), part)
            vectors = mixed * (vectors.norm(dim=1, keepdim=True) / mixed.norm(dim=1, keepdim=True).clamp(min=1e-6))
        return vectors

    def _wordings(self) -> Tensor:
        pick = (torch.rand(len(self.names)) * self._count).long()
        chosen = self._table[torch.arange(len(self.names)), pick]
        swap = torch.rand(len(self.names)) < self.rate
        return torch.where(swap.unsqueeze(-1), chosen, self.names)

    def choose(self, share: float) -> Tensor:
        """Return the positions of the concepts to ask in a step: those asked always, and `share` of the others, at
        least one concept, drawn with torch's global generator."""
        others = torch.nonzero(~self.always).flatten()
        drawn = others[torch.randperm(len(others))[: round(share * len(others))]]
        chosen = torch.cat([torch.nonzero(self.always).flatten(), drawn])
        return chosen if len(chosen) else others[torch.randint(len(others), (1,))]


def embed_vocabulary(vocabulary: Vocabulary, embedder: TextEmbedder) -> dict[str, torch.Tensor]:
    """Return the vectors of a checkpoint: names (concept, width) and all wordings (wording, width)."""
    wordings = torch.from_numpy(embedder.embed(tuple(vocabulary.texts)))
    row = {text: position for position, text in enumerate(vocabulary.texts)}
    return {"names": wordings[[row[prompt] for prompt in vocabulary.prompts]], "wordings": wordings}


def embed_descriptions(vocabulary: Vocabulary, embedder: TextEmbedder) -> dict[str, torch.Tensor]:
    """Return code -> vectors (text, width) of the lay descriptions of a vocabulary's concepts."""
    described = load_descriptions() | composed_descriptions()
    known = {code: texts for code, texts in described.items() if code in vocabulary.codes}
    return {code: torch.from_numpy(embedder.embed(texts)) for code, texts in known.items()}


def query_bank(
    vocabulary: Vocabulary,
    vectors: dict[str, torch.Tensor],
    *,
    rate: float,
    mixup: float = 0.0,
    described: Mapping[str, torch.Tensor] | None = None,
    always_asked: frozenset[str] = frozenset(),
) -> QueryBank:
    """Return the training queries: each concept's name, and its other wordings as synonyms.

    Args:
        vocabulary: The concepts.
        vectors: As `embed_vocabulary` returns them.
        rate: How often a synonym stands in for the name.
        mixup: How often a wording is mixed with another of its concept.
        described: Code -> vectors (text, width) of further synonyms, which the vocabulary does not list.
        always_asked: Codes that every step asks.
    """
    rows: dict[str, list[int]] = {code: [] for code in vocabulary.codes}
    for position, (text, concept) in enumerate(vocabulary.texts.items()):
        if text != concept.prompt:
            rows[concept.code].append(position)
    described = described or {}
    synonyms = [
        torch.cat([vectors["wordings"][positions], *([described[code]] if code in described else [])])
        for code, positions in rows.items()
    ]
    always = torch.tensor([code in always_asked for code in vocabulary.codes])
    return QueryBank(names=vectors["names"], synonyms=synonyms, rate=rate, mixup=mixup, always=always)
