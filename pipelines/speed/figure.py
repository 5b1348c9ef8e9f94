"""One measured figure, and the two measures that all groups share: a median time and the machine's own rate."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Args:
        name: What was measured; indented where it is part of the figure above.
        value: The measured number.
        unit: Its unit, empty for a ratio.
        note: What a reader has to know about it.
        wanted: The bound that it should keep, for example "< 100".
    """

    name: str
    value: float
    unit: str
    note: str = ""
    wanted: str = ""


def median_seconds(work: Callable[[], object], *, repeats: int = 15) -> float:
    """Return the median duration of some work, after one call that warms caches up."""
    work()
    return statistics.median(seconds(work) for _ in range(repeats))


def seconds_in_turn(works: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, float]:
    """Return the median duration of several works, taken in turn: what else the machine does meets all of them alike,
    so that their ratios hold where the durations do not."""
    for work in works.values():
        work()
    times = [{name: seconds(work) for name, work in works.items()} for _ in range(repeats)]
    return {name: statistics.median(time[name] for time in times) for name in works}


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def matmul_rate() -> float:
    """Return the best rate of a large float32 matrix product in FLOP/s, with the threads torch uses."""
    a, b = torch.randn(2048, 1024), torch.randn(1024, 1024)
    return 2 * 2048 * 1024 * 1024 / min(seconds(lambda: torch.mm(a, b)) for _ in range(12))
