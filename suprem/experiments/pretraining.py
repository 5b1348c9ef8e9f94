"""Pre-training: the run of an experiment, the checkpoint it leaves, and what it will need."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from suprem.configfile import to_toml
from suprem.experiments.experiment import Experiment
from suprem.jobs.processes import peak_memory
from suprem.lock import only_writer
from suprem.model.checkpoint import EncoderStamp, save_checkpoint
from suprem.model.supreme import SupremeModel
from suprem.model_card import ModelCard
from suprem.progress import Progress
from suprem.training.config import PretrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import Learner, RunSummary, train
from suprem.training.runlog import RunLog
from suprem.training.trackers import MlflowTracker, TensorBoardTracker, Tracker

DRY_STEPS = 3


RESEARCH_CARD = {
    "intended_use": "Research on and teaching of zero-shot ECG reading; exploration of what the model has learned.",
    "out_of_scope": "Any use in the care of a patient; ECGs of children; Holter, exercise and single-lead recordings.",
    "warnings": [
        "Scores are not probabilities; they order recordings, they do not measure risk.",
        "Labels are the statements of the training corpus, made by few readers and devices; their errors are learned.",
        "Attention shows where the model looked and is not evidence for a finding.",
    ],
}


def run(
    experiment: Experiment,
    *,
    folder: Path,
    workers: Workers,
    resume: bool,
    progress: Progress,
    should_stop: Callable[[], bool],
    mlflow_uri: str | None = None,
) -> RunSummary:
    """Train, and leave a run folder.

    Args:
        experiment: What to train.
        folder: The run folder.
        workers: The processes that train.
        resume: Continue the run in `folder`.
        progress: Called with the fraction done and a message.
        should_stop: Asked before every step.
        mlflow_uri: MLflow server that also receives the metrics.

    Raises:
        FolderInUse: Another process trains in that folder.
    """
    with only_writer(folder) if workers.is_main else nullcontext():
        return _run(experiment, folder, workers, resume, progress, should_stop, mlflow_uri)


def _run(
    experiment: Experiment,
    folder: Path,
    workers: Workers,
    resume: bool,
    progress: Progress,
    should_stop: Callable[[], bool],
    mlflow_uri: str | None,
) -> RunSummary:
    config, environment = experiment.config, experiment.environment()
    if resume or not workers.is_main:
        log = RunLog(folder)
    else:
        log = RunLog.start(folder, config_toml=to_toml(config), environment=environment)
    if workers.is_main:
        log = log.tracked_by(*trackers(folder, config, mlflow_uri))

    def save_best(model: SupremeModel, auroc: float) -> None:
        facts = {"training": {"run": folder.name, **environment}, "validation": {"macro_auroc": auroc}}
        save_checkpoint(
            folder / "best",
            model=model,
            signal=asdict(experiment.store.spec),
            encoder=EncoderStamp(
                experiment.embedder.name, experiment.embedder.dimension, experiment.embedder.content_hash
            ),
            vocabulary=experiment.vocabulary.to_json(),
            vectors=experiment.vectors,
            wordings=tuple(experiment.vocabulary.texts),
            card=ModelCard.of({**RESEARCH_CARD, **facts}),
        )

    with closing(log):
        summary = train(
            experiment.model,
            config.training,
            data=experiment.train,
            validation=experiment.validation,
            composed=experiment.composed,
            queries=experiment.queries,
            run=log,
            workers=workers,
            save_best=save_best,
            resume=resume,
            fine_tune=config.init is not None,
            progress=progress,
            should_stop=should_stop,
        )
    if workers.is_main:
        log.finish({"outcome": "done", **asdict(summary)})
    return summary


def estimate(experiment: Experiment, workers: Workers) -> str:
    """Take a few steps, save nothing, and say what the run will need."""
    config = experiment.config.training
    model = experiment.model
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0)
    learner = Learner(model, workers.prepare(model), optimizer, config, workers, experiment.queries)

    def seconds_per_record(keep: float) -> float:
        batch = min(config.batch, len(experiment.train))
        positions = workers.share(np.arange(batch))
        learner.step([(*experiment.train.batch(positions), keep)], rate=0.0)
        started = time.monotonic()
        for _ in range(DRY_STEPS):
            learner.step([(*experiment.train.batch(positions), keep)], rate=0.0)
        return (time.monotonic() - started) / (DRY_STEPS * batch)

    short = config.epochs - min(config.full_epochs, config.epochs)
    per_epoch = {keep: seconds_per_record(keep) * len(experiment.train) for keep in {config.token_keep_rate, 1.0}}
    seconds = short * per_epoch[config.token_keep_rate] + (config.epochs - short) * per_epoch[1.0]
    seconds += config.epochs * per_epoch[1.0] / 3 * len(experiment.validation) / len(experiment.train)
    weights = sum(parameter.numel() * 4 for parameter in model.parameters())
    return (
        f"{config.epochs} epochs of {len(experiment.train):,} records: about {max(1, round(seconds / 60)):,} min on "
        f"{workers.count} process(es) as busy as now; {peak_memory() / 2**30:.1f} "
        f"GB of memory each; {5 * weights / 2**20:.0f} MB of disk; {weights / 4e6:.1f} million weights."
    )


def trackers(folder: Path, config: PretrainConfig, mlflow_uri: str | None) -> list[Tracker]:
    """Return where metrics go besides the run folder's metrics.jsonl."""
    found: list[Tracker] = [TensorBoardTracker(folder)]
    if mlflow_uri:
        parameters = {**asdict(config.model), **asdict(config.training), "encoder": config.encoder}
        found.append(MlflowTracker(mlflow_uri, name=folder.name, parameters=parameters))
    return found
