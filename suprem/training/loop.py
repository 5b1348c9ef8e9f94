"""The training loop, readable in one sitting."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from suprem.composed.store import ComposedStore
from suprem.datasets.signal_store import SignalStore
from suprem.errors import Cancelled, TrainingError
from suprem.evaluation.metrics import auroc as auroc_per_class
from suprem.model.attention_maps import AttentionInputs, watch_attention
from suprem.model.checkpoint import has_training_state, load_training_state, save_training_state
from suprem.model.supreme import SupremeModel
from suprem.progress import Progress
from suprem.training.attention_diversity import attention_likeness
from suprem.training.augmentation import augment
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.query_bank import QueryBank
from suprem.training.runlog import RunLog
from suprem.training.schedule import learning_rate

LOG_EVERY = 10
EVALUATION_BATCH = 64


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows of a signal store with their labels.

    Args:
        store: Where the signals are.
        rows: (record,) positions in the store.
        labels: Float32 (record, concept): 1 where the concept is present, 0 where it is absent, negative where nobody
            knows; such labels take part in nothing.
    """

    store: SignalStore
    rows: NDArray[np.intp]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, positions: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Return signals (batch, lead, time) and labels (batch, concept) at positions within `rows`."""
        return torch.from_numpy(self.store.read(self.rows[positions])), torch.from_numpy(self.labels[positions])


@dataclass(frozen=True, eq=False)
class ComposedRows:
    """Composed ECGs with their labels for the concepts of a run.

    Args:
        store: Where the signals are.
        labels: Float32 (ecg, concept), as in `LabelledRows`.
    """

    store: ComposedStore
    labels: NDArray[np.float32]

    def draw(self, count: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return signals (batch, lead, time) and labels (batch, concept) of some ECGs, by a seed."""
        rows = np.random.default_rng((seed, 1)).integers(len(self.store), size=count)
        return torch.from_numpy(self.store.read(rows)), torch.from_numpy(self.labels[rows])


