"""Distillation: labels that lie between a record's own and the scores that trained models, the teachers, give it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from suprem.atomic import replacing
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import CheckpointError
from suprem.inference.predictor import Predictor
from suprem.model.checkpoint import load_checkpoint
from suprem.training.config import PretrainConfig
from suprem.training.rows import LabelledRows

TEACHERS = "teachers.npz"
"""In a run folder: what the teachers said, so that they are asked once, by one process, and not again on a resume."""

TEACHER_BATCH = 512  # records in memory at once


def with_teacher_scores(
    data: LabelledRows,
    vocabulary: Vocabulary,
    config: PretrainConfig,
    *,
    kept: Path | None = None,
    device: str = "cpu",
) -> LabelledRows:
    """Return the training records with labels between their own and the scores of the teachers.

    Each teacher scores the concepts that it knows, on whole records without augmentation, and the logits of the
    teachers are averaged. The label of a concept that no teacher knows stays as it is.

    Args:
        data: The records.
        vocabulary: Concepts of the labels.
        config: Names the teachers and their weight.
        kept: File with what the same teachers said of the same records; written where it is missing or of others.
        device: Torch device that the teachers score on.

    Raises:
        CheckpointError: A teacher is no checkpoint, reads other signals, or knows none of the concepts.
    """
    if not config.teachers:
        return data
    question = _question(data, vocabulary, config.teachers) if kept else ""
    logits = _read(kept, question) if kept else None
    if logits is None:
        logits = teacher_logits(data, vocabulary, config.teachers, device=device)
        if kept:
            with replacing(kept) as temporary, temporary.open("wb") as file:
                np.savez_compressed(file, question=np.array(question), logits=logits)
    scores = expit(logits)
    mixed = (1 - config.teacher_weight) * data.labels + config.teacher_weight * scores
    joined = np.where(data.labels < 0, scores, mixed)
    return replace(data, labels=np.where(np.isnan(logits), data.labels, joined).astype(np.float32))


def teacher_logits(
    data: LabelledRows, vocabulary: Vocabulary, teachers: tuple[Path, ...], *, device: str = "cpu"
) -> NDArray[np.float32]:
    """Return the mean logits (record, concept) of the teachers, NaN for a concept that none knows; errors as above."""
    total, asked = np.zeros(data.labels.shape), np.zeros(len(vocabulary))
    for folder in teachers:
        teacher = Predictor.load(folder, device=device)
        known = [column for column, code in enumerate(vocabulary.codes) if code in teacher.vocabulary.codes]
        if not known or teacher.spec != data.store.spec:
            reason = "reads signals prepared in another way" if known else "knows none of the concepts"
            raise CheckpointError(f"The teacher {folder} {reason}; give one that was trained for the same task.")
        vectors = teacher.vectors([vocabulary.names[column] for column in known])
        for first in range(0, len(data), TEACHER_BATCH):
            part = slice(first, first + TEACHER_BATCH)
            total[part, known] += teacher.logits(data.store.read(data.rows[part]), vectors)
        asked[known] += 1
    mean = np.full(total.shape, np.nan, np.float32)
    mean[:, asked > 0] = total[:, asked > 0] / asked[asked > 0]
    return mean


def _question(data: LabelledRows, vocabulary: Vocabulary, teachers: tuple[Path, ...]) -> str:
    """Return a digest of who is asked what about which records."""
    records = "\n".join([data.store.index.corpus, *data.record_ids])
    concepts = [*zip(vocabulary.codes, vocabulary.names, strict=True)]
    facts = [[load_checkpoint(folder).id for folder in teachers], concepts, asdict(data.store.spec), records]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _read(path: Path, question: str) -> NDArray[np.float32] | None:
    try:
        # Opened here: numpy leaves a file open in which it finds no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return np.asarray(kept["logits"], np.float32) if str(kept["question"]) == question else None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):  # not there, or damaged: ask again
        return None
