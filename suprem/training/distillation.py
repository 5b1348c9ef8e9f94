"""Distillation: labels that lie between a record's own and the scores that trained models, the teachers, give it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit

from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import CheckpointError
from suprem.inference.predictor import Predictor
from suprem.training.config import PretrainConfig
from suprem.training.rows import LabelledRows

TEACHER_BATCH = 512  # records in memory at once


def with_teacher_scores(data: LabelledRows, vocabulary: Vocabulary, config: PretrainConfig) -> LabelledRows:
    """Return the training records with labels between their own and the scores of the teachers.

    Each teacher scores the concepts that it knows, on whole records without augmentation, and the logits of the
    teachers are averaged. The label of a concept that no teacher knows stays as it is.

    Raises:
        CheckpointError: A teacher is no checkpoint, reads other signals, or knows none of the concepts.
    """
    if not config.teachers:
        return data
    total, teachers = np.zeros(data.labels.shape), np.zeros(len(vocabulary))
    for folder in config.teachers:
        teacher = Predictor.load(folder)
        known = [column for column, code in enumerate(vocabulary.codes) if code in teacher.vocabulary.codes]
        if not known or teacher.spec != data.store.spec:
            reason = "reads signals prepared in another way" if known else "knows none of the concepts"
            raise CheckpointError(f"The teacher {folder} {reason}; give one that was trained for the same task.")
        vectors = teacher.vectors([vocabulary.names[column] for column in known])
        for first in range(0, len(data), TEACHER_BATCH):
            part = slice(first, first + TEACHER_BATCH)
            total[part, known] += teacher.logits(data.store.read(data.rows[part]), vectors)
        teachers[known] += 1
    scores = expit(total / np.maximum(teachers, 1)).astype(np.float32)
    mixed = (1 - config.teacher_weight) * data.labels + config.teacher_weight * scores
    joined = np.where(data.labels < 0, scores, mixed)
    return replace(data, labels=np.where(teachers > 0, joined, data.labels))
