"""Hand-crafted measurements of many recordings as a table of numbers.

They are the reference that learned features must beat, and decide the labels of `suprem.concepts.measured`. Those of a
signal store's records lie in it, as measurements.csv, row for row: measuring takes longer than reading (0.04 s each).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suprem.atomic import replacing
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.intake import reader_pool
from suprem.ecg.measurement.measure import measure
from suprem.ecg.measurement.quantities import MEASURED, as_numbers, quantities
from suprem.errors import DatasetError, EcgError
from suprem.lock import only_writer
from suprem.part import Part
from suprem.progress import Progress

TABLE = "measurements.csv"
PARTIAL = "measurements.partial.csv"
"""What a run that was stopped has measured so far, in the order of the store."""

DIGITS = "%.5g"


def measurements_of(
    folder: Path, store: SignalStore, *, workers: int = 1, progress: Progress = lambda _f, _m: None
) -> pd.DataFrame:
    """Return the measurements (record, `MEASURED`) of a store's records; measured once and kept in the store;
    what was stopped goes on where it was.

    Args:
        folder: Where the store lies.
        store: The same, opened. What is measured are the recordings that it was made of.
        workers: Processes that measure.
        progress: Called with the fraction done and a message.

    Raises:
        DatasetError: The table is of other records, or none of the recordings could be measured.
        FolderInUse: Another process measures the same store.
    """
    if (folder / TABLE).exists():
        kept = pd.read_csv(folder / TABLE, dtype={"record_id": str})
        if list(kept["record_id"]) == list(store.index.table["record_id"]) and set(MEASURED) <= set(kept.columns):
            return kept[list(MEASURED)]
        raise DatasetError(f"{TABLE} of the store {folder.name} is of other records or columns; remove it and repeat.")
    with only_writer(folder):
        table = _measure_on(folder / PARTIAL, store, range(len(store.index)), workers, progress)
        _keep(folder, store, table)
    (folder / PARTIAL).unlink()
    return table


def measure_part(
    folder: Path, store: SignalStore, part: Part, *, workers: int = 1, progress: Progress = lambda _f, _m: None
) -> None:
    """Measure a part of a store's records, beside others who measure the other parts; `join_parts` makes the table.

    Arguments as in `measurements_of`; a part that was stopped goes on where it was.

    Raises:
        FolderInUse: Another process measures this part.
    """
    path = _path_of(folder, part)
    with only_writer(path.with_suffix(""), replaces=True):
        _measure_on(path, store, _rows_of(store, part), workers, progress)


def join_parts(folder: Path, store: SignalStore) -> pd.DataFrame:
    """Make one table of measured parts and keep it in the store, as `measurements_of` does.

    Raises:
        DatasetError: A part is missing or not measured to its end, or none of the recordings could be measured.
    """
    if (folder / TABLE).exists():
        return measurements_of(folder, store)
    counts = {int(path.stem.rpartition("-")[2]) for path in folder.glob("measurements.part-*-of-*.csv")}
    if len(counts) != 1:
        found = f"parts of {' and of '.join(map(str, sorted(counts)))}" if counts else "no measured parts"
        raise DatasetError(f"The store {folder.name} holds {found}; expected the parts of one number, see --part I/N.")
    count = counts.pop()
    parts = [Part(number, count) for number in range(1, count + 1)]
    tables = []
    for part in parts:
        names = [str(store.index.table["record_id"].iloc[row]) for row in _rows_of(store, part)]
        table = _measured_so_far(_path_of(folder, part), names)
        if len(table) < len(names):
            raise DatasetError(f"Part {part} has measured {len(table)} of {len(names)} records; run it again first.")
        tables.append(table[list(MEASURED)].to_numpy(np.float64))
    joined = pd.DataFrame(np.concatenate(tables), columns=list(MEASURED))
    with only_writer(folder):
        _keep(folder, store, joined)
    for part in parts:
        _path_of(folder, part).unlink()
    return joined


def _path_of(folder: Path, part: Part) -> Path:
    return folder / f"measurements.part-{part.number}-of-{part.count}.csv"


def _rows_of(store: SignalStore, part: Part) -> range:
    """Return the rows of a part: neighbours, so that parts one after the other are the table."""
    total = len(store.index)
    return range(total * (part.number - 1) // part.count, total * part.number // part.count)


def _keep(folder: Path, store: SignalStore, table: pd.DataFrame) -> None:
    if not np.isfinite(table.to_numpy()).any():
        raise DatasetError(f"None of the recordings under {store.index.root.name} could be measured; are they there?")
    with replacing(folder / TABLE) as path:
        table.assign(record_id=store.index.table["record_id"].to_numpy()).to_csv(path, index=False, float_format=DIGITS)


def _measure_on(path: Path, store: SignalStore, rows: range, workers: int, progress: Progress) -> pd.DataFrame:
    """Measure the records in rows of a store that a stopped run has not measured yet; each is written when done."""
    names = list(store.index.table["record_id"])[rows.start : rows.stop]
    earlier = _measured_so_far(path, names)
    columns = [*MEASURED, "record_id"]
    with replacing(path) as temporary:
        earlier.to_csv(temporary, index=False, columns=columns, float_format=DIGITS)
    found = [earlier[list(MEASURED)].to_numpy(np.float64)]
    with path.open("a", encoding="utf-8", newline="") as file:
        numbers_of = measure_files(store.index.files()[rows.start + len(earlier) : rows.stop], workers=workers)
        for count, numbers in enumerate(numbers_of, start=len(earlier) + 1):
            row = pd.DataFrame([[*numbers, names[count - 1]]], columns=columns)
            row.to_csv(file, index=False, header=False, float_format=DIGITS)
            file.flush()
            found.append(numbers[None])
            progress(count / len(names), f"{count:,} of {len(names):,} measured")
    return pd.DataFrame(np.concatenate(found), columns=list(MEASURED))


def _measured_so_far(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a stopped run; none where there was none, or it measured other records or quantities."""
    columns = [*MEASURED, "record_id"]
    nothing = pd.DataFrame(columns=columns)
    if not path.is_file():
        return nothing
    text = path.read_text(encoding="utf-8", errors="replace")
    try:  # the last line may have been cut off
        found = pd.read_csv(StringIO(text[: text.rfind("\n") + 1]), dtype={"record_id": str})
    except ValueError:
        return nothing
    same = list(found.columns) == columns and list(found["record_id"]) == list(names[: len(found)])
    return found if same else nothing


def measure_files(paths: Sequence[Path], *, workers: int = 1) -> Iterator[NDArray[np.float64]]:
    """Yield for each file, in order, its measurements (`MEASURED`); NaN where there is none, or for all of it.

    Args:
        paths: What `read_ecg` takes.
        workers: Processes that read.
    """
    if workers <= 1:
        yield from map(measure_file, paths)
        return
    with reader_pool(workers) as pool:
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
