"""Labels between a record's own and what trained models, the teachers, think of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit

from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import CheckpointError
from suprem.inference.predictor import Predictor
from suprem.training.config import PretrainConfig
from suprem.training.loop import LabelledRows

TEACHING_BATCH = 512  # records in memory at once


def taught(data: LabelledRows, vocabulary: Vocabulary, config: PretrainConfig) -> LabelledRows:
    """Return the training records with labels between their own and what the teachers think.

    Each teacher speaks of the concepts that it knows. Their logits are averaged, for each record as a whole and
    undisturbed; of what none of them knows, the label stays as it is.

    Raises:
        CheckpointError: A teacher is none, reads other signals, or knows none of the concepts.
    """
    if not config.teachers:
        return data
    total, speaking = np.zeros(data.labels.shape), np.zeros(len(vocabulary))
    for folder in config.teachers:
        teacher = Predictor.load(folder)
        known = [column for column, code in enumerate(vocabulary.codes) if code in teacher.vocabulary.codes]
        if not known or teacher.spec != data.store.spec:
            reason = "reads signals prepared in another way" if known else "knows none of the concepts"
            raise CheckpointError(f"The teacher {folder} {reason}; give one that was trained for the same task.")
        vectors = teacher.vectors([vocabulary.names[column] for column in known])
        for first in range(0, len(data), TEACHING_BATCH):
            part = slice(first, first + TEACHING_BATCH)
            total[part, known] += teacher.logits(data.store.read(data.rows[part]), vectors)
        speaking[known] += 1
    thought = expit(total / np.maximum(speaking, 1)).astype(np.float32)
    between = (1 - config.teacher_weight) * data.labels + config.teacher_weight * thought
    joined = np.where(data.labels < 0, thought, between)
    return replace(data, labels=np.where(speaking > 0, joined, data.labels))
