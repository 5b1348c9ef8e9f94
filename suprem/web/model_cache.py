"""The one predictor that all sessions share, loaded once and used by one session at a time."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from suprem.ecg.preprocess import preprocess_all
from suprem.ecg.record import EcgRecord
from suprem.settings import Settings, load_settings

if TYPE_CHECKING:
    from suprem.concepts.query import CardiacQuery
    from suprem.inference.encoded import EncodedSignals
    from suprem.inference.explain import Explanation, ReadRecord
    from suprem.inference.predictor import Predictor
    from suprem.inference.reference_bank import OutOfDistribution
    from suprem.inference.score import QueryScore, WordingSpread
    from suprem.inference.whole_recording import WholeScore


class SharedPredictor:
    """A predictor behind a lock.

    Sessions that score at the same moment would otherwise fight for torch's threads, and each would wait longer.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._lock = Lock()
        self.id = predictor.id
        self.card = predictor.card
        self.sealed = predictor.sealed
        self.encoder = predictor.encoder.name
        self.vocabulary = predictor.vocabulary
        self.spec = predictor.spec

    def ask(self, texts: Sequence[str]) -> list[CardiacQuery]:
        """Return texts as this checkpoint's vocabulary understands them; see `Predictor.ask`."""
        return self._predictor.ask(texts)

    def encode(self, record: EcgRecord) -> EncodedSignals:
        """Prepare and encode one recording; see `Predictor.encode_record`."""
        with self._lock:
            return self._predictor.encode_record(record)

    def score(self, record: EcgRecord | EncodedSignals, queries: Sequence[CardiacQuery]) -> list[QueryScore]:
        """Score one recording, encoded or not; see `Predictor.score`."""
        with self._lock:
            return self._predictor.score(record, queries)

    def score_whole(self, record: EcgRecord, queries: Sequence[CardiacQuery]) -> list[WholeScore]:
        """Score all windows of a recording; see `suprem.inference.whole_recording.score_whole`."""
        from suprem.inference.whole_recording import score_whole

        with self._lock:
            return score_whole(self._predictor, preprocess_all(record, self.spec), queries)

    def familiarity(self, encoded: EncodedSignals) -> OutOfDistribution:
        """Return how like the reference ECGs an encoded recording is; see `Predictor.familiarity`."""
        return self._predictor.familiarity(encoded)[0]

    def wording_spread(self, record: EncodedSignals, queries: Sequence[CardiacQuery]) -> dict[str, WordingSpread]:
        """Return the scores of the queries in other wordings; see `Predictor.wording_spread`."""
        with self._lock:
            return self._predictor.wording_spread(record, queries)

    def read(self, record: EcgRecord) -> ReadRecord:
        """Return what explanations of a recording are decoded from; see `suprem.inference.explain.read_record`."""
        from suprem.inference.explain import read_record

        with self._lock:
            return read_record(self._predictor, record)

    def explain(self, read: ReadRecord, queries: Sequence[str]) -> list[Explanation]:
        """Return the explanations of queries on a recording; see `suprem.inference.explain.explain`."""
        from suprem.inference.explain import explain

        with self._lock:
            return explain(self._predictor, read, queries)


def shared_predictor() -> SharedPredictor:
    """Return the predictor of this installation's checkpoint, loaded at the first call and when the checkpoint changed.

    Raises:
        CheckpointError: There is no checkpoint, or it is incomplete or damaged.
        EmbedderMismatch: The text encoder it was trained with is not the one in use.
    """
    settings = load_settings()
    # Promotion and evaluation write the card or all of it anew.
    stamp = max((file.stat().st_mtime_ns for file in settings.checkpoint.glob("*.json")), default=0)
    with st.spinner("Loading the model …"):
        return _load(settings, stamp)


@st.cache_resource(max_entries=2, show_spinner=False)
def _load(settings: Settings, stamp: int) -> SharedPredictor:
    # Imported here and not above: torch takes seconds, and the page draws the trace before it asks for the model.
    from suprem.inference.predictor import Predictor

    return SharedPredictor(Predictor.configured(settings))
