"""Linear probing: how much of a task's labels a linear map can read from frozen features (paper, section 4.2).

Three protocols, each on 1, 10 or 100 % of the training records:

    paper   AdamW 1e-3, weight decay 1e-8, 5 epochs of warm-up, cosine to zero, batches of 16, 100 epochs (Table 18,
            which prints 5 warm-up steps; docs/decisions/0008)
    merl    what MERL's code does: Adam 1e-3, weight decay 1e-4, a step of its schedule taken after every batch, so that
            the rate falls to 1e-4 after 40 batches; batches of 16, 100 epochs
    clean   logistic regression for each class on standardised features, its strength chosen by cross-validation over
            patients of the training records

In all of them the last state counts. MERL's script prints the best test AUROC of all epochs, which chooses on the test
records; that is not repeated here. A class without a positive among the training records cannot be learned: its AUROC
is that of an untrained direction, so `macro_trained` leaves it out while `macro` keeps it, as published tables do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, train_test_split
from torch.nn import functional as F

from suprem.errors import EvaluationError
from suprem.evaluation.metrics import auroc
from suprem.evaluation.probe_result import PROTOCOLS

SUBSET_SEED = 42
"""The seed of the published subsets, which are not stratified."""

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse regularisation of the logistic regression, tried in this order; the first of equals is taken."""

CROSS_VALIDATION = 3


@dataclass(frozen=True)
class Descent:
    """A recipe of gradient descent for a linear layer.

    Args:
        decay: Weight decay.
        decoupled: Whether it acts on the weights (AdamW) or on the gradient (Adam).
        rate: Learning rate at a step, given the steps of an epoch and all steps.
        epochs: Passes over the training records.
        batch: Records of a step.
    """

    decay: float
    decoupled: bool
    rate: Callable[[int, int, int], float]
    epochs: int = 100
    batch: int = 16


def paper_rate(step: int, per_epoch: int, steps: int) -> float:
    """Rise for five epochs to 1e-3, then fall along a cosine to zero."""
    warm_up = 5 * per_epoch
    if step < warm_up:
        return 1e-3 * (step + 1) / warm_up
    return 5e-4 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def merl_rate(step: int, _per_epoch: int, _steps: int) -> float:
    """1e-3 for 40 batches and a tenth of it from then on."""
    return 1e-3 if step < 40 else 1e-4


DESCENTS = {
    "paper": Descent(decay=1e-8, decoupled=True, rate=paper_rate),
    "merl": Descent(decay=1e-4, decoupled=False, rate=merl_rate),
}


@dataclass(frozen=True, eq=False)
class ProbeData:
    """Features and labels of training and evaluated records.

    Args:
        features: Of the training records, (record, feature).
        present: Their labels, (record, class).
        patients: Their patients.
        evaluated: Features of the evaluated records, (record, feature).
    """

    features: NDArray[np.floating]
    present: NDArray[np.bool_]
    patients: Sequence[str]
    evaluated: NDArray[np.floating]


def subset(records: int, share: float) -> NDArray[np.intp]:
    """Return the rows of the training records used, as the published subsets are drawn.

    Args:
        records: How many training records there are, in the order of the index.
        share: Above 0 and up to 1.

    Raises:
        EvaluationError: The share leaves no record.
    """
    if not 0 < share <= 1 or int(records * share) < 1:
        raise EvaluationError(f"{share:.2%} of {records} training records is none; give a larger share.")
    rows = np.arange(records)
    if share == 1:
        return rows
    chosen, _ = train_test_split(rows, train_size=share, random_state=SUBSET_SEED)
    return np.asarray(chosen, np.intp)


