"""Fully supervised baselines: an encoder trained from nothing on a task's own labels, by the same loop as all else.

The network is the linear ablation (`LinearFusion`) with one unit vector for each class in place of a text, so that a
class is a learned direction in the pooled features: it knows the classes it was trained on and no other.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from suprem.datasets.signal_store import SignalStore
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.progress import Progress
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import train
from suprem.training.query_bank import QueryBank
from suprem.training.query_objective import EVALUATION_BATCH, QueryObjective
from suprem.training.rows import LabelledRows
from suprem.training.runlog import RunLog

Encoder = Literal["resnet18", "vit"]
ENCODERS: tuple[Encoder, ...] = get_args(Encoder)
PATCH_SECONDS = 0.25
WATCHED = 256
"""Training records whose loss is followed at most. No evaluated record is seen before the end."""


@dataclass(frozen=True)
class SupervisedConfig:
    """Sizes and recipe; leads, samples and classes follow from the data, and the linear head is fixed."""

    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainConfig = field(default_factory=TrainConfig)


def train_supervised(
    data: LabelledRows, encoder: Encoder, config: SupervisedConfig, progress: Progress
) -> SupremeModel:
    """Train a network on labelled records; the last state counts.

    Args:
        data: What to learn from; a column of its labels for each class.
        encoder: One of `ENCODERS`.
        config: Sizes and recipe.
        progress: Called with the fraction done and a message.

    Returns:
        The network, which `supervised_logits` asks.

    Raises:
        TrainingError: No class is both present and absent.
    """
    spec, classes = data.store.spec, data.labels.shape[1]
    model = replace(
        config.model,
        encoder=encoder,
        fusion="linear",
        leads=len(spec.leads),
        samples=spec.samples,
        patch_samples=round(PATCH_SECONDS * spec.fs),
        text_width=classes,
        whiten_queries=False,
    )
    recipe = replace(
        config.training, batch=min(config.training.batch, len(data)), patience=config.training.epochs, query_share=1.0
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = SupremeModel(model)
        watched = LabelledRows(data.store, data.rows[:WATCHED], data.labels[:WATCHED])
        workers = Workers(precision=recipe.precision, cpu=recipe.cpu)
        queries = QueryBank(names=torch.eye(classes), synonyms=[torch.empty(0, classes)] * classes, rate=0.0)
        objective = QueryObjective(network, recipe, data=data, validation=watched, queries=queries, workers=workers)
        with tempfile.TemporaryDirectory() as folder:
            train(
                objective,
                recipe,
                run=RunLog.start(Path(folder) / "run", config_toml="", environment={}),
                workers=workers,
                save_best=lambda _judgement: None,
                progress=progress,
            )
    return network.eval().cpu()


def supervised_logits(network: SupremeModel, store: SignalStore, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the logits (record, class) of some rows of a store."""
    classes = torch.eye(network.config.text_width)
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(store.read(rows[first : first + EVALUATION_BATCH])), classes).numpy()
            for first in range(0, len(rows), EVALUATION_BATCH)
        ]
    return np.concatenate(parts).astype(np.float64)
