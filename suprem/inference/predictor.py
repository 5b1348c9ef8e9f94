"""The path from record and words to score, shared by page, command line and evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from suprem.concepts.embed import TextEmbedder
from suprem.concepts.query import CardiacQuery, SupportResult
from suprem.concepts.vocabulary import Vocabulary
from suprem.ecg.coverage import Coverage
from suprem.ecg.preprocess import Prepared, SignalSpec, preprocess
from suprem.ecg.record import EcgRecord
from suprem.errors import CheckpointError
from suprem.inference.elsewhere import MeasuredElsewhere, measured_elsewhere
from suprem.inference.encoded import EncodedSignals
from suprem.inference.lead_time import LeadTimeMap, lead_time_map
from suprem.inference.missing_signal import missing_cost
from suprem.inference.query_vectors import QueryVectors
from suprem.inference.reference_bank import OutOfDistribution, ReferenceBank
from suprem.inference.score import QueryScore, WordingSpread
from suprem.model.attention_maps import record_attention
from suprem.model.checkpoint import Checkpoint, EncoderStamp, load_checkpoint
from suprem.model.randomise import Part, randomised
from suprem.plain_data import from_plain
from suprem.settings import Precision, Settings

BATCH = 32


class Predictor:
    """A loaded checkpoint with its text encoder. Safe to share between threads.

    Args:
        checkpoint: The loaded checkpoint.
        bank: Its reference ECGs, where it has any.
        embedder: The text encoder it was trained with; None loads it when a query outside the vocabulary needs it.
        encoder_folder: Where its weights are, when not in a package or cache.
        device: Torch device of the model.
        precision: "bfloat16" computes the network in 16 bits, faster where the hardware has instructions for it.

    Raises:
        CheckpointError: Its parts do not fit together.
        EmbedderMismatch: The encoder is not the one the checkpoint was trained with.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        bank: ReferenceBank | None = None,
        embedder: TextEmbedder | None = None,
        encoder_folder: Path | None = None,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        self.id = checkpoint.id
        self.card = checkpoint.card
        self.sealed = checkpoint.sealed
        self.encoder: EncoderStamp = checkpoint.encoder
        try:
            self.vocabulary = Vocabulary.from_json(checkpoint.vocabulary)
            self.spec = from_plain(SignalSpec, checkpoint.signal)
            names, wordings = (checkpoint.vectors[name].numpy() for name in ("names", "wordings"))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"The checkpoint is damaged: {error}") from error
        sizes = checkpoint.model.config
        if (len(self.spec.leads), self.spec.samples) != (sizes.leads, sizes.samples):
            raise CheckpointError(
                f"The checkpoint is damaged: its signals are {len(self.spec.leads)} leads x {self.spec.samples}, "
                f"its network reads {sizes.leads} x {sizes.samples} samples."
            )
        if names.shape != (len(self.vocabulary), sizes.text_width) or len(wordings) != len(checkpoint.wordings):
            raise CheckpointError(
                f"The checkpoint is damaged: {len(names)} query vectors for {len(self.vocabulary)} concepts and "
                f"{len(wordings)} for {len(checkpoint.wordings)} wordings."
            )
        self.bank = bank
        self._model = checkpoint.model
        self._device = device
        self._precision = precision
        self._queries = QueryVectors(
            self.vocabulary,
            names,
            dict(zip(checkpoint.wordings, wordings, strict=True)),
            self.encoder,
            embedder=embedder,
            encoder_folder=encoder_folder,
        )

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        embedder: TextEmbedder | None = None,
        encoder_folder: Path | None = None,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> Predictor:
        """Load a checkpoint folder.

        Args:
            folder: The checkpoint.
            embedder: The text encoder it was trained with, when that is loaded already.
            encoder_folder: Where the encoder's weights are, when not in a package or cache.
            device: Torch device of the model.
            precision: "bfloat16" computes the network in 16 bits.

        Raises:
            CheckpointError: It is incomplete or damaged.
            EmbedderMismatch: `embedder` is not the one it was trained with.
        """
        checkpoint = load_checkpoint(folder, device=device)
        bank = ReferenceBank.load(folder, checkpoint.id)
        return cls(
            checkpoint,
            bank=bank,
            embedder=embedder,
            encoder_folder=encoder_folder,
            device=device,
            precision=precision,
        )

    @classmethod
    def configured(cls, settings: Settings, checkpoint: Path | None = None) -> Predictor:
        """Load a checkpoint folder, by default the installation's, as its settings say.

        Raises:
            CheckpointError: It is incomplete or damaged.
        """
        return cls.load(
            checkpoint or settings.checkpoint,
            encoder_folder=settings.encoder_folder,
            device=settings.device,
            precision=settings.precision,
        )

    def ask(self, queries: Sequence[CardiacQuery | str]) -> list[CardiacQuery]:
        """Return queries as this checkpoint's vocabulary understands them.

        Raises:
            QueryError: A text cannot be used.
        """
        return self._queries.ask(queries)

    def score(self, record: EcgRecord | EncodedSignals, queries: Sequence[CardiacQuery | str]) -> list[QueryScore]:
        """Score one record, or what `encode_record` gave for it, against queries, in their order.

        Raises:
            EcgError: The record cannot be used.
            QueryError: A query cannot be used.
        """
        return self.score_signals(self._encoded(record), queries)[0]

    def score_batch(
        self, records: Sequence[EcgRecord], queries: Sequence[CardiacQuery | str]
    ) -> list[list[QueryScore]]:
        """Score records against the same queries; one list per record. A score depends on neither the other records
        nor, unless the checkpoint has query self-attention, the other queries."""
        prepared = [preprocess(record, self.spec) for record in records]
        return self.score_signals(self.encode_prepared(prepared), queries) if prepared else []

    def score_signals(
        self, signals: NDArray[np.float32] | EncodedSignals, queries: Sequence[CardiacQuery | str]
    ) -> list[list[QueryScore]]:
        """Score prepared signals (record, lead, time), encoded or not, against queries; one list per record."""
        encoded = signals if isinstance(signals, EncodedSignals) else self.encode(signals)
        asked = self.ask(queries)
        if not asked:
            return [[] for _ in encoded.features]
        vectors = self.vectors(asked)
        support = self.support(asked)
        logits = self.decode(encoded, vectors)
        scores = 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
        coverage: Sequence[Coverage | None] = encoded.coverage or [None] * len(scores)
        return [
            [
                QueryScore(
                    query=query.text,
                    prompt=query.prompt,
                    score=float(score),
                    logit=float(logit),
                    support=covered.support,
                    nearest=covered.nearest,
                    checkpoint=self.id,
                    elsewhere=self.elsewhere(query),
                    missing=missing_cost(self.card, self.id, held, query.code),
                )
                for query, covered, logit, score in zip(asked, support, logit_row, score_row, strict=True)
            ]
            for logit_row, score_row, held in zip(logits, scores, coverage, strict=True)
        ]

    def support(self, queries: Sequence[CardiacQuery | str]) -> list[SupportResult]:
        """Return how near each query is to what the model was trained on."""
        return self._queries.support(queries)

    def elsewhere(self, query: CardiacQuery | str) -> tuple[MeasuredElsewhere, ...]:
        """Return what was measured of a query at other hospitals, as the model card has it."""
        (asked,) = self.ask([query])
        return measured_elsewhere(self.card, asked.code or asked.prompt)

    def vectors(self, queries: Sequence[CardiacQuery | str]) -> NDArray[np.float32]:
        """Return the query vectors (query, text width). Words of the vocabulary need no text encoder."""
        return self._queries.vectors(queries)

    def wording_spread(
        self, record: EcgRecord | EncodedSignals, queries: Sequence[CardiacQuery | str]
    ) -> dict[str, WordingSpread]:
        """Return query -> the scores of its finding in every wording that the checkpoint holds a vector of, on a record
        or what `encode_record` gave for it; only for queries of a trained concept with at least two wordings."""
        wordings = {query.text: self._queries.wordings(query) for query in self.ask(queries)}
        several = {text: vectors for text, vectors in wordings.items() if len(vectors) > 1}
        vectors = {wording: vector for known in several.values() for wording, vector in known.items()}
        if not vectors:
            return {}
        logits = self.decode(self._encoded(record), np.stack(list(vectors.values())))[0]
        scores = dict(zip(vectors, expit(logits.astype(np.float64)).tolist(), strict=True))
        return {text: WordingSpread({wording: scores[wording] for wording in known}) for text, known in several.items()}

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (record, query) of prepared signals (record, lead, time) and vectors (query, text width)."""
        queries = torch.from_numpy(vectors).to(self._device)
        with self._arithmetic():
            return _numbers([self._model(batch, queries) for batch in self._batches(signals)])

    def features(self, signals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return pooled features of the ECG encoder (record, width) of prepared signals (record, lead, time): for the
        distance to the reference ECGs and for nearest ECGs."""
        with self._arithmetic():
            return _numbers([self._model.features(batch) for batch in self._batches(signals)])

    def encode(self, signals: NDArray[np.float32], coverage: Sequence[Coverage] = ()) -> EncodedSignals:
        """Run only the ECG encoder over prepared signals (record, lead, time), which is nearly all of the work; any
        number of queries can then be asked of the result with `decode`. `coverage` says how much each record holds."""
        batches, pooled = [], []
        with self._arithmetic():
            for batch in self._batches(signals):
                tokens, visible = self._model.encoder(batch)
                batches.append((self._model.project_ecg(tokens), visible))
                pooled.append(self._model.pooled(tokens, visible))
            return EncodedSignals(tuple(batches), _numbers(pooled), tuple(coverage))

    def encode_record(self, record: EcgRecord) -> EncodedSignals:
        """Prepare and encode one record, of which everything that is said about it can then be had.

        Raises:
            EcgError: The record cannot be used.
        """
        return self.encode_prepared([preprocess(record, self.spec)])

    def encode_prepared(self, prepared: Sequence[Prepared]) -> EncodedSignals:
        """Encode what `preprocess` gave for one record or more."""
        return self.encode(np.stack([one.signal for one in prepared]), [one.coverage for one in prepared])

    def decode(self, encoded: EncodedSignals, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (record, query) that `logits` gives for the same signals and vectors."""
        with self._arithmetic():
            queries = self._model.embed_queries(torch.from_numpy(vectors).to(self._device))
            return _numbers([self._model.fusion(memory, queries, visible) for memory, visible in encoded.batches])

    def familiarity(self, signals: NDArray[np.float32] | EncodedSignals) -> list[OutOfDistribution]:
        """Return how like the reference ECGs prepared signals (record, lead, time), encoded or not, are; unknown
        without a bank."""
        count = len(signals.features if isinstance(signals, EncodedSignals) else signals)
        if self.bank is None or not count:
            return [OutOfDistribution() for _ in range(count)]
        features = signals.features if isinstance(signals, EncodedSignals) else self.features(signals)
        return self.bank.familiarity(features)

    def attention(self, record: EcgRecord, query: CardiacQuery | str) -> LeadTimeMap:
        """Return where the model looked for a query: cross-attention, mean over decoder layers and heads.

        Raises:
            CheckpointError: The network has no cross-attention over leads and time (an ablation).
        """
        prepared: Prepared = preprocess(record, self.spec)
        tokens = self.attention_tokens(prepared.signal[None], self.vectors([query]))[0, 0]
        return lead_time_map(tokens, self.spec, start=prepared.start)

    def attention_tokens(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the attention of queries over the tokens of prepared signals (record, lead, time), mean over decoder
        layers and heads.

        Returns:
            Weights (record, query, token), tokens lead by lead; each row sums to 1.

        Raises:
            CheckpointError: The network has no cross-attention over leads and time (an ablation).
        """
        queries = torch.from_numpy(vectors).to(self._device)
        weights = []
        for batch in self._batches(signals):
            with self._arithmetic(), record_attention(self._model) as recorded:
                self._model(batch, queries)
            if not recorded or self._model.config.encoder == "resnet18":
                raise CheckpointError(
                    "This checkpoint has no attention over leads and time; it was trained as an ablation."
                )
            # (layer, record, head, query, token) -> (record, query, token)
            weights.append(torch.stack(recorded).float().mean(dim=(0, 2)))
        return _numbers(weights)

    def gradients(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Yield for each query the gradient (record, lead, time) of its logits by prepared signals (record, lead,
        time), all in one pass: a few records."""
        kind = torch.device(self._device).type
        with torch.enable_grad(), torch.autocast(kind, torch.bfloat16, enabled=self._precision == "bfloat16"):
            copies = torch.from_numpy(signals).to(self._device).requires_grad_()
            logits = self._model(copies, torch.from_numpy(vectors).to(self._device)).float().sum(dim=0)
        for logit in logits:
            (gradient,) = torch.autograd.grad(logit, copies, retain_graph=True)
            yield gradient.cpu().numpy()

    def with_random_weights(self, part: Part, *, seed: int) -> Predictor:
        """Return the same predictor with a part of its network untrained, for the check of its attention."""
        twin = copy(self)
        twin._model = randomised(self._model, part, seed=seed)
        return twin

    def _encoded(self, record: EcgRecord | EncodedSignals) -> EncodedSignals:
        return record if isinstance(record, EncodedSignals) else self.encode_record(record)

    def _batches(self, signals: NDArray[np.float32]) -> Iterator[torch.Tensor]:
        for first in range(0, len(signals), BATCH):
            yield torch.from_numpy(signals[first : first + BATCH]).to(self._device)

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        """Compute without gradients and in the precision that was asked for; weights stay in 32 bits."""
        kind = torch.device(self._device).type
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=self._precision == "bfloat16"):
            yield


def _numbers(parts: Sequence[torch.Tensor]) -> NDArray[np.float32]:
    return torch.cat(list(parts)).float().cpu().numpy()
