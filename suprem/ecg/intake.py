"""Many ECG files to model input: each is read, checked and prepared, in several processes where there are many."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.checks.quality import Level, assess_quality, signal_quality
from suprem.ecg.coverage import Coverage
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.preprocess import Prepared, SignalSpec, preprocess, preprocess_all
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError

FEW = 128
"""Up to so many files are read in this process; to start others would take longer."""

_PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""

AHEAD = 2048
"""Files read ahead of what is asked for, at most, so that a slow reader of the results does not fill the memory."""

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Examined:
    """One file, read and checked.

    Args:
        signal: Prepared (lead, time); None where the file cannot be read or is not to be scored.
        level: The worst finding of the quality check, None where the file cannot be read.
        message: What was found, or why it cannot be read; empty for a good recording.
        notes: What the reader had to assume or do.
        quality: Graded signal quality, 0 to 1; None where the file cannot be read or is too short for it.
        coverage: How much of the window was recorded; None where there is no signal.
    """

    signal: NDArray[np.float32] | None
    level: Level | None
    message: str
    notes: tuple[str, ...] = ()
    quality: float | None = None
    coverage: Coverage | None = None

    @property
    def remarks(self) -> str:
        """What was assumed in reading it and what the quality check warns of, in one text; "" of an unreadable file."""
        return "" if self.level is None else " ".join(filter(None, (*self.notes, self.message)))


def examine_files(
    paths: Sequence[Path],
    spec: SignalSpec,
    *,
    ignore_quality: bool = False,
    table: TableFormat | None = None,
    links: bool = True,
    workers: int | None = None,
) -> Iterator[Examined]:
    """Yield for each file, in order, what was found. Arguments as in `prepare_files`, and:

    Args:
        ignore_quality: Give the signal also of what the quality gate blocks.
        links: As of `read_ecg`.
    """
    examine = partial(_examine, spec=spec, ignore_quality=ignore_quality, table=table, links=links)
    return _in_order(examine, paths, workers)


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
    return _in_order(partial(prepare_file, spec=spec, gate=gate, table=table), paths, workers)


def prepare_all_windows(
    paths: Sequence[Path],
    spec: SignalSpec,
    *,
    gate: bool = False,
    table: TableFormat | None = None,
    workers: int | None = None,
) -> Iterator[list[Prepared] | EcgError]:
    """Yield for each file, in order, all its windows (`preprocess_all`) or why there are none. Arguments as in
    `prepare_files`."""
    return _in_order(partial(_prepare, work=partial(preprocess_all, spec=spec), gate=gate, table=table), paths, workers)


def prepare_file(
    path: Path, spec: SignalSpec, *, gate: bool = False, table: TableFormat | None = None
) -> NDArray[np.float32] | EcgError:
    """Return the prepared signal (lead, time) of one file, or why there is none. Arguments as in `prepare_files`."""
    found = _prepare(path, work=partial(preprocess, spec=spec), gate=gate, table=table)
    return found if isinstance(found, EcgError) else found.signal


def _prepare(
    path: Path, *, work: Callable[[EcgRecord], Result], gate: bool, table: TableFormat | None
) -> Result | EcgError:
    """Return what `work` makes of one file, or why the file cannot be used."""
    try:
        record = read_ecg(path, table=table)
        blocking = [found.message for found in assess_quality(record) if found.level is Level.BLOCK] if gate else []
        return EcgError(" ".join(blocking)) if blocking else work(record)
    except EcgError as error:
        return EcgError(str(error))
    except OSError as error:
        return EcgError(f"The file cannot be opened: {error.strerror or error}.")


def _examine(path: Path, *, spec: SignalSpec, ignore_quality: bool, table: TableFormat | None, links: bool) -> Examined:
    try:
        record = read_ecg(path, table=table, links=links)
        found = assess_quality(record)
        findings = [one for one in found if one.level in (Level.WARN, Level.BLOCK)]
        graded = signal_quality(found)
        blocked = any(finding.level is Level.BLOCK for finding in findings)
        level = Level.BLOCK if blocked else Level.WARN if findings else Level.OK
        prepared = preprocess(record, spec) if ignore_quality or not blocked else None
        message = " ".join(finding.message for finding in findings)
        signal, coverage = (prepared.signal, prepared.coverage) if prepared else (None, None)
        return Examined(signal, level, message, record.notes, graded.value if graded else None, coverage)
    except EcgError as error:
        return Examined(None, None, str(error))
    except OSError as error:
        return Examined(None, None, f"The file cannot be opened: {error.strerror or error}.")


def _in_order(work: Callable[[Path], Result], paths: Sequence[Path], workers: int | None) -> Iterator[Result]:
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(paths) <= FEW:
        yield from map(work, paths)
        return
    with reader_pool(workers) as pool:
        for first in range(0, len(paths), AHEAD):
            yield from pool.map(work, paths[first : first + AHEAD], chunksize=16)


def reader_pool(workers: int) -> ProcessPoolExecutor:
    """Return processes to read files in, which end with this one, however it ends."""
    return ProcessPoolExecutor(workers, initializer=_leave_stopping_to_the_parent, initargs=(os.getpid(),))


def _leave_stopping_to_the_parent(parent: int) -> None:
    """A cancelled job signals its whole process group; the parent then finishes what it has, and ends its readers.

    A parent that is killed cannot, so the kernel ends them where it offers that.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed before
            os._exit(1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
