"""What the loop asks of the objectives that learn an encoder from recordings alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from suprem.datasets.signal_store import SignalStore
from suprem.errors import ConfigError, TrainingError
from suprem.model.config import ModelConfig
from suprem.training.config import ObjectiveName, SelfSupervisedConfig, TrainConfig
from suprem.training.distributed import Workers
from suprem.training.objective import Judgement
from suprem.training.objectives.astcl import Astcl
from suprem.training.objectives.barlow_twins import BarlowTwins
from suprem.training.objectives.byol import Byol
from suprem.training.objectives.clocs import Clocs
from suprem.training.objectives.encoder_loss import EncoderLoss
from suprem.training.objectives.masked import Crt, StMem
from suprem.training.objectives.moco_v3 import MocoV3
from suprem.training.objectives.simclr import SimClr
from suprem.training.objectives.simsiam import SimSiam
from suprem.training.objectives.ts_tcc import TsTcc

LOSSES: dict[ObjectiveName, type[EncoderLoss]] = {
    "simclr": SimClr,
    "byol": Byol,
    "barlow_twins": BarlowTwins,
    "moco_v3": MocoV3,
    "simsiam": SimSiam,
    "ts_tcc": TsTcc,
    "clocs": Clocs,
    "astcl": Astcl,
    "crt": Crt,
    "st_mem": StMem,
}
JUDGED_BATCH = 64
JUDGING_SEED = 0


def encoder_loss(name: ObjectiveName, network: ModelConfig, config: SelfSupervisedConfig) -> EncoderLoss:
    """Return an untrained encoder with an objective.

    Raises:
        ConfigError: The objective is not one that learns from recordings alone, or does not fit the network.
    """
    if name not in LOSSES:
        raise ConfigError(f"The objective {name!r} does not learn from recordings alone; choose {', '.join(LOSSES)}.")
    return LOSSES[name](network, config)


@dataclass(frozen=True, eq=False)
class PatientRows:
    """Rows of a signal store with the patients they are of.

    Args:
        store: Where the signals are.
        rows: (record,) positions in the store.
    """

    store: SignalStore
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids of the records."""
        return tuple(self.store.index.table["record_id"].iloc[self.rows])

    def numbered_patients(self) -> NDArray[np.int64]:
        """Return a whole number for each record, the same for records of one patient."""
        _, numbers = np.unique(self.store.index.table["patient_id"].iloc[self.rows].astype(str), return_inverse=True)
        return numbers.astype(np.int64)


class EncoderObjective:
    """An objective over recordings alone. It is judged by its own loss on the validation records and by how far their
    features are spread, which tells a collapse; neither tells which state is best, so the last one counts.

    Args:
        loss: The encoder with its objective.
        config: The recipe; its augmentation is not used, for the views are the objective's own.
        data, validation: What to learn from, and what to look at after each epoch.
        workers: The processes that train.
    """

    def __init__(
        self, loss: EncoderLoss, config: TrainConfig, *, data: PatientRows, validation: PatientRows, workers: Workers
    ) -> None:
        self.module = loss
        self.trained: nn.Module = loss
        self.batch = config.batch
        self._data, self._validation, self._workers = data, validation, workers
        self._patients = data.numbered_patients(), validation.numbered_patients()
        self._network: Callable[..., Any] | None = None

    @property
    def records(self) -> tuple[str, ...]:
        """The ids of the records to learn from."""
        return self._data.record_ids

    def begin(self, *, anew: bool) -> None:
        """Join the processes."""
        self._network = self._workers.prepare(self.module)

    def loss(self, positions: NDArray[np.intp], *, keep: float, seed: int) -> Tensor:
        """Return the loss of this process's part of a batch."""
        if self._network is None:
            raise TrainingError("The objective was not begun.")
        loss: Tensor = self._network(*self._batch(self._data, self._patients[0], positions), keep=keep)
        return loss

    def after_step(self, done: float) -> None:
        """Let averaged twins follow, and what changes over a run change."""
        self.module.after_step(done)

    @torch.no_grad()
    def judge(self) -> Judgement:
        """Look at the loss of the validation records and at the spread of their features: the standard deviation of the
        unit features, 1 where they point everywhere, 0 where all are the same."""
        self.module.eval()
        mine = self._workers.share(np.arange(len(self._validation)))
        losses, features = [], []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(JUDGING_SEED)
            for first in range(0, len(mine), JUDGED_BATCH):
                positions = mine[first : first + JUDGED_BATCH]
                if len(positions) > 1:  # nothing to tell a single recording from
                    signals, patients = self._batch(self._validation, self._patients[1], positions)
                    losses.append(float(self.module(signals, patients)))
                    features.append(F.normalize(self.module.features(signals).float(), dim=-1).cpu())
        losses = [loss for part in self._workers.gather(losses) for loss in part]
        unit = torch.cat([part for parts in self._workers.gather(features) for part in parts])
        spread = float(unit.std(dim=0).mean() * unit.shape[1] ** 0.5)
        loss = float(np.mean(losses))
        said = f"validation loss {loss:.4f}, spread of features {spread:.3f}"
        return Judgement(None, said, {"loss": loss, "feature_spread": spread})

    def _batch(
        self, rows: PatientRows, patients: NDArray[np.int64], positions: NDArray[np.intp]
    ) -> tuple[Tensor, Tensor]:
        signals = torch.from_numpy(rows.store.read(rows.rows[positions]))
        return signals.to(self._workers.device), torch.from_numpy(patients[positions]).to(self._workers.device)
