"""Takes one optimiser step on eight fixed ECGs and saves the weights; test_distributed runs it alone and in two."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import Learner
from suprem.training.query_bank import QueryBank
from suprem.training.query_objective import QueryLoss
from tests.tiny import SMALL_MODEL, network


def main(path: Path) -> None:
    """Take the step and leave as a run does."""
    torch.set_num_threads(1)
    with Workers() as workers:
        model = network(replace(SMALL_MODEL, drop_path=0.0, dropout=0.0))
        generator = torch.Generator().manual_seed(0)
        signals = torch.randn(8, 2, 500, generator=generator)
        signals[0, 1] = 0.0  # a lost lead in one process only
        labels = (torch.rand(8, 5, generator=generator) < 0.4).float()
        labels[1:4, 2] = -1.0  # and unequal numbers of unknown labels
        queries = QueryBank(names=torch.randn(5, 32, generator=generator), synonyms=[torch.empty(0, 32)] * 5, rate=0.0)
        config = TrainConfig(gain=0.0, noise=0.0, clip_norm=1e9)
        loss_of = QueryLoss(model, workers.prepare(model), config, workers, queries)
        learner = Learner(model, torch.optim.SGD(model.parameters(), lr=1.0), config, workers)
        mine = workers.share(np.arange(8))
        loss = learner.descend(lambda: loss_of([(signals[mine], labels[mine], 1.0)]), rate=1.0)
        assert workers.any(workers.rank == workers.count - 1)
        assert workers.gather(workers.rank) == list(range(workers.count))
        if workers.is_main:
            weights = {name: value.contiguous() for name, value in model.state_dict().items()}
            save_file({**weights, "loss": torch.tensor(loss), "count": torch.tensor(workers.count)}, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
