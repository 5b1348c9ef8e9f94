"""The training loop, readable in one sitting."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from suprem.errors import Cancelled, TrainingError
from suprem.model.checkpoint import has_training_state, load_training_state, save_training_state
from suprem.progress import Progress
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.objective import Judgement, Objective
from suprem.training.runlog import RunLog
from suprem.training.schedule import learning_rate

LOG_EVERY = 10


@dataclass
class Position:
    """Position of a run. Restored by `--resume`; weights and optimiser are saved beside it. What is drawn at random
    follows from the seed, the step and the process, so there is no random state to keep."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_score: float = -math.inf
    best_epoch: int = -1
    seconds: float = 0.0

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Position:
        """Return a saved position; runs of earlier versions call the score an AUROC."""
        return cls(**{"best_score" if name == "best_auroc" else name: value for name, value in saved.items()})


@dataclass(frozen=True)
class RunSummary:
    """Outcome of a run; `best_score` is that of the objective's `Judgement`, None where that has none."""

    epochs: int
    steps: int
    best_epoch: int
    best_score: float | None
    seconds: float


def train(
    objective: Objective,
    config: TrainConfig,
    *,
    run: RunLog,
    workers: Workers,
    save_best: Callable[[Judgement], None],
    resume: bool = False,
    progress: Progress = lambda _f, _m: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunSummary:
    """Train by an objective and keep the state that it judges best.

    Args:
        objective: What is minimised, on what, and what the best state is.
        config: The recipe.
        run: The run folder, opened.
        workers: The processes that train; each takes its part of every batch.
        save_best: Called with the judgement of the present state whenever that is the best so far.
        resume: Continue from `<run>/last`, or from the start where the run was stopped before it had saved.
        progress: Called with the fraction done and a message.
        should_stop: Asked before every step; when true the state is saved and `Cancelled` raised.

    Raises:
        TrainingError: The loss is not a number; the message names the step and the records.
        Cancelled: `should_stop` said so. The run can be resumed.
    """
    workers.check_batch(config.batch)
    records, batch = len(objective.records), objective.batch
    steps_per_epoch = records // batch
    if steps_per_epoch == 0:
        raise TrainingError(f"{records} records are fewer than one batch of {batch}; make the batch smaller.")
    total_steps = steps_per_epoch * config.epochs
    trained = objective.trained
    moved = [weight for weight in trained.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(moved, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    at = Position()
    saved_before = resume and has_training_state(run.folder / "last")
    if saved_before:
        at = Position.of(load_training_state(run.folder / "last", model=trained, optimizer=optimizer))
    if resume and workers.is_main:
        run.keep_until(at.step)
    objective.begin(anew=not saved_before)
    learner = Learner(trained, optimizer, config, workers)

    started = time.monotonic() - at.seconds
    saved = logged = time.monotonic()

    def save() -> None:
        at.seconds = time.monotonic() - started
        if workers.is_main:
            save_training_state(run.folder / "last", model=trained, optimizer=optimizer, state=vars(at))
        workers.wait()

    while at.epoch < config.epochs and (at.epoch == 0 or at.epoch - at.best_epoch <= config.patience):
        keep = 1.0 if at.epoch >= config.epochs - config.full_epochs else config.token_keep_rate
        losses: list[float] = []
        for positions in _batches(records, batch, seed=config.seed, epoch=at.epoch, first=at.batch):
            if workers.any(should_stop()):
                save()
                raise Cancelled(f"Stopped at step {at.step}; continue with --resume.")
            rate = learning_rate(at.step, total_steps, config)
            seed = _seed(config.seed, at.step, workers.rank)
            torch.manual_seed(seed)
            loss = learner.step(objective, workers.share(positions), keep=keep, seed=seed, rate=rate)
            if not math.isfinite(loss):
                ids = objective.records
                named = ", ".join(ids[position] for position in positions)
                raise TrainingError(f"The loss is {loss} at step {at.step}, on records {named}.")
            at.step, at.batch = at.step + 1, at.batch + 1
            objective.after_step(at.step / total_steps)
            losses.append(loss)
            if at.step % LOG_EVERY == 0 and workers.is_main:
                now = time.monotonic()
                run.metric(
                    step=at.step,
                    epoch=at.epoch,
                    split="train",
                    loss=float(np.mean(losses[-LOG_EVERY:])),
                    learning_rate=rate,
                    records_per_second=config.batch * LOG_EVERY / (now - logged),
                )
                logged = now
                left = (now - started) / at.step * (total_steps - at.step)
                progress(
                    at.step / total_steps,
                    f"epoch {at.epoch + 1}/{config.epochs}, loss {np.mean(losses[-50:]):.4f}, {left / 60:.0f} min left",
                )
            if workers.any(time.monotonic() - saved > 60 * config.checkpoint_minutes):
                save()
                saved = time.monotonic()

        judgement = objective.judge()
        if workers.is_main:
            run.metric(step=at.step, epoch=at.epoch, split="validation", **judgement.figures)
            progress(at.step / total_steps, f"epoch {at.epoch + 1}/{config.epochs}, {judgement.said}")
        if judgement.score is None or judgement.score > at.best_score:
            at.best_score = at.best_score if judgement.score is None else judgement.score
            at.best_epoch = at.epoch
            if workers.is_main:
                save_best(judgement)
        at.epoch, at.batch = at.epoch + 1, 0
        save()
        saved = logged = time.monotonic()
    return RunSummary(
        epochs=at.epoch,
        steps=at.step,
        best_epoch=at.best_epoch,
        best_score=at.best_score if math.isfinite(at.best_score) else None,
        seconds=time.monotonic() - started,
    )


@dataclass(frozen=True, eq=False)
class Learner:
    """A network in training with its optimiser, recipe and processes; it takes the optimiser's steps."""

    trained: nn.Module
    optimizer: torch.optim.Optimizer
    config: TrainConfig
    workers: Workers

    def step(self, objective: Objective, positions: NDArray[np.intp], *, keep: float, seed: int, rate: float) -> float:
        """Learn from this process's part of a batch and return the loss of the whole batch.

        Args:
            objective: What gives the loss.
            positions: The records, of this process's part.
            keep: Share of the ECG tokens that are used.
            seed: Of whatever the objective draws.
            rate: Learning rate.
        """
        return self.descend(lambda: objective.loss(positions, keep=keep, seed=seed), rate=rate)

    def descend(self, loss_of: Callable[[], Tensor], *, rate: float) -> float:
        """Take a step down a loss, which is computed in training mode, and return its mean over the processes."""
        self.trained.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of()
        self.optimizer.zero_grad(set_to_none=True)
        self.workers.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.trained.parameters(), self.config.clip_norm)
        self.optimizer.step()
        return float(self.workers.mean(loss.detach()))


def _seed(seed: int, step: int, rank: int) -> int:
    """Return the seed of what one process draws in one step: a run that was stopped draws the same again."""
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _batches(records: int, batch: int, *, seed: int, epoch: int, first: int) -> Iterator[NDArray[np.intp]]:
    """Yield the batches of an epoch from batch `first` on; the order depends on seed and epoch alone, so a resumed
    run meets the same batches. The ragged last batch is dropped."""
    order = np.random.default_rng((seed, epoch)).permutation(records)
    for start in range(first * batch, records - batch + 1, batch):
        yield order[start : start + batch]
