"""How a model does at another hospital: AUROC by finding, and beside the people and systems that read the same ECGs.

A reader is one point of the ROC plane. The model is compared with each at the reader's own specificity, on the ECGs
that the reader answered: its threshold is the lowest at which no more negatives are called. Intervals are of a
bootstrap over patients in which reader and model are drawn together. Nothing is fitted or chosen here, and no threshold
or calibration ever comes from such records.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.external import ExternalCorpus, LabelledFinding
from suprem.evaluation.external_result import ExternalResult, FindingResult, GroupResult, Rate, ReaderPoint
from suprem.evaluation.metrics import auroc, macro, patient_resamples, percentile_interval, resampled_auroc
from suprem.evaluation.results import Skipped

LEAST = 2
"""Records with a finding, and without it, from which it counts in a mean."""

MODEL = ""
"""Key of the model itself among the systems."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A finding with its figures in every draw."""

    result: FindingResult
    auroc: dict[str, NDArray[np.float64]]
    sensitivity: dict[str, NDArray[np.float64]]
    reader: NDArray[np.float64]


def evaluate_external(
    corpus: ExternalCorpus,
    record_ids: Sequence[str],
    logits: NDArray[np.floating],
    *,
    checkpoint: str,
    encoder: str,
    created: float,
    unreadable: Sequence[Skipped] = (),
    remarked: Sequence[Skipped] = (),
    draws: int = 1000,
    seed: int = 0,
) -> ExternalResult:
    """Compute the figures of a model at another hospital.

    Args:
        corpus: Labels, readers and systems.
        record_ids: The records scored.
        logits: (record, finding).
        checkpoint, encoder, created: Where they come from.
        unreadable: Records without scores, and why.
        remarked: Records of which something was assumed or is warned of, and what.
        draws, seed: Of the bootstrap.
    """
    patients = [corpus.patients.get(record, f"record {record}") for record in record_ids]
    resamples = patient_resamples(patients, draws=draws, seed=seed)
    weights = np.concatenate([np.ones((1, len(record_ids)), resamples.dtype), resamples])  # the first is as it is
    row_of = {record: row for row, record in enumerate(record_ids)}
    drawn = [_finding(finding, row_of, logits[:, column], weights) for column, finding in enumerate(corpus.findings)]
    return ExternalResult(
        hospital=corpus.name,
        checkpoint=checkpoint,
        encoder=encoder,
        created=created,
        records=len(record_ids),
        findings=tuple(one.result for one in drawn),
        groups=_groups(corpus, drawn),
        unreadable=tuple(unreadable),
        remarked=tuple(remarked),
        draws=draws,
        seed=seed,
    )


def _finding(
    finding: LabelledFinding, row_of: Mapping[str, int], logits: NDArray[np.floating], weights: NDArray[np.integer]
) -> _Drawn:
    known = [record for record in finding.present if record in row_of]
    rows = np.array([row_of[record] for record in known], np.intp)
    present = np.array([finding.present[record] for record in known], bool)
    scores = {MODEL: logits[rows].astype(np.float64)}
    for system, given in finding.systems.items():
        scores[system] = np.array([given.get(record, math.nan) for record in known])
    taken = weights[:, rows]
    areas = {name: _areas(present, values, taken) for name, values in scores.items()}

    points = []
    at_readers: dict[str, list[NDArray[np.float64]]] = {name: [] for name in scores}
    own: list[NDArray[np.float64]] = []
    for reader in finding.readers:
        answered = np.array([record in reader.answers for record in known], bool)
        said = np.array([reader.answers.get(record, False) for record in known], bool)
        if not (present & answered).any() or not (~present & answered).any():
            continue
        theirs = taken * answered
        sensitivity, specificity = _share(said, theirs * present), _share(~said, theirs * ~present)
        systems = {name: sensitivity_at(present, values, specificity, theirs) for name, values in scores.items()}
        for name, values in systems.items():
            at_readers[name].append(values)
        own.append(sensitivity)
        points.append(
            ReaderPoint(
                reader=reader.name,
                kind=reader.kind,
                records=int(answered.sum()),
                positives=int((present & answered).sum()),
                sensitivity=float(sensitivity[0]),
                specificity=float(specificity[0]),
                model=float(systems[MODEL][0]),
                systems={name: float(values[0]) for name, values in systems.items() if name != MODEL},
            )
        )
    nothing = np.full(len(weights), math.nan)
    means = {name: macro(np.stack(values, axis=1)) if values else nothing for name, values in at_readers.items()}
    readers = macro(np.stack(own, axis=1)) if own else nothing
    others = [name for name in scores if name != MODEL]
    result = FindingResult(
        group=finding.group,
        finding=finding.name,
        queries=finding.queries,
        records=len(known),
        positives=int(present.sum()),
        auroc=_rate(areas[MODEL]),
        systems={name: _rate(areas[name]) for name in others},
        sensitivity=_rate(means[MODEL]),
        system_sensitivity={name: _rate(means[name]) for name in others},
        reader_sensitivity=_rate(readers),
        readers=tuple(points),
    )
    return _Drawn(result, areas, means, readers)


