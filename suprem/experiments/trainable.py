"""What a run needs of an experiment, and what experiments with words and without have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sized
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from suprem.datasets.index import RecordIndex, shared_patients
from suprem.errors import DatasetError
from suprem.plain_data import to_plain
from suprem.training.config import PretrainConfig
from suprem.training.distributed import Workers
from suprem.training.objective import Judgement, Objective

RESEARCH_CARD = {
    "intended_use": "Research on and teaching of zero-shot ECG reading; exploration of what the model has learned.",
    "out_of_scope": "Any use in the care of a patient; ECGs of children; Holter, exercise and single-lead recordings.",
    "warnings": [
        "Scores are not probabilities; they order recordings, they do not measure risk.",
        "Labels are the statements of the training corpus, made by few readers and devices; their errors are learned.",
        "Attention shows where the model looked and is not evidence for a finding.",
    ],
}


class Trainable(Protocol):
    """What a run needs of an experiment, with words or without."""

    @property
    def config(self) -> PretrainConfig:
        """What defines it."""

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    @property
    def train(self) -> Sized:
        """The records to learn from."""

    @property
    def validation(self) -> Sized:
        """The records to choose by."""

    def objective(self, workers: Workers) -> Objective:
        """Return what the run minimises."""

    def environment(self) -> dict[str, Any]:
        """Return what the run depends on besides its configuration."""

    def save(self, folder: Path, judged: Judgement, *, run: str) -> None:
        """Write the checkpoint of the present state."""


def about_run(config: PretrainConfig, run: str) -> dict[str, Any]:
    """Return what a model card says of how a run learned; runs with one `recipe` differ in their seed alone."""
    facts = to_plain(replace(config, training=replace(config.training, seed=0)))
    recipe = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    training = config.training
    about = {"run": run, "objective": config.objective, "seed": training.seed, "epochs": training.epochs}
    return {**about, "train_share": config.train_share, "recipe": recipe}


def rows_to_learn(index: RecordIndex, config: PretrainConfig) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to learn from and those to choose by.

    Of `train_share` of the patients, those whose ids come first by a hash: the same of every seed and objective, and
    part of every larger share.

    Raises:
        DatasetError: A fold has no record, or a patient is on both sides.
    """
    train, validation = index.rows_in_folds(config.train_folds), index.rows_in_folds(config.validation_folds)
    both = shared_patients(index, train, validation)
    if both:
        raise DatasetError(f"{len(both)} patient(s) have records in training and validation folds; choose other folds.")
    if config.train_share == 1:
        return train, validation
    patients = index.table["patient_id"].astype(str).to_numpy()[train]
    drawn = {one: hashlib.sha256(f"train share {one}".encode()).digest() for one in set(patients)}
    chosen = sorted(drawn, key=drawn.__getitem__)[: max(1, round(config.train_share * len(drawn)))]
    return train[np.isin(patients, chosen)], validation
