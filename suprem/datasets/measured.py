"""Hand-crafted measurements of many recordings as a table of numbers: the reference that learned features must beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.measure import Measured, Measurements, measure
from suprem.ecg.readers import read_ecg
from suprem.ecg.record import LEADS
from suprem.errors import EcgError

INTERVALS = ("heart_rate", "rr_spread", "pr", "qrs", "qt", "qtc_fridericia")
BY_LEAD = ("st", "r", "s")
COUNTS = ("beats", "early", "other_shape")

MEASURED = (
    *INTERVALS,
    *COUNTS,
    "axis_cosine",
    "axis_sine",
    *(f"{name}_{lead}" for name in BY_LEAD for lead in LEADS),
)
"""Names of the columns: rate per minute, intervals in ms, counts of beats, the axis as a direction, levels in mV."""


def measure_files(paths: Sequence[Path], *, workers: int = 1) -> Iterator[NDArray[np.float64]]:
    """Yield for each file, in order, its measurements (`MEASURED`); NaN where there is none, or for all of it.

    Args:
        paths: What `read_ecg` takes.
        workers: Processes that read.
    """
    if workers <= 1:
        yield from map(measure_file, paths)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(measure_file, paths, chunksize=32)


def measure_file(path: Path) -> NDArray[np.float64]:
    """Return the measurements of one file; arguments as in `measure_files`."""
    try:
        return as_numbers(measure(read_ecg(path)))
    except (EcgError, OSError):
        return np.full(len(MEASURED), np.nan)


def as_numbers(found: Measurements) -> NDArray[np.float64]:
    """Return measurements in the order of `MEASURED`."""
    axis = np.deg2rad(_number(found.axis))
    by_lead = [_number(getattr(found, name).get(lead)) for name in BY_LEAD for lead in LEADS]
    numbers = [_number(getattr(found, name)) for name in INTERVALS]
    counts = [float(getattr(found, name)) for name in COUNTS]
    return np.array([*numbers, *counts, np.cos(axis), np.sin(axis), *by_lead])


def fill_missing(
    train: NDArray[np.float64], evaluated: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Replace what is missing by the median of the training records and say in a column of its own that it was.

    Args:
        train: (record, measurement) with NaN.
        evaluated: The same of other records; nothing is learned from them.

    Returns:
        Both as (record, 2 x measurement), all finite.
    """
    known = np.isfinite(train).any(axis=0)
    medians = np.zeros(train.shape[1])
    medians[known] = np.nanmedian(train[:, known], axis=0)
    filled = [
        np.column_stack([np.where(np.isfinite(table), table, medians), ~np.isfinite(table)])
        for table in (train, evaluated)
    ]
    return filled[0], filled[1]


def _number(value: Measured | None) -> float:
    return float("nan") if value is None or value.value is None else float(value.value)
