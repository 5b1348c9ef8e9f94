"""What a run minimises and by what its best state is chosen. The loop knows nothing else of what is learned.

The paper's objective, binary cross-entropy over queries, is `suprem.training.query_objective`; those that learn an ECG
encoder from recordings alone are in `suprem.training.objectives`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True)
class Judgement:
    """How good a state is.

    Args:
        score: The higher, the better; the best state is kept. None where nothing tells, and the last state counts.
        said: The same in a few words, for the person who waits.
        figures: What goes into the metrics of the run.
    """

    score: float | None
    said: str
    figures: Mapping[str, float] = field(default_factory=dict)


class Objective(Protocol):
    """What the loop asks of an objective; `loss` and `judge` are called in every process, with its part of the work.

    Attributes:
        trained: The network with all that is trained beside it. The optimiser moves its weights, `--resume` restores
            its state.
        batch: Records of a step, of all processes together, that are taken from `records`.
    """

    trained: nn.Module
    batch: int

    @property
    def records(self) -> tuple[str, ...]:
        """The ids of the records to learn from; a position in a batch is one in this list."""

    def begin(self, *, anew: bool) -> None:
        """Make ready for the first step; `anew` where no saved weights are gone on from."""

    def loss(self, positions: NDArray[np.intp], *, keep: float, seed: int) -> Tensor:
        """Return the loss of this process's part of a batch.

        Args:
            positions: Places in `records`, of this process's part.
            keep: Share of the ECG tokens that are used.
            seed: Of whatever is drawn; torch's global generator has been given it.
        """

    def after_step(self, done: float) -> None:
        """Do what follows a step, such as moving an averaged twin; `done` is the share of the run that is over."""

    def judge(self) -> Judgement:
        """Judge the present state on the validation records."""
