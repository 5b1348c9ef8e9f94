"""Many ECG files to model input: each is read, checked and prepared, in several processes where there are many."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.quality import Level, assess_quality
from suprem.ecg.readers import read_ecg
from suprem.ecg.table import TableFormat
from suprem.errors import EcgError

FEW = 128
"""Up to so many files are read in this process; to start others would take longer."""

AHEAD = 2048
"""Files read ahead of what is asked for, at most, so that a slow reader of the results does not fill the memory."""


def prepare_files(
    paths: Sequence[Path],
    spec: SignalSpec,
    *,
    gate: bool = False,
    table: TableFormat | None = None,
    workers: int | None = None,
) -> Iterator[NDArray[np.float32] | EcgError]:
    """Yield for each file, in order, its prepared signal (lead, time) or why there is none.

    Args:
        paths: Primary files, as `find_records` gives them.
        spec: How to prepare them.
        gate: Also refuse what the quality gate blocks.
        table: Rate, unit and leads of CSV and NumPy files that do not carry them.
        workers: Processes that read; one for each core by default.
    """
    prepare = partial(prepare_file, spec=spec, gate=gate, table=table)
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(paths) <= FEW:
        yield from map(prepare, paths)
        return
    with ProcessPoolExecutor(workers) as pool:
        for first in range(0, len(paths), AHEAD):
            yield from pool.map(prepare, paths[first : first + AHEAD], chunksize=16)


def prepare_file(
    path: Path, spec: SignalSpec, *, gate: bool = False, table: TableFormat | None = None
) -> NDArray[np.float32] | EcgError:
    """Return the prepared signal (lead, time) of one file, or why there is none. Arguments as in `prepare_files`."""
    try:
        record = read_ecg(path, table=table)
        blocking = [found.message for found in assess_quality(record) if found.level is Level.BLOCK] if gate else []
        return EcgError(" ".join(blocking)) if blocking else preprocess(record, spec).signal
    except EcgError as error:
        return EcgError(str(error))
    except OSError as error:
        return EcgError(f"The file cannot be opened: {error.strerror or error}.")
