"""Evaluation of a checkpoint on the recordings of another hospital, and what its model card keeps of that."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing, write_text
from suprem.datasets.catalog import load_task
from suprem.datasets.external import ExternalCorpus
from suprem.datasets.external_layouts import read_external
from suprem.ecg.intake import examine_files
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import EcgError
from suprem.evaluation.external import evaluate_external
from suprem.evaluation.external_result import ExternalResult
from suprem.evaluation.query_set import QuerySet
from suprem.evaluation.results import EvaluationResult, Interval, Skipped
from suprem.evaluation.scoring import score_query_sets
from suprem.inference.predictor import Predictor
from suprem.model.checkpoint import load_checkpoint, write_card
from suprem.model_card import ExternalFigures
from suprem.progress import Progress

LEARNED = "ptbxl"
"""Key of the corpus that models learn from here; its own figures are in the card already."""

OWN_WORDS = "own words"


@dataclass(frozen=True)
class ExternalConfig:
    """An evaluation on the recordings of another hospital.

    Args:
        data: Folder of the hospital.
        out: Folder for the result; the name of the file is that of the data.
        draws: Of the bootstrap.
    """

    data: Path
    out: Path
    draws: int = 1000


def run(config: ExternalConfig, predictor: Predictor, progress: Progress) -> ExternalResult:
    """Evaluate and write `external-<hospital>.json` and, beside it, every record's scores.

    Raises:
        DatasetError: The folder has no label table, or a damaged one.
        EvaluationError: Not one record could be read.
    """
    corpus = read_external(config.data)
    records = corpus.records
    progress(0.0, f"reading {len(records):,} recordings")
    remarks: dict[str, str] = {}
    signals = _read(corpus, records, predictor.spec, remarks)
    queries = QuerySet(OWN_WORDS, tuple(finding.queries for finding in corpus.findings))
    (scored,) = score_query_sets(predictor, signals, [queries])
    progress(0.8, "drawing patients")
    result = evaluate_external(
        corpus,
        scored.record_ids,
        scored.logits,
        checkpoint=predictor.id,
        encoder=predictor.encoder.name,
        created=time.time(),
        unreadable=scored.unreadable,
        remarked=tuple(Skipped(name, text) for name, text in remarks.items() if text),
        draws=config.draws,
    )
    result = write_external(config.out, corpus, scored.record_ids, scored.logits, result)
    progress(1.0, f"{len(result.findings)} findings of {result.records:,} recordings")
    return result


def _read(
    corpus: ExternalCorpus, records: Sequence[str], spec: SignalSpec, remarks: dict[str, str]
) -> Iterator[tuple[str, NDArray[np.float32] | EcgError]]:
    """Yield each record with its signal (lead, time) or why there is none, and note what there is to remark."""
    examined = examine_files([corpus.file(record) for record in records], spec, ignore_quality=True)
    for record, found in zip(records, examined, strict=True):
        remarks[record] = found.remarks
        yield record, EcgError(found.message) if found.signal is None else found.signal


def write_into_card(folder: Path, predictor: Predictor, result: ExternalResult) -> None:
    """Note a result in the model card of a checkpoint, in place of an earlier one of the same hospital."""
    _add_to_card(folder, {result.hospital: card_rows(result, predictor)})


def write_results_into_card(folder: Path, predictor: Predictor, results: Sequence[EvaluationResult]) -> None:
    """Note results on corpora other than the one learned from in the model card, as those of their hospitals."""
    rows = {
        result.task: tuple(
            _row(predictor, one.code, (one.query,), result.records, one.positives, one.auroc, one.ci)
            for one in result.classes
            if not math.isnan(one.auroc)
        )
        for result in results
        if load_task(result.task).corpus != LEARNED
    }
    if rows:
        _add_to_card(folder, rows)


def _add_to_card(folder: Path, figures: Mapping[str, tuple[ExternalFigures, ...]]) -> None:
    card = load_checkpoint(folder).card
    write_card(folder, replace(card, external={**card.external, **figures}))


def card_rows(result: ExternalResult, predictor: Predictor) -> tuple[ExternalFigures, ...]:
    """Return what a model card keeps of each finding; a query is kept as the code of its concept where it has one."""
    return tuple(
        _row(predictor, one.finding, one.queries, one.records, one.positives, one.auroc.value, one.auroc.ci)
        for one in result.findings
        if not math.isnan(one.auroc.value)
    )


def _row(
    predictor: Predictor,
    finding: str,
    queries: Sequence[str],
    records: int,
    positives: int,
    auroc: float,
    ci: Interval,
) -> ExternalFigures:
    low, high = (None if math.isnan(end) else round(end, 3) for end in ci)
    asked = tuple(query.code or query.prompt for query in predictor.ask(queries))
    return ExternalFigures(finding, asked, records, positives, round(auroc, 3), (low, high))


def write_external(
    folder: Path,
    corpus: ExternalCorpus,
    record_ids: Sequence[str],
    logits: NDArray[np.floating],
    result: ExternalResult,
) -> ExternalResult:
    """Write a result and, beside it, record ids, patients, labels (record, finding; -1 where nobody knows) and logits,
    nothing of it pickled; return the result with the name of that file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"external-{corpus.name}.npz"
    present = [[int(one.present.get(record, -1)) for one in corpus.findings] for record in record_ids]
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            record_ids=np.array(record_ids, dtype=np.str_),
            patients=np.array([corpus.patients.get(name, name) for name in record_ids], dtype=np.str_),
            present=np.array(present, np.int8),
            logits=logits,
        )
    written = replace(result, scores=path.name)
    write_text(path.with_suffix(".json"), written.to_json() + "\n")
    return written