@dataclass
class Position:
    """Position of a run. Restored by `--resume`; weights and optimiser are saved beside it. What is drawn at random
    follows from the seed, the step and the process, so there is no random state to keep."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_auroc: float = -math.inf
    best_epoch: int = -1
    seconds: float = 0.0


@dataclass(frozen=True)
class RunSummary:
    """Outcome of a run."""

    epochs: int
    steps: int
    best_epoch: int
    best_auroc: float
    seconds: float


def train(
    model: SupremeModel,
    config: TrainConfig,
    *,
    data: LabelledRows,
    validation: LabelledRows,
    queries: QueryBank,
    run: RunLog,
    workers: Workers,
    save_best: Callable[[SupremeModel, float], None],
    composed: ComposedRows | None = None,
    resume: bool = False,
    fine_tune: bool = False,
    progress: Progress = lambda _f, _m: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunSummary:
    """Train a model and keep the state with the best validation macro AUROC.

    Args:
        model: Trained in place.
        config: The recipe.
        data, validation: What to learn from and what to choose by.
        queries: Vectors of the concepts, in the order of the labels' columns.
        run: The run folder, opened.
        workers: The processes that train; each takes its part of every batch.
        save_best: Called with the model and its AUROC whenever that is the best so far.
        composed: Composed ECGs, of which `config.composed_share` of each batch is; None where there are none.
        resume: Continue from `<run>/last`, or from the start where the run was stopped before it had saved.
        progress: Called with the fraction done and a message.
        should_stop: Asked before every step; when true the state is saved and `Cancelled` raised.

    Raises:
        TrainingError: The loss is not a number; the message names the step and the records.
        Cancelled: `should_stop` said so. The run can be resumed.
    """
    workers.check_batch(config.batch)
    made = round(config.batch * config.composed_share) if composed else 0
    real = config.batch - made
    steps_per_epoch = len(data) // real
    if steps_per_epoch == 0:
        raise TrainingError(f"{len(data)} records are fewer than one batch of {real}; make the batch smaller.")
    if not (data.labels > 0).any():
        raise TrainingError("No training record carries any of the concepts; check the folds and the vocabulary.")
    if config.attention_diversity and model.config.fusion != "cfn":
        raise TrainingError("attention_diversity needs the Cardiac Fusion Network; set it to 0 for this network.")
    if not ((validation.labels > 0).any(axis=0) & (validation.labels == 0).any(axis=0)).any():
        raise TrainingError("No concept is both present and absent in the validation records; choose other folds.")
    total_steps = steps_per_epoch * config.epochs
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    at = Position()
    saved_before = resume and has_training_state(run.folder / "last")
    if saved_before:
        at = Position(**load_training_state(run.folder / "last", model=model, optimizer=optimizer))
    if resume and workers.is_main:
        run.keep_until(at.step)
    if not saved_before and not fine_tune:
        model.fusion.init_prior(float(data.labels[data.labels >= 0].mean()))
    if config.compile:
        model.compile()
    learner = Learner(model, workers.prepare(model), optimizer, config, workers, queries)

    started = time.monotonic() - at.seconds
    saved = logged = time.monotonic()

    def save() -> None:
        at.seconds = time.monotonic() - started
        if workers.is_main:
            save_training_state(run.folder / "last", model=model, optimizer=optimizer, state=vars(at))
        workers.wait()

    while at.epoch < config.epochs and (at.epoch == 0 or at.epoch - at.best_epoch <= config.patience):
        keep = 1.0 if at.epoch >= config.epochs - config.full_epochs else config.token_keep_rate
        losses: list[float] = []
        for positions in _batches(len(data), real, seed=config.seed, epoch=at.epoch, first=at.batch):
            if workers.any(should_stop()):
                save()
                raise Cancelled(f"Stopped at step {at.step}; continue with --resume.")
            rate = learning_rate(at.step, total_steps, config)
            seed = _seed(config.seed, at.step, workers.rank)
            torch.manual_seed(seed)
            parts = [(*data.batch(workers.share(positions)), keep)]
            if composed:
                parts.append((*composed.draw(made // workers.count, seed), config.composed_token_keep_rate))
            loss = learner.step(parts, rate=rate)
            if not math.isfinite(loss):
                records = data.store.index.table["record_id"].iloc[data.rows[positions]]
                raise TrainingError(f"The loss is {loss} at step {at.step}, on records {', '.join(records)}.")
            at.step, at.batch = at.step + 1, at.batch + 1
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

        auroc, loss = validate(model, validation, queries, workers)
        if workers.is_main:
            run.metric(step=at.step, epoch=at.epoch, split="validation", loss=loss, macro_auroc=auroc)
            progress(at.step / total_steps, f"epoch {at.epoch + 1}/{config.epochs}, validation AUROC {auroc:.4f}")
        if auroc > at.best_auroc:
            at.best_auroc, at.best_epoch = auroc, at.epoch
            if workers.is_main:
                save_best(model, auroc)
        at.epoch, at.batch = at.epoch + 1, 0
        save()
        saved = logged = time.monotonic()
    return RunSummary(
        epochs=at.epoch,
        steps=at.step,
        best_epoch=at.best_epoch,
        best_auroc=at.best_auroc,
        seconds=time.monotonic() - started,
    )


@dataclass(frozen=True, eq=False)
class Learner:
    """A model in training with its optimiser, recipe, processes and queries; it takes the optimiser's steps.

    `network` is the model as `Workers.prepare` returns it.
    """

    model: SupremeModel
    network: Callable[..., Tensor]
    optimizer: torch.optim.Optimizer
    config: TrainConfig
    workers: Workers
    queries: QueryBank

    def step(self, parts: Sequence[tuple[Tensor, Tensor, float]], *, rate: float) -> float:
        """Learn from this process's part of a batch and return the loss of the whole batch.

        Args:
            parts: Signals (batch, lead, time), labels (batch, concept), negative where nobody knows, and the share of
                tokens that are used, which may differ from part to part.
            rate: Learning rate.
        """
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        vectors = self.queries.draw()
        asked = self.queries.choose(self.config.query_share) if self.config.query_share < 1 else None
        if asked is not None:
            vectors = vectors[asked]
        vectors = vectors.to(self.workers.device)
        watching: AbstractContextManager[list[AttentionInputs]] = nullcontext([])
        if self.config.attention_diversity:
            watching = watch_attention(self.model)
        answers, truths = [], []
        with watching as attended:
            for signals, labels, keep in parts:
                signals = augment(signals, self.config).to(self.workers.device)
                answers.append(self.network(signals, vectors, keep=keep))  # (batch, query)
                truths.append((labels if asked is None else labels[:, asked]).to(self.workers.device))
        logits, labels = torch.cat(answers), torch.cat(truths)
        loss = masked_loss(logits, labels, known=self.workers.mean((labels >= 0).sum().float()))
        if attended:
            loss = loss + self.config.attention_diversity * attention_likeness(attended, vectors)
        self.optimizer.zero_grad(set_to_none=True)
        self.workers.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step()
        return float(self.workers.mean(loss.detach()))


def masked_loss(logits: Tensor, labels: Tensor, *, known: Tensor | None = None) -> Tensor:
    """Return the binary cross-entropy, mean over the known labels of all records and queries.

    `known` is their number where it is not that of these labels: with several processes the mean over processes, so
    that the mean of the processes' losses is the loss of the whole batch.
    """
    counts = (labels >= 0).to(logits.dtype)
    losses = F.binary_cross_entropy_with_logits(logits, labels.clamp(min=0), reduction="none")  # (batch, query)
    return (losses * counts).sum() / (counts.sum() if known is None else known).clamp(min=1)


@torch.no_grad()
def validate(model: SupremeModel, data: LabelledRows, queries: QueryBank, workers: Workers) -> tuple[float, float]:
    """Return the macro AUROC over the concepts with both labels, and the mean loss, on canonical query names."""
    model.eval()
    mine = workers.share(np.arange(len(data)))
    names = queries.names.to(workers.device)
    parts = [
        model(data.batch(mine[first : first + EVALUATION_BATCH])[0].to(workers.device), names).float().cpu()
        for first in range(0, len(mine), EVALUATION_BATCH)
    ]
    logits = torch.empty(len(data), len(names))
    for rank, part in enumerate(workers.gather(torch.cat(parts) if parts else torch.empty(0, len(names)))):
        logits[rank :: workers.count] = part
    per_class = [
        auroc_per_class(column[column >= 0, None] > 0, scores[column >= 0, None])[0]
        for column, scores in zip(data.labels.T, logits.numpy().T, strict=True)
    ]
    return float(np.nanmean(per_class)), float(masked_loss(logits, torch.from_numpy(data.labels)))


def _seed(seed: int, step: int, rank: int) -> int:
    """Return the seed of what one process draws in one step: a run that was stopped draws the same again."""
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _batches(records: int, batch: int, *, seed: int, epoch: int, first: int) -> Iterator[NDArray[np.intp]]:
    """Yield the batches of an epoch from batch `first` on; the order depends on seed and epoch alone, so a resumed
    run meets the same batches. The ragged last batch is dropped."""
    order = np.random.default_rng((seed, epoch)).permutation(records)
    for start in range(first * batch, records - batch + 1, batch):
        yield order[start : start + batch]
