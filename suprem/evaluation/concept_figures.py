"""How well a checkpoint orders recordings by each of its concepts, on labels that are not known for every record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suprem.evaluation.metrics import auroc, patient_resamples, percentile_interval, resampled_auroc
from suprem.model_card import ConceptClass


def concept_figures(
    codes: Sequence[str],
    queries: Sequence[str],
    labels: NDArray[np.floating],
    logits: NDArray[np.floating],
    patients: Sequence[str],
    *,
    draws: int = 500,
    seed: int = 0,
) -> tuple[ConceptClass, ...]:
    """Evaluate every concept on the records whose label is known, for the model card.

    Args:
        codes, queries: The concepts.
        labels: (record, concept), negative where nobody knows.
        logits: (record, concept).
        patients: The patient of each record.
        draws, seed: Of the bootstrap.
    """
    resamples = patient_resamples(patients, draws=draws, seed=seed)
    figures: list[ConceptClass] = []
    for column, (code, query) in enumerate(zip(codes, queries, strict=True)):
        known = np.flatnonzero(labels[:, column] >= 0)
        present, scores = labels[known, column][:, None] > 0, logits[known, column][:, None]
        positives = int(present.sum())
        area = interval = None
        if 0 < positives < len(known):
            area = round(float(auroc(present, scores)[0]), 4)
            low, high = percentile_interval(resampled_auroc(present, scores, resamples[:, known])[:, 0])
            interval = (round(float(low), 4), round(float(high), 4))
        figures.append(
            ConceptClass(
                code=code,
                query=query,
                positives=positives,
                negatives=len(known) - positives,
                unknown=len(labels) - len(known),
                auroc=area,
                ci=interval,
            )
        )
    return tuple(figures)
