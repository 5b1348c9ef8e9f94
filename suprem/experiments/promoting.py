"""Promotion: completing a checkpoint's model card with its figures, and making it the one that scores."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing
from suprem.composed.concepts import with_composed_concepts
from suprem.concepts.mapping.labels import PRESENT
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.measured import CATEGORY
from suprem.datasets.measured import quantities_of
from suprem.datasets.signal_store import SignalStore
from suprem.errors import CheckpointError
from suprem.evaluation.calibration import probability_maps
from suprem.evaluation.concept_figures import concept_figures
from suprem.evaluation.operating_points import thresholds_of
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.score_table import ScoreTable
from suprem.inference.predictor import Predictor
from suprem.inference.reference import reference_of
from suprem.inference.reference_bank import ReferenceBank
from suprem.model.checkpoint import (
    CARD,
    NEEDED,
    Checkpoint,
    load_checkpoint,
    seal_checkpoint,
    write_card,
)
from suprem.model.manifest import BANK
from suprem.model_card import ConceptFigures, ModelCard, ProbabilityMaps, ReferenceLogits, ValidationFigures
from suprem.plain_data import from_json
from suprem.training.labels import labels_of_reports, with_measurements

BANK_STEP = 1024  # records read at once


def run(
    source: Path,
    evaluation: EvaluationResult | None,
    target: Path,
    scores: ScoreTable | None = None,
    bank: ReferenceBank | None = None,
    concepts: ConceptFigures | None = None,
) -> str:
    """Copy a checkpoint with its completed card and return its id.

    Args:
        source: The checkpoint.
        evaluation: Its figures; None keeps those that its card holds.
        target: The folder it becomes.
        scores: Of the evaluation.
        bank: Its reference ECGs; None keeps those it has.
        concepts: Figures of every concept, from `figures_of_concepts`; None keeps those it has.

    Raises:
        CheckpointError: It is incomplete, has no figures, or the evaluation or the scores belong to another one.
    """
    checkpoint = load_checkpoint(source)
    card = _completed(checkpoint, evaluation, scores)
    if concepts is not None:
        card = replace(card, concepts=concepts)
    bank = bank or ReferenceBank.load(source, checkpoint.id)
    target.mkdir(parents=True, exist_ok=True)
    (target / BANK).unlink(missing_ok=True)  # one of the checkpoint that was there before would be refused
    for name in NEEDED:
        if name != CARD and (source / name).resolve() != (target / name).resolve():
            with replacing(target / name) as temporary:
                shutil.copyfile(source / name, temporary)
    if bank is not None:
        bank.save(target, checkpoint.id)
    write_card(target, card)
    seal_checkpoint(target)
    return checkpoint.id


def _completed(checkpoint: Checkpoint, evaluation: EvaluationResult | None, scores: ScoreTable | None) -> ModelCard:
    """Return the model card with the figures."""
    stated = {
        "evaluation is": evaluation.checkpoint if evaluation is not None else checkpoint.id,
        "scores are": scores.origin.checkpoint if scores is not None else checkpoint.id,
    }
    for what, owner in stated.items():
        if owner != checkpoint.id:
            raise CheckpointError(
                f"The {what} of checkpoint {owner}, not of {checkpoint.id}. "
                "Evaluate this one with: suprem zero-shot --out --scores"
            )
    card = checkpoint.card
    if evaluation is not None:
        # The file of scores stays behind, so the card does not name it.
        card = replace(
            card,
            validation=from_json(ValidationFigures, replace(evaluation, scores="").to_json()),
            reference=ReferenceLogits(),
            probability=ProbabilityMaps(),
            operating_points={},
        )
    elif card.validation.checkpoint != checkpoint.id:
        raise CheckpointError(
            f"Checkpoint {checkpoint.id} was not evaluated; give the result of suprem zero-shot --out as --evaluation."
        )
    if scores is not None:
        codes = scores.origin.codes
        card = replace(
            card,
            reference=reference_of(codes, scores.logits, scores.present),
            operating_points=thresholds_of(scores),
            probability=probability_maps(codes, scores.present, scores.logits, scores.patients),
        )
    return card


def bank_of(source: Path, store: SignalStore, folds: Sequence[int], device: str = "cpu") -> ReferenceBank:
    """Return the reference ECGs of a checkpoint: the records in some folds of a store.

    Raises:
        CheckpointError: It was trained on them, they were prepared in another way, or they are too few.
        DatasetError: A fold has no record.
    """
    checkpoint = load_checkpoint(source, device=device)
    predictor = Predictor(checkpoint, device=device)
    rows = _reference_rows(checkpoint, predictor, store, folds)
    features = np.concatenate([predictor.features(store.read(part)) for part in _steps(rows)])
    patients = store.index.table["patient_id"].iloc[rows].tolist()
    return ReferenceBank.of(features, patients, f"{store.index.corpus}, folds {', '.join(map(str, folds))}")


def figures_of_concepts(
    source: Path, folder: Path, folds: Sequence[int], version: VocabularyVersion, device: str = "cpu"
) -> ConceptFigures:
    """Return what a card keeps of every concept: AUROC with interval, labels from reports, quantiles of the logits.

    `folder` is the signal store with the records.

    Raises:
        CheckpointError: As `bank_of`, or the vocabulary version lacks a concept of the checkpoint.
        DatasetError: A fold has no record, or the version is of another corpus.
    """
    checkpoint, store = load_checkpoint(source, device=device), SignalStore.open(folder)
    predictor = Predictor(checkpoint, device=device)
    rows = _reference_rows(checkpoint, predictor, store, folds)
    carried = any(store.index.table["codes"].map(len))
    asked = predictor.vocabulary
    by_measurement = any(concept.category == CATEGORY for concept in asked.concepts)
    vocabulary, labels = labels_of_reports(store, version, statements=carried)
    if by_measurement:
        vocabulary, labels = with_measurements(vocabulary, labels, quantities_of(folder, store))
    if any(concept.composed for concept in asked.concepts):
        vocabulary, labels = with_composed_concepts(vocabulary, labels)
    column = {code: position for position, code in enumerate(vocabulary.codes)}
    missing = [code for code in asked.codes if code not in column]
    if missing:
        raise CheckpointError(
            f"Vocabulary version {version.id} lacks {len(missing)} concepts of the checkpoint, such as {missing[0]}; "
            f"give the version it learned from, {checkpoint.card.training.vocabulary_version}."
        )
    vectors = predictor.vectors(asked.names)
    logits = np.concatenate([predictor.logits(store.read(part), vectors) for part in _steps(rows)])
    labels = labels[rows][:, [column[code] for code in asked.codes]]
    patients = store.index.table["patient_id"].iloc[rows].tolist()
    return ConceptFigures(
        labels=", ".join(
            [f"reports, vocabulary version {version.id}"]
            + ["the corpus' statements"] * carried
            + ["the records' own measurements"] * by_measurement
        ),
        folds=tuple(folds),
        **vars(reference_of(asked.codes, logits, labels == PRESENT)),
        classes=concept_figures(asked.codes, asked.names, labels, logits, patients),
    )


def _reference_rows(
    checkpoint: Checkpoint, predictor: Predictor, store: SignalStore, folds: Sequence[int]
) -> NDArray[np.intp]:
    if store.spec != predictor.spec:
        raise CheckpointError(
            f"The store holds signals prepared as {store.spec}, the checkpoint reads {predictor.spec}. Build one with: "
            "suprem index-datasets --signal"
        )
    data = checkpoint.card.training.data
    seen = set(folds) & set(data.train_folds)
    if data.corpus == store.index.corpus and seen:
        raise CheckpointError(f"The checkpoint was trained on fold {', '.join(map(str, sorted(seen)))}; choose others.")
    return store.index.rows_in_folds(folds)


def _steps(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for first in range(0, len(rows), BANK_STEP):
        yield rows[first : first + BANK_STEP]
