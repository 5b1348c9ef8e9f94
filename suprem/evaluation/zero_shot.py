"""Zero-shot classification: each class of a task is asked in words, and no label of the task is ever learned from.

The protocol (paper, section 3.3 and A.5): one query per class, the score is the sigmoid of its logit, AUROC per class,
and the unweighted mean. Several phrases of a class are an ensemble: their mean score is the score. AUROC depends on the
order of scores only, so logits are compared directly, which keeps ties out that a rounded sigmoid would make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.task import LabelledRecords
from suprem.errors import EvaluationError
from suprem.evaluation.breakdown import by_group, by_stratum
from suprem.evaluation.calibration import ValidationScores, calibrations
from suprem.evaluation.leakage import LeakageCheck
from suprem.evaluation.metrics import (
    MIN_POSITIVES,
    auroc,
    average_precision,
    evaluable,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)
from suprem.evaluation.query_set import QuerySet
from suprem.evaluation.results import ClassResult, EvaluationResult, Interval, Skipped
from suprem.evaluation.score_table import ScoreOrigin, ScoreTable
from suprem.evaluation.scoring import ScoredRecords

PROTOCOLS = {"exact": "clean", "merl": "merl"}
"""By variant of the labels. "clean": correct labels, the same preprocessing as everywhere in the project, nothing
chosen on the evaluated records. "merl": the labels of the published tables, known errors included, to compare with
published figures; the preprocessing is the checkpoint's own all the same."""


GROUP_DRAWS = 500
"""Bootstrap draws within groups of patients at most, which are many."""


