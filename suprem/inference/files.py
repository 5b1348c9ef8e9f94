"""Scores of ECG files against queries, file by file or as a cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from suprem.concepts.query import CardiacQuery
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.intake import examine_files, prepare_all_windows
from suprem.errors import Cancelled, EcgError
from suprem.export import plain_name
from suprem.inference.cohort import PART, Cohort, QualityVerdict, ScoredRecord, add_part, finish
from suprem.inference.missing_signal import missing_cost
from suprem.inference.predictor import BATCH, Predictor
from suprem.inference.reference import reference_percentile
from suprem.inference.score import QueryScore
from suprem.inference.whole_recording import score_whole


@dataclass(frozen=True)
class ScoreRow:
    """One record, one query."""

    record_id: str
    query: str
    score: float
    logit: float
    support: str
    prompt: str = ""
    nearest: tuple[tuple[str, float], ...] = ()
    code: str = ""
    reference_percentile: float | None = None
    """Part of the reference records without the finding that score lower."""
    probability: float | None = None
    """Calibrated, where the card has a calibration of the finding."""
    auroc_lost: float | None = None
    """What missing leads or seconds cost; None where nothing is missing or it was not measured."""
    missing: str = ""
    """The same in a sentence."""


@dataclass(frozen=True)
class WindowsRow(ScoreRow):
    """The same over all windows of a record: the highest score, where its window begins in seconds, and the mean."""

    from_second: float = 0.0
    mean_score: float = 0.0
    windows: int = 1


@dataclass(frozen=True)
class Withheld:
    """A score that is not given because too much of the recording is missing, by `MissingCost`."""

    record_id: str
    query: str
    auroc_lost: float | None
    reason: str


@dataclass(frozen=True)
class Placed:
    """How far a record is from the reference ECGs, one of `OutOfDistributionLevel`."""

    record_id: str
    likeness: str
    distance: float | None
    nearer: float | None


@dataclass(frozen=True)
class Remarked:
    """What was assumed in reading a record, and what the quality check warns of."""

    record_id: str
    notes: tuple[str, ...]
    warnings: str
    quality: float | None


@dataclass(frozen=True)
class Unscored:
    """A record without scores, and why."""

    record_id: str
    reason: str


def score_files(
    predictor: Predictor,
    paths: Sequence[Path],
    queries: Sequence[CardiacQuery],
    *,
    table: TableFormat | None = None,
    ignore_quality: bool = False,
    place: bool = False,
    give_withheld: bool = False,
) -> Iterator[ScoreRow | Withheld | Placed | Remarked | Unscored]:
    """Score files in batches, in their order; a file that cannot be used gives one `Unscored`, and one of which
    something was assumed or is warned of a `Remarked` before its scores.

    Args:
        predictor: The loaded checkpoint.
        paths: ECG files.
        queries: At least one.
        table: Rate, unit and leads for CSV and NumPy files that do not carry them.
        ignore_quality: Score also what the quality gate blocks.
        place: Give one `Placed` after the scores of each record.
        give_withheld: Give also the scores of which too much of the recording is missing.
    """
    examined = examine_files(paths, predictor.spec, ignore_quality=ignore_quality, table=table)
    prepared = zip(record_ids(paths), examined, strict=True)
    codes = [query.code for query in queries]
    while batch := list(islice(prepared, BATCH)):
        good = [reading.signal for _, reading in batch if reading.signal is not None]
        held = [reading.coverage for _, reading in batch if reading.coverage is not None]
        encoded = predictor.encode(np.stack(good), held) if good else None
        scores = iter(predictor.score_signals(encoded, queries) if encoded else [])
        places = iter(predictor.familiarity(encoded) if encoded and place else [])
        for record_id, reading in batch:
            if reading.notes or (reading.message and reading.signal is not None):
                yield Remarked(record_id, reading.notes, reading.message, reading.quality)
            if reading.signal is None:
                yield Unscored(record_id, reading.message)
                continue
            for answer, code in zip(next(scores), codes, strict=True):
                missing = answer.missing
                if missing and missing.withheld and not give_withheld:
                    yield Withheld(record_id, answer.query, missing.loss, missing.sentence)
                    continue
                yield score_row(predictor, record_id, answer, code)
            if place:
                near = next(places)
                yield Placed(record_id, str(near.likeness), near.distance, near.nearer)


def score_row(predictor: Predictor, record_id: str, answer: QueryScore, code: str | None) -> ScoreRow:
    """Return a score with its rank among the reference records and its probability, where the card has them."""
    missing = answer.missing
    rank = reference_percentile(predictor.card, code, answer.logit)
    return ScoreRow(
        record_id,
        answer.query,
        answer.score,
        answer.logit,
        str(answer.support),
        prompt=answer.prompt,
        nearest=answer.nearest,
        code=code or "",
        reference_percentile=rank.lower if rank else None,
        probability=rank.probability if rank else None,
        auroc_lost=missing.loss if missing else None,
        missing=missing.sentence if missing else "",
    )


def score_windows(
    predictor: Predictor,
    paths: Sequence[Path],
    queries: Sequence[CardiacQuery],
    *,
    table: TableFormat | None = None,
    ignore_quality: bool = False,
    give_withheld: bool = False,
) -> Iterator[WindowsRow | Withheld | Unscored]:
    """Score every window of each file. Arguments as in `score_files`."""
    windows = prepare_all_windows(paths, predictor.spec, gate=not ignore_quality, table=table)
    for record_id, prepared in zip(record_ids(paths), windows, strict=True):
        if isinstance(prepared, EcgError):
            yield Unscored(record_id, str(prepared))
            continue
        for window in score_whole(predictor, prepared, queries):
            best = window.highest
            missing = best.missing
            if missing and missing.withheld and not give_withheld:
                yield Withheld(record_id, best.query, missing.loss, missing.sentence)
                continue
            yield WindowsRow(
                record_id,
                best.query,
                best.score,
                best.logit,
                str(best.support),
                prompt=best.prompt,
                nearest=best.nearest,
                auroc_lost=missing.loss if missing else None,
                missing=missing.sentence if missing else "",
                from_second=window.start,
                mean_score=window.mean,
                windows=window.windows,
            )


def score_cohort(
    predictor: Predictor,
    cohort: Cohort,
    progress: Callable[[float, str], None],
    stopped: Callable[[], bool],
    provenance: Mapping[str, Any],
) -> Cohort:
    """Score what a cohort still lacks, part by part.

    Args:
        predictor: The loaded checkpoint.
        cohort: One that was begun.
        progress: Called with the fraction done and a message.
        stopped: Asked after each part whether to stop.
        provenance: What the scores depend on besides: code, packages, machine.

    Raises:
        Cancelled: It was asked to stop; the parts that are done are kept.
    """
    plan, total = cohort.plan, len(cohort.plan.files)
    asked = predictor.ask(plan.queries)
    vectors = predictor.vectors(asked)
    width = predictor.features(np.zeros((1, len(predictor.spec.leads), predictor.spec.samples), np.float32)).shape[1]
    paths = [plan.source / name for name in plan.files[cohort.done :]]
    examined = examine_files(
        paths, predictor.spec, ignore_quality=plan.ignore_quality, links=plan.links, table=plan.table
    )
    done, without = cohort.done, int((~cohort.scored).sum())
    while part := list(islice(examined, PART)):
        signals = [reading.signal for reading in part if reading.signal is not None]
        stacked = np.stack(signals) if signals else np.empty((0, 0, 0), np.float32)
        encoded = predictor.encode(stacked) if signals else None
        answers = iter(zip(predictor.decode(encoded, vectors), encoded.features, strict=True) if encoded else ())
        rows = []
        for reading in part:
            logits, features = next(answers) if reading.signal is not None else (None, None)
            verdict, notes = QualityVerdict.of(reading.level), " ".join(reading.notes)
            costs = [missing_cost(predictor.card, predictor.id, reading.coverage, query.code) for query in asked]
            unmeasured = [np.inf if cost and cost.loss is None else cost.loss if cost else 0.0 for cost in costs]
            held = next((f"Scored from {cost.held}." for cost in costs if cost), "")
            rows.append(
                ScoredRecord(
                    verdict,
                    reading.message,
                    logits,
                    features,
                    reading.quality,
                    " ".join(filter(None, (notes, held))),
                    np.array(unmeasured, np.float32),
                    np.array([cost is not None and cost.withheld for cost in costs], np.bool_),
                )
            )
        add_part(cohort, rows, width=width)
        done, without = done + len(part), without + len(part) - len(signals)
        progress(done / total, f"{done} of {total} records, {without} without scores")
        if stopped() and done < total:
            raise Cancelled(f"Stopped after {done} of {total} records; the same command goes on from there.")
    return finish(cohort.folder, {"encoder": predictor.encoder.name, **provenance})


def record_ids(paths: Sequence[Path]) -> list[str]:
    """Return the file stems, lengthened by folders from the right where two files share one, as text that can be shown
    and written whatever bytes the names are made of."""
    return [plain_name(name) for name in _distinct_stems(paths)]


def _distinct_stems(paths: Sequence[Path]) -> list[str]:
    ids = [path.stem for path in paths]
    depth = 1
    while len(set(ids)) < len(ids) and depth < max(len(path.parts) for path in paths):
        depth += 1
        twice = {name for name, count in Counter(ids).items() if count > 1}
        ids = [
            "/".join(path.with_suffix("").parts[-depth:]) if name in twice else name
            for path, name in zip(paths, ids, strict=True)
        ]
    count = Counter(ids)  # files that differ in nothing but the suffix
    return [name if count[name] == 1 else str(path) for name, path in zip(ids, paths, strict=True)]