def _enough(result: FindingResult) -> bool:
    return min(result.positives, result.records - result.positives) >= LEAST


def _groups(corpus: ExternalCorpus, drawn: Sequence[_Drawn]) -> tuple[GroupResult, ...]:
    groups = []
    for group in dict.fromkeys(finding.group for finding in corpus.findings):
        ours = [
            one
            for one, finding in zip(drawn, corpus.findings, strict=True)
            if finding.group == group and not finding.is_union and _enough(one.result)
        ]
        if not ours:
            continue
        systems = sorted({name for one in ours for name in one.auroc} - {MODEL})
        kinds: dict[str, list[float]] = {}
        for point in (point for one in ours for point in one.result.readers):
            kinds.setdefault(point.kind, []).append(point.sensitivity)
        groups.append(
            GroupResult(
                group=group,
                findings=len(ours),
                records=max(one.result.records for one in ours),
                macro=_mean([one.auroc[MODEL] for one in ours]),
                systems={name: _mean([one.auroc[name] for one in ours if name in one.auroc]) for name in systems},
                sensitivity=_mean([one.sensitivity[MODEL] for one in ours]),
                system_sensitivity={
                    name: _mean([one.sensitivity[name] for one in ours if name in one.sensitivity]) for name in systems
                },
                reader_sensitivity=_mean([one.reader for one in ours]),
                kinds={kind: float(np.mean(values)) for kind, values in sorted(kinds.items()) if kind},
            )
        )
    return tuple(groups)


def sensitivity_at(
    present: NDArray[np.bool_],
    scores: NDArray[np.float64],
    specificity: NDArray[np.float64],
    weights: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Return the highest sensitivity (draw,) of a threshold that has at least a specificity.

    Args:
        present: (record,).
        scores: (record,), NaN where there is none.
        specificity: (draw,).
        weights: How often each record is taken, (draw, record).
    """
    if np.isnan(scores).any():
        return np.full(len(weights), math.nan)
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    counted = weights[:, order].astype(np.float64)
    true, false = (
        np.concatenate([np.zeros((len(weights), 1)), np.cumsum(counted * part[order], axis=1)[:, last_of_ties]], axis=1)
        for part in (present, ~present)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        allowed = false <= ((1 - specificity) * false[:, -1] + 1e-9)[:, None]
        best = np.where(allowed, true, 0.0).max(axis=1) / true[:, -1]
    return np.asarray(np.where((true[:, -1] > 0) & (false[:, -1] > 0), best, math.nan))


def _areas(
    present: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return the AUROC, first of the records as they are, then of each draw (draw,)."""
    if not len(present) or np.isnan(scores).any():
        return np.full(len(weights), math.nan)
    return np.concatenate(
        [
            auroc(present[:, None], scores[:, None]),
            resampled_auroc(present[:, None], scores[:, None], weights[1:])[:, 0],
        ]
    )


def _share(yes: NDArray[np.bool_], weights: NDArray[np.integer]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * yes).sum(axis=1) / weights.sum(axis=1))


def _mean(values: Sequence[NDArray[np.float64]]) -> Rate:
    return _rate(macro(np.stack(values, axis=1)))


def _rate(values: NDArray[np.float64]) -> Rate:
    """Return a figure, the first of its values, with its interval over the others."""
    low, high = percentile_interval(values[1:]) if np.isfinite(values[1:]).any() else (math.nan, math.nan)
    return Rate(float(values[0]), (float(low), float(high)))
