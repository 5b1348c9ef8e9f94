"""The processes that train one model together: one alone, several under `torchrun`, on CPUs or GPUs.

Hugging Face accelerate finds out what `torchrun` has set up and moves gradients between the processes; the loop sees
this one small interface.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Self, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import Tensor, nn

from suprem.errors import TrainingError

T = TypeVar("T")


class Workers:
    """This process among those of the run.

    Args:
        precision: "no" or "bf16", the arithmetic of the forward pass.
        cpu: Whether to stay on the CPU where there is a GPU; without one the processes meet on it by themselves.

    Raises:
        TrainingError: `torchrun` started several processes, and this one found itself among another number.

    Attributes:
        rank: Number of this process, 0 for the one that writes files.
        count: Number of processes.
        device: Where this process computes.
    """

    def __init__(self, *, precision: str = "no", cpu: bool = True) -> None:
        # Accelerate looks for other processes on CPUs only where it is told to compute there.
        self._accelerator = Accelerator(cpu=cpu or not torch.accelerator.is_available(), mixed_precision=precision)
        self.rank: int = self._accelerator.process_index
        self.count: int = self._accelerator.num_processes
        self.device: torch.device = self._accelerator.device
        started = int(os.environ.get("WORLD_SIZE", "1"))
        if started != self.count:
            raise TrainingError(
                f"{started} processes were started (WORLD_SIZE), but this one is among {self.count}: each would train "
                "by itself into the same folder. Start them with torchrun, one for each GPU, or with training.cpu=true."
            )

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and speaks to people."""
        return self.rank == 0

    def prepare(self, model: nn.Module) -> Callable[..., Any]:
        """Return a network as it is called in training: on its device, gradients shared between the processes."""
        prepared: Callable[..., Any] = self._accelerator.prepare_model(model)
        return prepared

    def backward(self, loss: Tensor) -> None:
        """Compute gradients; with several processes, their mean."""
        self._accelerator.backward(loss)

    def share(self, positions: NDArray[T]) -> NDArray[T]:  # type: ignore[type-var]
        """Return this process's part of a batch (or of any list of work), every n-th of it."""
        return positions[self.rank :: self.count]

    def check_batch(self, batch: int) -> None:
        """Refuse a batch that cannot be shared evenly.

        Raises:
            TrainingError: It is not a multiple of the number of processes.
        """
        if batch % self.count:
            raise TrainingError(f"A batch of {batch} cannot be shared by {self.count} processes; choose a multiple.")

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a value over the processes."""
        return self._accelerator.reduce(value, "mean") if self.count > 1 else value

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process, so that all of them do the same."""
        if self.count == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def gather(self, item: T) -> list[T]:
        """Return the item of every process, in the order of ranks."""
        return list(gather_object([item])) if self.count > 1 else [item]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:  # after an error the others may never come
            self.wait()
        self.close()

    def close(self) -> None:
        """Part from the other processes; the run is over.

        The wrapped model is let go first: its gradient buckets belong to the group of processes, whose threads abort
        the interpreter where they outlive it.
        """
        self._accelerator.free_memory()
        self._accelerator.end_training()

    def wait(self) -> None:
        """Wait until every process is here."""
        self._accelerator.wait_for_everyone()