@dataclass(frozen=True)
class Setting:
    """Conditions of an evaluation, which its result states.

    Args:
        split: The records evaluated, in words, for example "folds 9".
        checkpoint: Id of the checkpoint.
        encoder: Name of its text encoder.
        draws: Bootstrap draws.
        seed: Seed of the bootstrap.
        crop: Which part of longer recordings was read, one of `suprem.datasets.crop.CROPS`.
        audit: What was checked before.
        remarked: Records of which something was assumed or is warned of, and what.
    """

    split: str
    checkpoint: str
    encoder: str
    draws: int = 1000
    seed: int = 0
    crop: str = "cleanest"
    audit: tuple[LeakageCheck, ...] = ()
    remarked: tuple[Skipped, ...] = ()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A result and the scores it was computed from."""

    result: EvaluationResult
    scores: ScoreTable


def evaluate_query_sets(
    scored: Sequence[ScoredRecords],
    labelled: LabelledRecords,
    setting: Setting,
    query_sets: Sequence[QuerySet],
    *,
    strata: Sequence[Sequence[str]] | None = None,
    validation: tuple[str, LabelledRecords] | None = None,
) -> tuple[Evaluation, ...]:
    """Compute the result of each set of queries from its scores.

    Args:
        scored: For each set of queries the scores of the labelled records, or of more.
        labelled: The records of the task and their labels.
        setting: How it came about.
        query_sets: The words that were asked.
        strata: For each set the stratum of each class, from `suprem.evaluation.breakdown.stratify`.
        validation: Other records, in words and with labels, to fit calibrations on.

    Raises:
        EvaluationError: No record could be read, a record is missing, or a score is not finite.
    """
    evaluations = []
    known = strata or [()] * len(query_sets)
    for part, queries, stratum in zip(scored, query_sets, known, strict=True):
        fit_on = None
        if validation is not None:
            kept, logits = match(part, validation[1])
            fit_on = ValidationScores(validation[0], kept.present, logits)
        evaluations.append(evaluate_scores(part, labelled, setting, queries, strata=stratum, validation=fit_on))
    return tuple(evaluations)


def evaluate_scores(
    scored: ScoredRecords,
    labelled: LabelledRecords,
    setting: Setting,
    queries: QuerySet,
    *,
    strata: Sequence[str] = (),
    validation: ValidationScores | None = None,
) -> Evaluation:
    """Compute the result of one set of queries; arguments as in `evaluate_query_sets`.

    Raises:
        EvaluationError: A labelled record has neither scores nor a reason, or scores do not fit the classes.
    """
    task = labelled.task
    published = task.published_in(labelled.index.table["fold"])
    asked_for = set(labelled.record_ids)
    labelled, logits = match(scored, labelled)
    present = labelled.present
    values = auroc(present, logits)
    frequent = present.sum(axis=0) >= MIN_POSITIVES
    resamples = patient_resamples(labelled.patients, draws=setting.draws, seed=setting.seed)
    resampled = resampled_auroc(present, logits, resamples)
    result = EvaluationResult(
        task=task.name,
        labels=task.labels,
        protocol=PROTOCOLS[task.labels],
        queries=queries.name,
        split=setting.split,
        crop=setting.crop,
        checkpoint=setting.checkpoint,
        encoder=setting.encoder,
        records=len(logits),
        patients=len(set(labelled.patients)),
        published_records=published,
        macro=float(macro(values)),
        macro_ci=_ends(percentile_interval(macro(resampled))),
        macro_10=float(macro(values, frequent)),
        macro_10_ci=_ends(percentile_interval(macro(resampled, frequent))),
        classes=_class_results(task.codes, queries, present, logits, resampled, strata),
        skipped=_skipped_classes(task.codes, present),
        unreadable=tuple(entry for entry in scored.unreadable if entry.name in asked_for),
        draws=setting.draws,
        seed=setting.seed,
        strata=by_stratum(strata, task.codes, values, resampled) if strata else (),
        groups=by_group(
            labelled.index.table, task.codes, present, logits, draws=min(setting.draws, GROUP_DRAWS), seed=setting.seed
        ),
        calibration=calibrations(task.codes, present, logits, validation),
        audit=setting.audit,
        remarked=setting.remarked,
    )
    origin = ScoreOrigin(
        task=task.name,
        labels=task.labels,
        codes=task.codes,
        split=setting.split,
        crop=setting.crop,
        checkpoint=setting.checkpoint,
        encoder=setting.encoder,
        queries=queries.name,
    )
    return Evaluation(result, ScoreTable(origin, labelled.record_ids, labelled.patients, present, logits))


def _class_results(
    codes: Sequence[str],
    queries: QuerySet,
    present: NDArray[np.bool_],
    logits: NDArray[np.floating],
    resampled: NDArray[np.float64],
    strata: Sequence[str],
) -> tuple[ClassResult, ...]:
    values, precisions = auroc(present, logits), average_precision(present, logits)
    intervals, lost = percentile_interval(resampled), np.isnan(resampled).sum(axis=0)
    return tuple(
        ClassResult(
            code=code,
            query=queries.shown[i],
            positives=int(present[:, i].sum()),
            auroc=float(values[i]),
            ci=_ends(intervals[:, i]),
            average_precision=float(precisions[i]),
            lost_draws=int(lost[i]),
            stratum=strata[i] if strata else "",
        )
        for i, code in enumerate(codes)
    )


def match(scored: ScoredRecords, labelled: LabelledRecords) -> tuple[LabelledRecords, NDArray[np.floating]]:
    """Return the labelled records that have scores and their logits (record, class), row for row."""
    classes = len(labelled.task.classes)
    if scored.logits.shape != (len(scored.record_ids), classes):
        raise EvaluationError(
            f"The scores have shape {scored.logits.shape}; {labelled.task.name} needs one row for each of "
            f"{len(scored.record_ids)} records and one column for each of its {classes} classes."
        )
    row_of = {record_id: row for row, record_id in enumerate(scored.record_ids)}
    if len(row_of) < len(scored.record_ids):
        raise EvaluationError("A record has been scored twice; give each record once.")
    explained = {entry.name for entry in scored.unreadable}
    missing = [name for name in labelled.record_ids if name not in row_of and name not in explained]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of {len(labelled.record_ids)} labelled records have no scores, first "
            f"{', '.join(missing[:5])}; score every record of the task."
        )
    rows = [row for row, name in enumerate(labelled.record_ids) if name in row_of]
    kept = labelled.take(rows)
    return kept, scored.logits[[row_of[name] for name in kept.record_ids]]


def _skipped_classes(codes: Sequence[str], present: NDArray[np.bool_]) -> tuple[Skipped, ...]:
    """Name the classes without an AUROC."""
    return tuple(
        Skipped(code, f"{'every' if column.any() else 'none'} of {len(column)} records has it; nothing can be ranked")
        for code, column, usable in zip(codes, present.T, evaluable(present), strict=True)
        if not usable
    )


def _ends(interval: NDArray[np.float64]) -> Interval:
    return float(interval[0]), float(interval[1])
