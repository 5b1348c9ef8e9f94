"""Trackers of metrics besides `metrics.jsonl`: TensorBoard event files always, MLflow where one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from torch.utils.tensorboard import SummaryWriter

from suprem.errors import ConfigError

Metrics = dict[str, float]


class Tracker(Protocol):
    """Receives what the run log receives."""

    def log(self, split: str, step: int, metrics: Metrics) -> None:
        """Take the metrics of a split ("train" or "validation") at a step."""

    def resume(self, step: int) -> None:
        """Forget what came after a step; it will come again."""

    def close(self) -> None:
        """Write what is left; the run is over or paused."""


class TensorBoardTracker:
    """Event files below the run folder: `tensorboard --logdir RUNS` compares runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tensorboard"
        self._writer = SummaryWriter(str(self._folder))

    def log(self, split: str, step: int, metrics: Metrics) -> None:
        """Write scalars."""
        for name, value in metrics.items():
            self._writer.add_scalar(f"{split}/{name}", value, step)

    def resume(self, step: int) -> None:
        """Begin a new event file that hides later points of the older ones."""
        self._writer.close()
        self._writer = SummaryWriter(str(self._folder), purge_step=step + 1)

    def close(self) -> None:
        """Flush and close the event file."""
        self._writer.close()


class MlflowTracker:
    """A run on an MLflow server. The package `mlflow` is the user's to install: it brings 87 others.

    Args:
        uri: Address of the server.
        name: Name of the run.
        parameters: What defines the run.

    Raises:
        ConfigError: The package is not installed.
    """

    def __init__(self, uri: str, *, name: str, parameters: dict[str, Any]) -> None:
        try:
            import mlflow
        except ImportError as error:
            raise ConfigError(
                "MLFLOW_TRACKING_URI is set but mlflow is not installed; run `pip install mlflow-skinny` or unset it."
            ) from error
        self._mlflow = mlflow
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment("suprem")
        mlflow.start_run(run_name=name)
        mlflow.log_params(parameters)

    def log(self, split: str, step: int, metrics: Metrics) -> None:
        """Send metrics."""
        self._mlflow.log_metrics({f"{split}/{name}": value for name, value in metrics.items()}, step=step)

    def resume(self, step: int) -> None:
        """The server keeps what it was sent; the newer value of a step is shown."""

    def close(self) -> None:
        """End the run on the server."""
        self._mlflow.end_run()
