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
from suprem.experiments.trainable import Trainable
from suprem.jobs.processes import peak_memory
from suprem.lock import only_writer
from suprem.progress import Progress
from suprem.training.config import PretrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import Learner, RunSummary, train
from suprem.training.objective import Judgement
from suprem.training.runlog import RunLog
from suprem.training.trackers import MlflowTracker, TensorBoardTracker, Tracker

DRY_STEPS = 3


def run(
    experiment: Trainable,
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
    experiment: Trainable,
    folder: Path,
    workers: Workers,
    resume: bool,
    progress: Progress,
    should_stop: Callable[[], bool],
    mlflow_uri: str | None,
) -> RunSummary:
    config = experiment.config
    if resume or not workers.is_main:
        log = RunLog(folder)
    else:
        log = RunLog.start(folder, config_toml=to_toml(config), environment=experiment.environment())
    if workers.is_main:
        log = log.tracked_by(*trackers(folder, config, mlflow_uri))

    def save_best(judged: Judgement) -> None:
        experiment.save(folder / "best", judged, run=folder.name)

    with closing(log):
        summary = train(
            experiment.objective(workers),
            config.training,
            run=log,
            workers=workers,
            save_best=save_best,
            resume=resume,
            progress=progress,
            should_stop=should_stop,
        )
    if workers.is_main:
        log.finish({"outcome": "done", **asdict(summary)})
    return summary


def estimate(experiment: Trainable, workers: Workers) -> str:
    """Take a few steps, save nothing, and say what the run will need."""
    config = experiment.config.training
    objective = experiment.objective(workers)
    optimizer = torch.optim.AdamW((weight for weight in objective.trained.parameters() if weight.requires_grad), lr=0.0)
    objective.begin(anew=True)
    learner = Learner(objective.trained, optimizer, config, workers)

    def seconds_per_record(keep: float) -> float:
        batch = min(objective.batch, len(experiment.train))
        positions = workers.share(np.arange(batch))
        learner.step(objective, positions, keep=keep, seed=0, rate=0.0)
        started = time.monotonic()
        for _ in range(DRY_STEPS):
            learner.step(objective, positions, keep=keep, seed=0, rate=0.0)
        return (time.monotonic() - started) / (DRY_STEPS * batch)

    short = config.epochs - min(config.full_epochs, config.epochs)
    per_epoch = {keep: seconds_per_record(keep) * len(experiment.train) for keep in {config.token_keep_rate, 1.0}}
    seconds = short * per_epoch[config.token_keep_rate] + (config.epochs - short) * per_epoch[1.0]
    seconds += config.epochs * per_epoch[1.0] / 3 * len(experiment.validation) / len(experiment.train)
    weights = sum(parameter.numel() * 4 for parameter in experiment.network.parameters())
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
