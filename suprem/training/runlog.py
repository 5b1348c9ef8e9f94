"""The folder of a run: everything that defines it, its metrics while it runs, its two checkpoints.

<run>/config.toml        the configuration, as given and completed
<run>/environment.json   data, vocabulary, encoder, commit, package versions, hardware
<run>/metrics.jsonl      one line per logged step and per epoch; the page reads this
<run>/tensorboard/       the same metrics as event files
<run>/best/              the checkpoint with the best validation AUROC
<run>/last/              weights, optimiser and random state to resume from
<run>/manifest.json      the outcome; written last, so its presence means the run finished
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from suprem.atomic import write_text
from suprem.errors import TrainingError
from suprem.training.trackers import Tracker


@dataclass(frozen=True)
class RunLog:
    """Writes into one run folder, and hands the metrics on to trackers."""

    folder: Path
    trackers: tuple[Tracker, ...] = ()

    @classmethod
    def start(cls, folder: Path, *, config_toml: str, environment: dict[str, Any]) -> RunLog:
        """Create the folder and write what defines the run.

        Raises:
            TrainingError: Another run lies there already.
        """
        if (folder / "metrics.jsonl").exists() or (folder / "last").exists():
            raise TrainingError(f"{folder} holds another run. Choose a new folder, or continue that run with --resume.")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "environment.json", json.dumps(environment, indent=1))
        write_text(folder / "config.toml", config_toml)  # last: a folder that has it can be resumed
        return cls(folder)

    def metric(self, **values: float | int | str) -> None:
        """Append one line to `metrics.jsonl`, with the time in seconds since 1970; `step` and `split` are expected."""
        line = {"t": round(time.time(), 3), **values}
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        figures = {
            name: float(value) for name, value in values.items() if name != "step" and not isinstance(value, str)
        }
        for tracker in self.trackers:
            tracker.log(str(values.get("split", "train")), int(values["step"]), figures)

    def tracked_by(self, *trackers: Tracker) -> RunLog:
        """Return the log of the same folder with these trackers."""
        return replace(self, trackers=trackers)

    def close(self) -> None:
        """Close the trackers; the run is over or paused."""
        for tracker in self.trackers:
            tracker.close()

    def keep_until(self, step: int) -> None:
        """Drop metrics after `step`, which a resumed run will write again, and a last line that was cut off."""
        path = self.folder / "metrics.jsonl"
        if path.exists():
            lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
            write_text(path, "".join(f"{line}\n" for line in lines if json.loads(line)["step"] <= step))
        for tracker in self.trackers:
            tracker.resume(step)

    def finish(self, outcome: dict[str, Any]) -> None:
        """Write the manifest that marks the run as finished."""
        write_text(self.folder / "manifest.json", json.dumps(outcome, indent=1))
