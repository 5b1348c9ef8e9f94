"""Does the attention map depend on what was learned? Compared with the map of the same network with random weights.

A map that looks the same without training shows the ECG or the architecture, not the model's knowledge (Adebayo et al.,
Sanity Checks for Saliency Maps, NeurIPS 2018: the model parameter randomisation test). Maps are compared by Spearman's
rank correlation over their blocks, as there. Two comparisons within the trained model give the figure a scale: how
alike its maps are for another recording and for another query.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from suprem.inference.occlusion import SECONDS_PER_CELL, occluded_signals
from suprem.inference.predictor import BATCH, Predictor
from suprem.model.randomise import PARTS
from suprem.model_card import AttentionCheck, OcclusionAgreement, RankCorrelation

OTHER_ECG, OTHER_QUERY = "other recording", "other query"
BEYOND = "other query, beyond the usual"
"""Maps from which the mean over all queries on the same recording is taken off."""

SEEDS = 3
OCCLUDED = 10
"""Recordings of which parts are left out, a hundred copies of each."""


def check_attention(predictor: Predictor, signals: NDArray[np.float32], *, seeds: int = SEEDS) -> AttentionCheck:
    """Compare the attention maps of a model with those of itself with random weights, over the trained queries.

    Args:
        predictor: The model.
        signals: Prepared recordings (record, lead, time), at least two.
        seeds: Random networks for each part.

    Returns:
        What the model card keeps. Comparisons are named after the part that is random, "other recording" and "other
        query".

    Raises:
        CheckpointError: The network has no cross-attention over leads and time (an ablation).
    """
    vectors = predictor.vectors(predictor.ask(predictor.vocabulary.names))
    twins = {part: [predictor.with_random_weights(part, seed=seed) for seed in range(seeds)] for part in PARTS}
    correlations: dict[str, list[NDArray[np.float64]]] = {name: [] for name in (*PARTS, OTHER_ECG, OTHER_QUERY, BEYOND)}
    for first in range(0, len(signals), BATCH):
        batch = signals[first : first + BATCH]
        maps = predictor.attention_tokens(batch, vectors)  # (record, query, token)
        trained, beyond = _ranked(maps), _ranked(maps - maps.mean(axis=1, keepdims=True))
        correlations[BEYOND].append(_correlation(beyond, np.roll(beyond, 1, axis=1)))
        for part, models in twins.items():
            for model in models:
                correlations[part].append(_correlation(trained, _ranked(model.attention_tokens(batch, vectors))))
        if len(batch) > 1:
            correlations[OTHER_ECG].append(_correlation(trained, np.roll(trained, 1, axis=0)))
        correlations[OTHER_QUERY].append(_correlation(trained, np.roll(trained, 1, axis=1)))
    return AttentionCheck(
        checkpoint=predictor.id,
        records=len(signals),
        queries=len(vectors),
        seeds=seeds,
        rank_correlation={name: _summary(values) for name, values in correlations.items() if values},
        occlusion=agreement_with_occlusion(predictor, signals[:OCCLUDED], vectors),
    )


def agreement_with_occlusion(
    predictor: Predictor, signals: NDArray[np.float32], vectors: NDArray[np.float32]
) -> OcclusionAgreement:
    """Return the rank correlation of attention with the size of the change without each second of each lead, over
    recordings and queries: of the attention itself, and of what it has beyond the mean over the queries."""
    leads = len(predictor.spec.leads)
    attention: list[NDArray[np.float64]] = []
    beyond_usual: list[NDArray[np.float64]] = []
    for signal in signals:
        logits = predictor.decode(predictor.encode(occluded_signals(signal, predictor.spec)), vectors)  # (copy, query)
        seconds = round(predictor.spec.seconds / SECONDS_PER_CELL)
        changes = _ranked(np.abs(logits[1 : 1 + leads * seconds] - logits[0]).T)  # (query, cell)
        maps = predictor.attention_tokens(signal[None], vectors)[0]
        cells = maps.reshape(len(vectors), leads * seconds, -1).sum(axis=-1)  # tokens stand lead by lead
        attention.append(_correlation(_ranked(cells), changes))
        beyond_usual.append(_correlation(_ranked(cells - cells.mean(axis=0)), changes))
    return OcclusionAgreement(len(signals), _summary(attention), _summary(beyond_usual))


def _ranked(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return ranks over the last axis, centred and of unit length, so that a sum of products is Spearman's rho."""
    ranks = rankdata(maps, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    return np.asarray(ranks / np.maximum(np.linalg.norm(ranks, axis=-1, keepdims=True), 1e-12))


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((a * b).sum(axis=-1).ravel())


def _summary(values: Sequence[NDArray[np.float64]]) -> RankCorrelation:
    low, median, high = np.quantile(np.concatenate(values), (0.05, 0.5, 0.95)).tolist()
    return RankCorrelation(round(median, 3), round(low, 3), round(high, 3))
