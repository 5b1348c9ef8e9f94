"""The paper's objective: every query is a yes or no of every ECG, learned by binary cross-entropy (section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from suprem.errors import TrainingError
from suprem.evaluation.metrics import auroc as auroc_per_class
from suprem.model.attention_maps import AttentionInputs, watch_attention
from suprem.model.supreme import SupremeModel
from suprem.training.attention_diversity import attention_likeness
from suprem.training.augmentation import augment
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.objective import Judgement
from suprem.training.query_bank import QueryBank
from suprem.training.rows import ComposedRows, LabelledRows

EVALUATION_BATCH = 64

Part = tuple[Tensor, Tensor, float]
"""Signals (batch, lead, time), labels (batch, concept), negative where nobody knows, and the share of tokens used."""


@dataclass(frozen=True, eq=False)
class QueryLoss:
    """The loss of a step: the model, the recipe, the processes and the training queries.

    `network` is the model as `Workers.prepare` returns it.
    """

    model: SupremeModel
    network: Callable[..., Tensor]
    config: TrainConfig
    workers: Workers
    queries: QueryBank

    def __call__(self, parts: Sequence[Part]) -> Tensor:
        """Return the loss of this process's part of a batch, in parts that may differ in their share of tokens."""
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
        return loss


class QueryObjective:
    """Binary cross-entropy over the queries; the best state is the one with the best validation macro AUROC.

    Args:
        model: Trained in place.
        config: The recipe.
        data, validation: What to learn from and what to choose by.
        queries: Vectors of the concepts, in the order of the labels' columns.
        workers: The processes that train.
        composed: Composed ECGs, of which `config.composed_share` of each batch is; None where there are none.
        fine_tune: Whether the model comes with weights to go on from.

    Raises:
        TrainingError: Nothing can be learned or judged with these labels.
    """

    def __init__(
        self,
        model: SupremeModel,
        config: TrainConfig,
        *,
        data: LabelledRows,
        validation: LabelledRows,
        queries: QueryBank,
        workers: Workers,
        composed: ComposedRows | None = None,
        fine_tune: bool = False,
    ) -> None:
        if not (data.labels > 0).any():
            raise TrainingError("No training record carries any of the concepts; check the folds and the vocabulary.")
        if config.attention_diversity and model.config.fusion != "cfn":
            raise TrainingError("attention_diversity needs the Cardiac Fusion Network; set it to 0 for this network.")
        if not ((validation.labels > 0).any(axis=0) & (validation.labels == 0).any(axis=0)).any():
            raise TrainingError("No concept is both present and absent in the validation records; choose other folds.")
        self.model = model
        self.trained: nn.Module = model
        self._config, self._data, self._validation, self._queries = config, data, validation, queries
        self._workers, self._composed, self._fine_tune = workers, composed, fine_tune
        self._made = round(config.batch * config.composed_share) if composed else 0
        self.batch = config.batch - self._made
        self._loss: QueryLoss | None = None

    @property
    def records(self) -> tuple[str, ...]:
        """The ids of the records to learn from."""
        return self._data.record_ids

    def begin(self, *, anew: bool) -> None:
        """Start at the mean frequency of a label where the weights are new, and join the processes."""
        if anew and not self._fine_tune:
            labels = self._data.labels
            self.model.fusion.init_prior(float(labels[labels >= 0].mean()))
        if self._config.compile:
            self.model.compile()
        network = self._workers.prepare(self.model)
        self._loss = QueryLoss(self.model, network, self._config, self._workers, self._queries)

    def loss(self, positions: NDArray[np.intp], *, keep: float, seed: int) -> Tensor:
        """Return the loss of this process's part of a batch, composed ECGs included."""
        parts = [(*self._data.batch(positions), keep)]
        if self._composed:
            made = self._composed.draw(self._made // self._workers.count, seed)
            parts.append((*made, self._config.composed_token_keep_rate))
        if self._loss is None:
            raise TrainingError("The objective was not begun.")
        return self._loss(parts)

    def after_step(self, done: float) -> None:
        """Nothing follows a step."""

    def judge(self) -> Judgement:
        """Judge by the macro AUROC of the validation records."""
        auroc, loss = validate(self.model, self._validation, self._queries, self._workers)
        return Judgement(auroc, f"validation AUROC {auroc:.4f}", {"loss": loss, "macro_auroc": auroc})


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
