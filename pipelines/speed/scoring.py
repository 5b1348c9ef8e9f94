"""Scoring: one ECG, batches of them, and the steps around the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from pipelines.speed.figure import Figure, matmul_rate, median_seconds, seconds
from suprem.ecg.preprocess import preprocess
from suprem.ecg.quality import assess_quality
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.inference.predictor import Predictor

QUERIES = 20
BATCH = 32


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
        Figure("share of the matrix-multiply rate, one ECG", work / one / peak, ""),
        Figure(f"share of the matrix-multiply rate, batch of {BATCH}", work * BATCH / batch / peak, ""),
    ]


def forward_flop(predictor: Predictor, record: EcgRecord) -> float:
    """Return the floating-point operations of one forward pass, counted by torch."""
    with FlopCounterMode(display=False) as counter:
        predictor.score(record, predictor.vocabulary.names[:QUERIES])
    return float(counter.get_total_flops())
