"""Which part of a recording that is longer than the model's window is read, for evaluations.

Everywhere else the cleanest window is read. Published figures on CPSC-2018 (6 to 60 s) read the first five seconds,
half a window of which stays empty; reading all of it in windows loses nothing and is what an evaluation should state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.checks.quality import Level, assess_quality
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.intake import examine_files
from suprem.ecg.preprocess import SignalSpec, crop, preprocess
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError

PUBLISHED_SECONDS = 5.0
"""MERL keeps 2,500 samples at 500 Hz and pads them to 5,000."""


def _first_seconds(record: EcgRecord, _: float) -> list[EcgRecord]:
    return [crop(record, 0.0, PUBLISHED_SECONDS)]


def _all_windows(record: EcgRecord, seconds: float) -> list[EcgRecord]:
    """Cut into as few windows as cover all of it, evenly spread, so that the last ends with the recording."""
    count = math.ceil(record.seconds / seconds - 1e-9)
    if count <= 1:
        return [record]
    return [crop(record, float(start), seconds) for start in np.linspace(0.0, record.seconds - seconds, count)]


CROPS: dict[str, Callable[[EcgRecord, float], list[EcgRecord]] | None] = {
    "cleanest": None,
    "published": _first_seconds,
    "full": _all_windows,
}
"""By name: how a record is cut into pieces for windows of so many seconds; None leaves it to `preprocess`."""


@dataclass(frozen=True, eq=False)
class Cropped:
    """What is read of one file.

    Args:
        signal: Float32 (lead, time) for "cleanest", else (window, lead, time); or why there is none.
        remarks: What was assumed in reading it and what the quality check warns of.
    """

    signal: NDArray[np.float32] | EcgError
    remarks: str = ""


def cropped_signals(paths: Sequence[Path], spec: SignalSpec, rule: str) -> Iterator[Cropped]:
    """Yield for each file, in order, its prepared windows or why there are none, whatever its quality.

    Args:
        paths: What `read_ecg` takes.
        spec: What the model reads.
        rule: A key of `CROPS`.
    """
    cut = CROPS[rule]
    if cut is None:
        for found in examine_files(paths, spec, ignore_quality=True):
            yield Cropped(EcgError(found.message) if found.signal is None else found.signal, found.remarks)
        return
    for path in paths:
        try:
            record = read_ecg(path)
            warned = (one.message for one in assess_quality(record) if one.level in (Level.WARN, Level.BLOCK))
            yield Cropped(_windows(cut(record, spec.seconds), spec), " ".join((*record.notes, *warned)))
        except EcgError as error:
            yield Cropped(EcgError(str(error)))
        except OSError as error:
            yield Cropped(EcgError(f"The file cannot be opened: {error.strerror or error}."))


def _windows(pieces: Sequence[EcgRecord], spec: SignalSpec) -> NDArray[np.float32]:
    """Prepare the pieces (window, lead, time); one that holds no signal is left out where another does."""
    prepared, refused = [], []
    for piece in pieces:
        try:
            prepared.append(preprocess(piece, spec).signal)
        except EcgError as error:
            refused.append(error)
    if not prepared:
        raise refused[0]
    return np.stack(prepared)
