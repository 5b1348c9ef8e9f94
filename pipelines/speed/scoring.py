"""Scoring: one ECG, batches of them, and the steps around the model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from pipelines.speed.figure import Figure, matmul_rate, median_seconds, seconds, seconds_in_turn
from suprem.ecg.checks.quality import assess_quality
from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.inference.predictor import Predictor

QUERIES = 20
BATCH = 32
NEW_QUERIES = 1000


def scoring_figures(checkpoint: Path) -> list[Figure]:
    """Measure loading, one ECG, a batch, the steps before the model, and the machine's matrix-multiply rate."""
    peak = matmul_rate()
    loading = seconds(lambda: Predictor.load(checkpoint))
    predictor = Predictor.load(checkpoint)

    record = synthesize(SyntheticSpec(seed=1))
    queries = predictor.vocabulary.names[:QUERIES]
    one = median_seconds(lambda: predictor.score(record, queries))
    prepare = median_seconds(lambda: preprocess(record, predictor.spec))
    quality = median_seconds(lambda: assess_quality(record))
    attention = median_seconds(lambda: predictor.attention(record, queries[0]))
    signals = np.repeat(preprocess(record, predictor.spec).signal[None], BATCH, axis=0)
    batch = median_seconds(lambda: predictor.score_signals(signals, queries), repeats=5)
    work = forward_flop(predictor, record)
    return [
        Figure("matrix multiply, float32", peak / 1e9, "GFLOP/s", "what the machine shows at this moment"),
        Figure("checkpoint loaded", loading, "s"),
        Figure(f"one ECG, {QUERIES} queries", 1e3 * one, "ms", "reading the file not included"),
        Figure("  of it preprocessing", 1e3 * prepare, "ms"),
        Figure("attention of one query", 1e3 * attention, "ms"),
        Figure("quality gate, 500 Hz", 1e3 * quality, "ms"),
        Figure(f"batches of {BATCH}, {QUERIES} queries", BATCH / batch, "ECG/s"),
        *figures_of_queries(predictor, signals[:1]),
        *figures_beside_a_plain_vit(predictor, signals),
        *figures_in_bfloat16(checkpoint, predictor, signals),
        Figure("share of the matrix-multiply rate, one ECG", work / one / peak, ""),
        Figure(f"share of the matrix-multiply rate, batch of {BATCH}", work * BATCH / batch / peak, ""),
    ]


def figures_of_queries(predictor: Predictor, signal: NDArray[np.float32]) -> list[Figure]:
    """Measure what is done beside the network: around known queries, and once for each query that is new."""
    known = predictor.vocabulary.names[:QUERIES]
    vectors = predictor.vectors(known)
    took = seconds_in_turn(
        {
            "score": lambda: predictor.score_signals(signal, known),
            "forward": lambda: predictor.logits(signal, vectors),
        },
        repeats=15,
    )
    new = [f"finding {number} beside {known[number % len(known)]}" for number in range(NEW_QUERIES)]
    embedding = seconds(lambda: predictor.vectors(new))
    looking = seconds(lambda: predictor.support(new))
    return [
        Figure(
            f"{QUERIES} known queries scored, over the forward pass",
            took["score"] / took["forward"],
            "",
            wanted="<= 1.3",
        ),
        Figure(f"{NEW_QUERIES:,} new queries held against the vocabulary", looking, "s", "once each", "< 1"),
        Figure("  over their embedding", looking / embedding, ""),
    ]


class LeadMixingVit(nn.Module):
    """ViT-tiny of MERL's geometry: 12 leads of 10 s at 500 Hz, mixed into 100 tokens of width 192; no queries."""

    tokens, patch, width = 100, 50, 192

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv1d(12, self.width, self.patch, self.patch)
        self.position = nn.Parameter(torch.zeros(1, self.tokens, self.width))
        layer = nn.TransformerEncoderLayer(
            self.width, 3, 4 * self.width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)

    def forward(self, ecg: Tensor) -> Tensor:
        """Return pooled features (batch, width) of ECGs (batch, lead, time)."""
        return self.blocks(self.embed(ecg).transpose(1, 2) + self.position).mean(dim=1)


def figures_beside_a_plain_vit(predictor: Predictor, signals: NDArray[np.float32]) -> list[Figure]:
    """Measure the forward pass, queries included, in turn with the network that most ECG models of the field use."""
    vectors = predictor.vectors(predictor.vocabulary.names[:QUERIES])
    plain = LeadMixingVit().eval()
    figures = []
    for batch in (1, 8):
        recordings = torch.randn(batch, 12, 5000)
        with torch.inference_mode():
            took = seconds_in_turn(
                {
                    "ours": partial(predictor.logits, signals[:batch], vectors),
                    "plain": partial(plain, recordings),
                },
                repeats=15,
            )
        figures += [
            Figure(f"forward pass, batch {batch}, {QUERIES} queries", batch / took["ours"], "ECG/s"),
            Figure("  over a lead-mixing ViT-tiny of 100 tokens", took["plain"] / took["ours"], "", wanted=">= 1"),
        ]
    return figures


def figures_in_bfloat16(checkpoint: Path, predictor: Predictor, signals: NDArray[np.float32]) -> list[Figure]:
    """Measure what `SUPREM_PRECISION=bfloat16` gains on this machine, in turn with 32 bits, and what it changes."""
    short = Predictor.load(checkpoint, precision="bfloat16")
    vectors = predictor.vectors(predictor.vocabulary.names[:QUERIES])
    shift = float(np.abs(short.logits(signals[:1], vectors) - predictor.logits(signals[:1], vectors)).max())
    figures = []
    for batch in (1, 8):
        took = seconds_in_turn(
            {
                "float32": partial(predictor.logits, signals[:batch], vectors),
                "bfloat16": partial(short.logits, signals[:batch], vectors),
            },
            repeats=5,
        )
        figures.append(Figure(f"bfloat16 over float32, batch {batch}", took["float32"] / took["bfloat16"], ""))
    return [*figures, Figure("  largest change of a logit", shift, "")]


def forward_flop(predictor: Predictor, record: EcgRecord) -> float:
    """Return the floating-point operations of one forward pass, counted by torch."""
    with FlopCounterMode(display=False) as counter:
        predictor.score(record, predictor.vocabulary.names[:QUERIES])
    return float(counter.get_total_flops())
