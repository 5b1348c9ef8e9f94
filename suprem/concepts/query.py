"""What a person asks: one finding a query, checked, brought into the form that is embedded, judged for support."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from suprem.concepts.abbreviations import expand
from suprem.concepts.cautions import caution
from suprem.concepts.comparators import comparison
from suprem.concepts.cosine import unit_rows
from suprem.concepts.embed import TextEmbedder
from suprem.concepts.guards import conflict, narrower
from suprem.concepts.places import queried_leads, untrained_lead
from suprem.concepts.query_wordings import ONE_KIND, broader_code, in_english
from suprem.concepts.vocabulary import Concept, Vocabulary, load_terms
from suprem.errors import QueryError

MAX_CHARACTERS = 200
MAX_WORDS = 64
NEAREST = 3


TAUGHT_BY_COMPOSING = (
    "The model learned this from composed ECGs, by what it does to an ECG, and from few or no recordings of patients."
)
"""Stands beside every score of such a concept."""


@dataclass(frozen=True)
class CardiacQuery:
    """A finding to score.

    Args:
        text: What was typed, spaces collapsed.
        prompt: The text that is embedded: the canonical phrase of a known finding, else `expand(text)`.
        code: Code of that concept, None where the vocabulary does not know the finding.
        caution: One sentence where an ECG model cannot answer what the text asks, else None.
        language: What the text is written in.
    """

    text: str
    prompt: str
    code: str | None = None
    caution: str | None = None
    language: str = "English"

    @classmethod
    def from_text(cls, text: str, vocabulary: Vocabulary | None = None) -> CardiacQuery:
        """Check a typed text and resolve it against a vocabulary, by default the shipped terms.

        A checkpoint's vocabulary is as old as the checkpoint. A wording that only the shipped terms know means the
        concept of the same code all the same.

        Raises:
            QueryError: The text is empty, too long, or not text.
        """
        text = _checked(text)
        vocabulary = vocabulary or _shipped_terms()
        concept = _known_concept(text, vocabulary)
        if concept is None and (compared := comparison(text)) is not None:
            same = next((known for known in vocabulary.concepts if known.code == compared.code), None)
            if same is not None:
                return cls(text, same.prompt, same.code)
            other = caution(text, vocabulary) if compared.quantity is None else None
            return cls(text, expand(text), None, other or compared.sentence)
        english, language = in_english(text)
        concept = concept or _known_concept(english, vocabulary)
        if concept is not None:
            taught = TAUGHT_BY_COMPOSING if concept.composed else None
            return cls(text, concept.prompt, concept.code, taught, language)
        kind = broader_code(english)
        wider = next((known for known in vocabulary.concepts if known.code == kind), None)
        if wider is not None:
            return cls(text, wider.prompt, None, ONE_KIND.format(wider.name), language)
        return cls(text, expand(text), None, untrained_lead(text) or caution(text, vocabulary))


class Support(StrEnum):
    """How well the training vocabulary covers a query."""

    TRAINED = "trained"
    NEAR = "near"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Thresholds:
    """Cosines from which a query counts as trained or near, for one text encoder."""

    trained: float
    near: float
    calibrated: bool


THRESHOLDS = {
    # Set on the phrases of tests/concepts/phrases.py and on leave-one-wording-out over assets/terms, guards applied:
    # see tests/concepts/test_calibration.py.
    "minilm": Thresholds(trained=0.75, near=0.65, calibrated=True),
    # The paper's thresholds for merging and for mapping entities (section 4.1), not yet set on data.
    "medcpt": Thresholds(trained=0.80, near=0.75, calibrated=False),
    # [CLS] vectors of encoders that were not trained for similarity lie close together; not set on data.
    "bio_clinicalbert": Thresholds(trained=0.97, near=0.95, calibrated=False),
    "pubmedbert": Thresholds(trained=0.99, near=0.98, calibrated=False),
}
DEFAULT_THRESHOLDS = THRESHOLDS["medcpt"]


@dataclass(frozen=True)
class SupportResult:
    """Support of one query, and the concepts nearest to it as (name, cosine), best first, opposites left out."""

    support: Support
    nearest: tuple[tuple[str, float], ...]


class SupportIndex:
    """Tells how well a vocabulary covers a query.

    Args:
        vocabulary: The concepts a model was trained on.
        vectors: Float array (text, dimension): the vectors of `vocabulary.texts`, in that order.
        encoder: Name of the text encoder they are from; decides the thresholds.
    """

    def __init__(self, vocabulary: Vocabulary, vectors: NDArray[np.float32], encoder: str) -> None:
        if vectors.ndim != 2 or len(vectors) != len(vocabulary.texts):
            raise QueryError(
                f"The support index needs a vector for each of {len(vocabulary.texts)} wordings; found {vectors.shape}."
            )
        self.vocabulary = vocabulary
        self.thresholds = THRESHOLDS.get(encoder, DEFAULT_THRESHOLDS)
        self._wordings = tuple(vocabulary.texts.items())
        self._vectors = unit_rows(vectors)

    @classmethod
    def build(cls, vocabulary: Vocabulary, embedder: TextEmbedder) -> SupportIndex:
        """Embed every wording of a vocabulary."""
        return cls(vocabulary, embedder.embed(tuple(vocabulary.texts)), embedder.name)

    def of(self, query: CardiacQuery, vector: NDArray[np.float32]) -> SupportResult:
        """Return the support of a query whose `prompt` has this vector (dimension,).

        A wording that contradicts the query (another side, degree, wall ...) never supports it, and one that is more
        or less specific makes it near at best. A query with a caution is never trained.
        """
        cosines = self._vectors @ unit_rows(vector)
        nearest: dict[str, float] = {}
        same_finding = False
        leads = queried_leads(query.text) if query.code is None else frozenset()
        for index in np.argsort(-cosines):
            (wording, concept), cosine = self._wordings[index], float(cosines[index])
            if len(nearest) == NEAREST and cosine < self.thresholds.trained:
                break
            if conflict(query.prompt, wording) not in (None, "negation"):
                continue
            theirs = queried_leads(wording)
            if leads and theirs and leads != theirs:
                continue  # the same finding in other leads is another finding
            nearest.setdefault(concept.name, cosine)
            same_finding |= (
                cosine >= self.thresholds.trained and leads == theirs and narrower(query.prompt, wording) is None
            )
        ranked = tuple(nearest.items())[:NEAREST]
        if self.vocabulary.lookup(query.text) is not None or (same_finding and query.caution is None):
            return SupportResult(Support.TRAINED, ranked)
        near = bool(ranked) and ranked[0][1] >= self.thresholds.near
        return SupportResult(Support.NEAR if near else Support.OUTSIDE, ranked)


def parse_queries(text: str, vocabulary: Vocabulary | None = None) -> list[CardiacQuery]:
    """Read a block of text, one query a line; blank lines, lines that start with "#" and repetitions are skipped.

    A comma does not separate queries: "myocardial infarction, anterior" is one finding.

    Raises:
        QueryError: A line cannot be used; the message gives its number.
    """
    queries: dict[str, CardiacQuery] = {}
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            query = CardiacQuery.from_text(line, vocabulary)
        except QueryError as error:
            raise QueryError(f"Line {number}: {error}") from error
        queries.setdefault(query.text.casefold(), query)
    return list(queries.values())


def _checked(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise QueryError(
            f"This query has {len(text):,} characters, at most {MAX_CHARACTERS} are allowed; "
            'name one finding, for example "atrial fibrillation".'
        )
    text = " ".join(text.split())
    if not text:
        raise QueryError('The query is empty; name one finding, for example "atrial fibrillation".')
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise QueryError("The query holds characters that cannot be printed; type it as plain text.")
    if not any(character.isalpha() for character in text):
        raise QueryError('The query has no letters; name one finding in words, for example "atrial fibrillation".')
    words = len(expand(text).split())
    if words > MAX_WORDS:
        raise QueryError(f"This query has {words} words, at most {MAX_WORDS} are read; name one finding a line.")
    return text


def _known_concept(text: str, vocabulary: Vocabulary) -> Concept | None:
    concept = vocabulary.lookup(text)
    if concept is not None or vocabulary is _shipped_terms():
        return concept
    later = _shipped_terms().lookup(text)
    return next((known for known in vocabulary.concepts if later and known.code == later.code), None)


@cache
def _shipped_terms() -> Vocabulary:
    return load_terms()
