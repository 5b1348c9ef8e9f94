"""Does the attention map depend on what was learned? Compared with the map of the same network with random weights.

A map that looks the same without training shows the ECG or the architecture, not the model's knowledge (Adebayo et al.,
Sanity Checks for Saliency Maps, NeurIPS 2018: the model parameter randomisation test). Maps are compared by Spearman's
rank correlation over their blocks, as there. Comparisons within the trained model give the figure a scale: how alike
its maps are for another recording and for another query. The next query of the vocabulary is often a relative (an
infarct of the next wall); queries are unrelated where their logits do not go together over the recordings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from suprem.ecg.record import LEADS
from suprem.inference.contribution import contribution_map, faded_signals
from suprem.inference.occlusion import SECONDS_PER_CELL, occluded_signals
from suprem.inference.predictor import BATCH, Predictor
from suprem.model.randomise import PARTS
from suprem.model_card import AttentionCheck, OcclusionAgreement, RankCorrelation

OTHER_ECG, OTHER_QUERY = "other recording", "other query"
BEYOND = "other query, beyond the usual"
"""Maps from which the mean over all queries on the same recording is taken off."""
UNRELATED, UNRELATED_BEYOND = "unrelated query", "unrelated query, beyond the usual"
UNRELATED_CONTRIBUTION = "unrelated query, sizes of contributions"

APART = 0.2
"""Queries are unrelated whose logits have a smaller rank correlation over the recordings, of either sign."""

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
        What the model card keeps. Comparisons are named after the part that is random, "other recording", "other query"
        (the next of the vocabulary) and "unrelated query" (every pair of them).

    Raises:
        CheckpointError: The network has no cross-attention over leads and time (an ablation).
    """
    vectors = predictor.vectors(predictor.ask(predictor.vocabulary.names))
    twins = {part: [predictor.with_random_weights(part, seed=seed) for seed in range(seeds)] for part in PARTS}
    unrelated = _unrelated(predictor.logits(signals, vectors))
    compared = (*PARTS, OTHER_ECG, OTHER_QUERY, BEYOND, UNRELATED, UNRELATED_BEYOND)
    correlations: dict[str, list[NDArray[np.float64]]] = {name: [] for name in compared}
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
        correlations[UNRELATED].append(_between(trained, unrelated))
        correlations[UNRELATED_BEYOND].append(_between(beyond, unrelated))
    occlusion, correlations[UNRELATED_CONTRIBUTION] = agreement_with_occlusion(
        predictor, signals[:OCCLUDED], vectors, unrelated
    )
    return AttentionCheck(
        checkpoint=predictor.id,
        records=len(signals),
        queries=len(vectors),
        seeds=seeds,
        rank_correlation={name: _summary(values) for name, values in correlations.items() if any(map(len, values))},
        occlusion=occlusion,
    )


def agreement_with_occlusion(
    predictor: Predictor, signals: NDArray[np.float32], vectors: NDArray[np.float32], unrelated: NDArray[np.bool_]
) -> tuple[OcclusionAgreement, list[NDArray[np.float64]]]:
    """Compare attention and contributions with the size of the change without each second of each lead.

    Returns:
        The rank correlations over recordings and queries, of the attention itself, of what it has beyond the mean over
        the queries, and of the size of the contributions; and for each recording the rank correlations of the sizes of
        the contributions to unrelated queries, in the blocks of attention.
    """
    leads = len(predictor.spec.leads)
    seconds = round(predictor.spec.seconds / SECONDS_PER_CELL)
    found: dict[str, list[NDArray[np.float64]]] = {"attention": [], "beyond_usual": [], "contribution": []}
    between = []
    for signal in signals:
        logits = predictor.decode(predictor.encode(occluded_signals(signal, predictor.spec)), vectors)  # (copy, query)
        changes = _ranked(np.abs(logits[1 : 1 + leads * seconds] - logits[0]).T)  # (query, cell)
        maps = predictor.attention_tokens(signal[None], vectors)[0]
        contributions = _contributions(predictor, signal, vectors, patches=maps.shape[1] // leads)  # (query, token)
        # Tokens stand lead by lead, so that a cell is a run of them.
        attention, added = (
            each.reshape(len(vectors), leads * seconds, -1).sum(axis=-1) for each in (maps, contributions)
        )
        found["attention"].append(_correlation(_ranked(attention), changes))
        found["beyond_usual"].append(_correlation(_ranked(attention - attention.mean(axis=0)), changes))
        found["contribution"].append(_correlation(_ranked(np.abs(added)), changes))
        between.append(_between(_ranked(np.abs(contributions))[None], unrelated))
    return OcclusionAgreement(len(signals), **{name: _summary(values) for name, values in found.items()}), between


def _contributions(
    predictor: Predictor, signal: NDArray[np.float32], vectors: NDArray[np.float32], *, patches: int
) -> NDArray[np.float32]:
    """Return the contributions (query, token) of a prepared signal, tokens lead by lead."""
    rows = [LEADS.index(lead) for lead in predictor.spec.leads]
    slopes = predictor.gradients(faded_signals(signal), vectors)
    maps = (contribution_map(slope, signal, predictor.spec, patches, start=0.0) for slope in slopes)
    return np.stack([found.blocks[rows].ravel() for found in maps])


def _unrelated(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pairs of queries (query, query), each once, do not go together over the recordings."""
    by_query = _ranked(logits.T)
    return np.triu(np.abs(by_query @ by_query.T) < APART, 1)


def _between(ranked: NDArray[np.float64], pairs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the correlations of pairs of queries within each record of (record, query, token)."""
    return np.asarray((ranked @ ranked.transpose(0, 2, 1))[:, pairs].ravel())


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