def probe(data: ProbeData, protocol: str, *, seed: int = 0) -> NDArray[np.float64]:
    """Train a linear probe and score the evaluated records.

    Args:
        data: Features and labels.
        protocol: One of `PROTOCOLS`.
        seed: Of the order of the batches and of the first weights.

    Returns:
        Logits (record, class) of the evaluated records.

    Raises:
        EvaluationError: There is no such protocol, or a feature is not finite.
    """
    if protocol not in PROTOCOLS:
        raise EvaluationError(f"There is no protocol {protocol!r}; choose {', '.join(PROTOCOLS)}.")
    if not (np.isfinite(data.features).all() and np.isfinite(data.evaluated).all()):
        raise EvaluationError("Some features are not finite numbers; a probe cannot be trained on them.")
    if protocol == "clean":
        return _logistic(data)
    weight, bias = descend(data.features.astype(np.float64), data.present, DESCENTS[protocol], seed=seed)
    return data.evaluated.astype(np.float64) @ weight + bias


def descend(
    features: NDArray[np.float64], present: NDArray[np.bool_], how: Descent, *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Train a linear layer on the mean binary cross-entropy with Adam or AdamW, in double precision.

    Args:
        features: (record, feature).
        present: (record, class).
        how: Rates, decay and length.
        seed: Of the first weights, drawn as PyTorch's `Linear` does, and of the order of the batches.

    Returns:
        Weight (feature, class) and bias (class,).
    """
    rng = np.random.default_rng(seed)
    width, classes = features.shape[1], present.shape[1]
    bound = 1 / math.sqrt(width)
    # One tensor, the bias as its last row, so that a step is one update.
    layer = torch.from_numpy(rng.uniform(-bound, bound, size=(width + 1, classes))).requires_grad_()
    inputs = torch.from_numpy(np.column_stack([features, np.ones(len(features))]))
    labels = torch.from_numpy(present.astype(np.float64))
    kind = torch.optim.AdamW if how.decoupled else torch.optim.Adam
    optimizer = kind([layer], weight_decay=how.decay)
    per_epoch = math.ceil(len(features) / how.batch)
    for step, rows in enumerate(_batches(len(features), how, rng)):
        optimizer.param_groups[0]["lr"] = how.rate(step, per_epoch, per_epoch * how.epochs)
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(inputs[rows] @ layer, labels[rows]).backward()
        optimizer.step()
    values = layer.detach().numpy()
    return values[:-1], values[-1]


def _batches(records: int, how: Descent, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    for _ in range(how.epochs):
        order = rng.permutation(records)
        for start in range(0, records, how.batch):
            yield order[start : start + how.batch]


def _logistic(data: ProbeData) -> NDArray[np.float64]:
    """Fit each class on its own; one without both labels gets zeros, which rank nothing."""
    center, spread = data.features.mean(axis=0), data.features.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    train, evaluated = ((values - center) / spread for values in (data.features, data.evaluated))
    logits = np.zeros((len(evaluated), data.present.shape[1]))
    for column in range(data.present.shape[1]):
        labels = data.present[:, column]
        if labels.all() or not labels.any():
            continue
        strength = _choose_strength(train, labels, np.asarray(data.patients))
        logits[:, column] = _fit(train, labels, strength).decision_function(evaluated)
    return logits


def _choose_strength(train: NDArray[np.floating], labels: NDArray[np.bool_], patients: NDArray[np.str_]) -> float:
    """Return the strength with the best mean AUROC over folds of patients; the middle one where none can be judged."""
    if len(set(patients)) < CROSS_VALIDATION:
        return STRENGTHS[len(STRENGTHS) // 2]
    parts = [
        (fit, held)
        for fit, held in GroupKFold(CROSS_VALIDATION).split(train, labels, patients)
        if 0 < labels[fit].sum() < len(fit) and 0 < labels[held].sum() < len(held)
    ]
    if not parts:
        return STRENGTHS[len(STRENGTHS) // 2]
    areas = []
    for strength in STRENGTHS:
        held_areas = [
            auroc(labels[held, None], _fit(train[fit], labels[fit], strength).decision_function(train[held])[:, None])
            for fit, held in parts
        ]
        areas.append(float(np.mean(held_areas)))
    return STRENGTHS[int(np.argmax(np.round(areas, 6)))]


def _fit(train: NDArray[np.floating], labels: NDArray[np.bool_], strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=1000).fit(train, labels)
