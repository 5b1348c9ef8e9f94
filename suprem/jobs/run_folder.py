"""What can be shown of a training run while it runs and after: read from its folder alone.

`suprem.training.runlog` writes the folder; whoever reads it needs neither torch nor the process that trains.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from suprem.errors import JobError

MAX_POINTS = 600
"""Points of a curve that are handed on; more cannot be seen."""


class CurveAxis(StrEnum):
    """Over what a curve is drawn."""

    STEP = "optimiser step"
    EPOCH = "epoch"
    HOURS = "hours since it began"
    """Pauses of a run that was resumed count."""


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Return exponential moving averages, corrected so that the first values are not drawn towards zero.

    Args:
        values: In their order.
        weight: Of what came before, from 0, which changes nothing, to below 1.
    """
    means, mean, share = [], 0.0, 0.0
    for value in values:
        mean = weight * mean + (1.0 - weight) * value
        share = weight * share + (1.0 - weight)
        means.append(mean / share)
    return means


@dataclass
class Metrics:
    """The metrics of a run, read on from where the last reading ended: a long run costs no more than its new lines."""

    path: Path
    rows: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {"train": [], "validation": []})
    _read: int = 0
    _last: bytes = b""
    _curves: dict[tuple[str, str, CurveAxis], tuple[int, tuple[list[float], list[float]]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def refresh(self) -> Metrics:
        """Read what was written since the last reading; a file that a resumed run wrote again is read anew.

        Such a file may by now be longer than what was read of the old one, so its length tells nothing: the line that
        was read last must still stand where it stood. Several browser sessions share one object, hence the lock.
        """
        with self._lock:
            new = self._from(self._read - len(self._last))
            if not new.startswith(self._last) or not new:
                self.rows, self._read, self._last, self._curves = {"train": [], "validation": []}, 0, b"", {}
                new = self._from(0)
            new = new[len(self._last) : new.rfind(b"\n") + 1]  # the last line may not be finished yet
            for line in new.splitlines(keepends=True):
                row = json.loads(line)
                self.rows.setdefault(row.pop("split"), []).append(row)
                self._last = line
            self._read += len(new)
        return self

    def _from(self, offset: int) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read()

    def curve(self, split: str, name: str, over: CurveAxis | None = None) -> tuple[list[float], list[float]]:
        """Return positions and values of one metric, thinned evenly to `MAX_POINTS`; the newest point is kept.

        Args:
            split: "train" or "validation".
            name: Of the metric.
            over: What the positions are; steps by default.
        """
        rows, over = self.rows.get(split, []), over or CurveAxis.STEP
        key = split, name, over
        # Epochs are read off the validation rows, so a new one of those moves the curves of training, too.
        size = sum(map(len, self.rows.values()))
        drawn, curve = self._curves.get(key, (-1, ([], [])))
        if drawn != size:  # a page draws the same curves again and again
            places = self._places(rows, over)
            found = [(place, row[name]) for place, row in zip(places, rows, strict=True) if name in row]
            every = max(1, -(-len(found) // MAX_POINTS))
            thinned = [point for point in found[::-1][::every][::-1] if point[0] is not None]
            curve = [float(place or 0) for place, _ in thinned], [value for _, value in thinned]
            self._curves[key] = size, curve
        return curve

    def _places(self, rows: Sequence[Mapping[str, float]], over: CurveAxis) -> list[float | None]:
        if over is CurveAxis.STEP:
            return [row["step"] for row in rows]
        if over is CurveAxis.HOURS:
            known = [row["t"] for split in self.rows.values() for row in split if "t" in row]
            return [(row["t"] - min(known)) / 3600 if "t" in row else None for row in rows]
        ends = {row["step"]: row["epoch"] + 1.0 for row in self.rows["validation"] if "epoch" in row}
        if not ends:
            return [row.get("epoch") for row in rows]
        steps, epochs = [0.0, *sorted(ends)], [0.0, *(ends[step] for step in sorted(ends))]
        pace = (epochs[-1] - epochs[-2]) / (steps[-1] - steps[-2])
        return [float(np.interp(row["step"], steps, epochs)) + max(0.0, row["step"] - steps[-1]) * pace for row in rows]

    @property
    def best_auroc(self) -> float | None:
        """Highest macro AUROC on the validation records so far; None too for an objective without one."""
        judged = [row["macro_auroc"] for row in self.rows["validation"] if "macro_auroc" in row]
        return max(judged, default=None)


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        folder: Where it lies.
        config: What defines it, flat: "training.epochs" -> 22.
        environment: Data, vocabulary, encoder, code, packages, hardware.
        finished: Whether it ran to its end.
    """

    folder: Path
    config: dict[str, Any]
    environment: dict[str, Any]
    finished: bool

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def checkpoint(self) -> Path | None:
        """The best checkpoint, None before the first epoch ended and for an encoder, which knows no words to score."""
        best = self.folder / "best"
        try:
            kind = json.loads((best / "config.json").read_text(encoding="utf-8")).get("kind")
        except (OSError, ValueError):
            return None
        return None if kind == "encoder" else best


def open_run(folder: Path) -> Run:
    """Read what defines a run.

    Raises:
        JobError: The folder holds no run, or what it holds is damaged.
    """
    try:
        config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
        environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobError(f"{folder.name} is not a run folder, or it is damaged ({type(error).__name__}).") from error
    return Run(folder, _flat(config), environment, (folder / "manifest.json").exists())


def list_runs(folder: Path) -> list[Run]:
    """Return the runs below a folder, newest first; folders that hold none are passed over."""
    found = []
    for path in folder.glob("*/config.toml"):
        with suppress(JobError, FileNotFoundError):  # no run, or it is deleted in this moment
            found.append((-path.stat().st_mtime_ns, path.parent.name, open_run(path.parent)))
    return [run for *_, run in sorted(found, key=lambda one: one[:2])]


def run_checkpoints(folder: Path) -> dict[str, Path]:
    """Return the best checkpoints of the runs below a folder, newest first, by "Run NAME"."""
    return {f"Run {run.name}": run.checkpoint.absolute() for run in list_runs(folder) if run.checkpoint}


def differences(runs: list[Run], former_names: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the settings in which the runs differ, with each run's value.

    Args:
        runs: The runs.
        former_names: Names that settings had in earlier versions -> those they have now.
    """
    configs = [{former_names.get(name, name): value for name, value in run.config.items()} for run in runs]
    names = sorted(set().union(*configs))
    table = {name: [config.get(name) for config in configs] for name in names}
    facts = {
        "vocabulary": [run.environment.get("vocabulary", "")[:12] for run in runs],
        "corpus": [run.environment.get("data", {}).get("corpus") for run in runs],
        "commit": [run.environment.get("commit", "")[:12] for run in runs],
    }
    return {name: values for name, values in {**table, **facts}.items() if len({repr(v) for v in values}) > 1}


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
