"""The shipped terms, and the bundled encoder loaded once."""

from __future__ import annotations

import pytest

from suprem.concepts.embed import MiniLmEmbedder
from suprem.concepts.query import SupportIndex
from suprem.concepts.vocabulary import Vocabulary, load_terms


@pytest.fixture(scope="session")
def terms() -> Vocabulary:
    return load_terms()


@pytest.fixture(scope="session")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder()


@pytest.fixture(scope="session")
def index(terms: Vocabulary, minilm: MiniLmEmbedder) -> SupportIndex:
    return SupportIndex.build(terms, minilm)
