"""Runs that learn an ECG encoder from recordings alone: the baselines of the paper's Table 1 without words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from suprem.datasets.signal_store import SignalStore
from suprem.errors import ConfigError
from suprem.experiments.experiment import check_signal, synthetic_data
from suprem.experiments.trainable import RESEARCH_CARD, about_run, rows_to_learn
from suprem.model.encoder_checkpoint import save_encoder
from suprem.training.config import OBJECTIVE_TITLES, PretrainConfig
from suprem.training.distributed import Workers
from suprem.training.encoder_objective import EncoderObjective, PatientRows, encoder_loss
from suprem.training.objective import Judgement, Objective
from suprem.training.objectives.encoder_loss import EncoderLoss


@dataclass(frozen=True, eq=False)
class EncoderExperiment:
    """A configuration with everything it needs, ready to train an encoder."""

    config: PretrainConfig
    train: PatientRows
    validation: PatientRows
    loss: EncoderLoss
    provenance: Mapping[str, Any]

    @property
    def network(self) -> EncoderLoss:
        """What is trained."""
        return self.loss

    def objective(self, workers: Workers) -> Objective:
        """Return what the run minimises."""
        return EncoderObjective(
            self.loss, self.config.training, data=self.train, validation=self.validation, workers=workers
        )

    def environment(self) -> dict[str, Any]:
        """Return what the run depends on besides its configuration."""
        store = self.train.store
        return {
            "data": {
                "corpus": store.index.corpus,
                "signal": asdict(store.spec),
                "train_folds": self.config.train_folds,
                "train_records": len(self.train),
                "validation_folds": self.config.validation_folds,
                "validation_records": len(self.validation),
                "skipped_records": len(store.skipped),
            },
            **self.provenance,
        }

    def save(self, folder: Path, judged: Judgement, *, run: str) -> None:
        """Write the encoder as a checkpoint of kind "encoder"."""
        training = {**about_run(self.config, run), **self.environment()}
        save_encoder(
            folder,
            encoder=self.loss.encoder,
            config=self.config.model,
            signal=asdict(self.train.store.spec),
            card={
                **RESEARCH_CARD,
                "intended_use": f"Linear probes of an encoder pre-trained by {OBJECTIVE_TITLES[self.config.objective]} "
                "without labels. It knows no words and gives no scores.",
                "training": training,
                "validation": dict(judged.figures),
            },
        )


def set_up(
    config: PretrainConfig, *, data: Path | None, folder: Path, workers: Workers, provenance: Mapping[str, Any]
) -> EncoderExperiment:
    """Open the data and make the encoder with its objective. No label, vocabulary or text encoder takes part.

    Args:
        config: The experiment.
        data: The signal store; None makes one of synthetic ECGs in the run folder.
        folder: The run folder.
        workers: The processes that train.
        provenance: What the run depends on besides its configuration: code, packages, machine.

    Raises:
        ConfigError: The objective does not fit the network, or the configuration asks for labels besides.
        DatasetError: The store does not fit the network, or a patient is on both sides of the split.
    """
    asked = {
        "vocabulary": config.vocabulary,
        "init": config.init,
        "teachers": config.teachers,
        "composed": config.composed,
    }
    if needless := [name for name, value in asked.items() if value]:
        raise ConfigError(
            f"The objective {config.objective!r} learns from recordings alone; leave out {', '.join(needless)}."
        )
    data = data or synthetic_data(config, folder, workers)
    store = SignalStore.open(data)
    check_signal(store.spec, config.model)
    train_rows, validation_rows = rows_to_learn(store.index, config)
    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    torch.manual_seed(config.training.seed)
    return EncoderExperiment(
        config=config,
        train=PatientRows(store, train_rows),
        validation=PatientRows(store, validation_rows),
        loss=encoder_loss(config.objective, config.model, config.self_supervised),
        provenance=provenance,
    )
