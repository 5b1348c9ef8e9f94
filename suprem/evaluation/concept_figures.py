"""How well a checkpoint orders recordings by each of its concepts, on labels that are not known for every record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.evaluation.metrics import auroc, patient_resamples, percentile_interval, resampled_auroc


@dataclass(frozen=True)
class ConceptFigures:
    """One concept.

    Attributes:
        code: Its code.
        query: What was asked: its canonical phrase.
        positives, negatives: Records with a label.
        unknown: Records without one.
        auroc: None where one of the two labels is missing.
        ci: 95 % interval from drawing patients with replacement.
    """

    code: str
    query: str
    positives: int
    negatives: int
    unknown: int
    auroc: float | None
    ci: tuple[float, float] | None


def concept_figures(
    codes: Sequence[str],
    queries: Sequence[str],
    labels: NDArray[np.floating],
    logits: NDArray[np.floating],
    patients: Sequence[str],
    *,
    draws: int = 500,
    seed: int = 0,
) -> list[dict[str, object]]:
    """Evaluate every concept on the records whose label is known.

    Args:
        codes, queries: The concepts.
        labels: (record, concept), negative where nobody knows.
        logits: (record, concept).
        patients: The patient of each record.
        draws, seed: Of the bootstrap.

    Returns:
        `ConceptFigures` as a model card keeps them.
    """
    resamples = patient_resamples(patients, draws=draws, seed=seed)
    figures = []
    for column, (code, query) in enumerate(zip(codes, queries, strict=True)):
        known = np.flatnonzero(labels[:, column] >= 0)
        present, scores = labels[known, column][:, None] > 0, logits[known, column][:, None]
        positives = int(present.sum())
        area = interval = None
        if 0 < positives < len(known):
            area = round(float(auroc(present, scores)[0]), 4)
            low, high = percentile_interval(resampled_auroc(present, scores, resamples[:, known])[:, 0])
            interval = (round(float(low), 4), round(float(high), 4))
        found = ConceptFigures(code, query, positives, len(known) - positives, len(labels) - len(known), area, interval)
        figures.append(asdict(found))
    return figures
