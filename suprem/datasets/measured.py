"""Hand-crafted measurements of many recordings as a table of numbers.

They are the reference that learned features must beat, and decide the labels of `suprem.concepts.measured`. Those of a
signal store's records lie in it, as measurements.csv, row for row: measuring takes longer than reading (0.04 s each).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suprem.atomic import replacing
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.measurement.measure import measure
from suprem.ecg.measurement.quantities import MEASURED, as_numbers, quantities
from suprem.errors import DatasetError, EcgError
from suprem.progress import Progress

TABLE = "measurements.csv"


def measurements_of(
    folder: Path, store: SignalStore, *, workers: int = 1, progress: Progress = lambda _f, _m: None
) -> pd.DataFrame:
    """Return the measurements (record, `MEASURED`) of a store's records; measured once and kept in the store.

    Args:
        folder: Where the store lies.
        store: The same, opened. What is measured are the recordings that it was made of.
        workers: Processes that measure.
        progress: Called with the fraction done and a message.

    Raises:
        DatasetError: The table is of other records, or none of the recordings could be measured.
    """
    if (folder / TABLE).exists():
        kept = pd.read_csv(folder / TABLE, dtype={"record_id": str})
        if list(kept["record_id"]) == list(store.index.table["record_id"]) and set(MEASURED) <= set(kept.columns):
            return kept[list(MEASURED)]
        raise DatasetError(f"{TABLE} of the store {folder.name} is of other records or columns; remove it and repeat.")
    found = []
    for count, numbers in enumerate(measure_files(store.index.files(), workers=workers), start=1):
        found.append(numbers)
        progress(count / len(store.index), f"{count:,} of {len(store.index):,} measured")
    table = pd.DataFrame(np.stack(found), columns=list(MEASURED))
    if not np.isfinite(table.to_numpy()).any():
        raise DatasetError(f"None of the recordings under {store.index.root.name} could be measured; are they there?")
    with replacing(folder / TABLE) as path:
        table.assign(record_id=store.index.table["record_id"].to_numpy()).to_csv(path, index=False, float_format="%.5g")
    return table


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


def quantities_of(folder: Path, store: SignalStore) -> dict[str, NDArray[np.float64]]:
    """Return the measurements of a store's records by name with what is derived from them, each (record,).

    Args:
        folder: Where the store lies.
        store: The signals.

    Raises:
        DatasetError: The recordings have not been measured and cannot be.
    """
    table = measurements_of(folder, store)
    return quantities({str(name): table[name].to_numpy(np.float64) for name in table.columns})


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
