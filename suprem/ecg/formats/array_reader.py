"""NumPy files: one array (.npy), or an archive (.npz) with `signal` and, where known, `fs`, `leads` and `units`."""

from __future__ import annotations

import io
import math
import sys
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES
from suprem.ecg.formats.table import Table, TableFormat, facts_among, leads_among, read_table, signal_among
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, UnreadableEcg

_MAX_BYTES = 8 * MAX_SAMPLES + 10_000
_MAX_MEMBERS = 64
_MAX_FACTS = 64
"""Values of an array that may be a fact about the signal: a rate, or the names of its leads."""


def read_npy(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read an array (lead, time) or (time, lead); nothing in the file is ever executed.

    Raises:
        UnreadableEcg: The file is damaged, holds objects, or its array is no ECG.
        EcgError: Rate, leads or unit are missing.
    """
    return read_table(Table(_numbers(_load(io.BytesIO(data), len(data))), "NPY"), given, record_id)


def read_npz(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read the array of an archive that is the signal (`signal`, or the only one of its shape) and the facts beside it.

    Raises:
        UnreadableEcg: The archive is damaged, holds objects or no such array.
        EcgError: Rate, leads or unit are missing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {item.filename.removesuffix(".npy"): item for item in archive.infolist()[:_MAX_MEMBERS]}
            stated = {}
            for name, item in members.items():
                with archive.open(item) as stream:
                    stated[name] = _stated(stream)
            shapes = {name: shape for name, (shape, _) in stated.items()}
            signal = signal_among(shapes)
            rows = (signal,) if signal else leads_among(shapes)
            if not rows:
                raise UnreadableEcg(
                    f"The .npz archive has {len(members)} arrays and none is 'signal'; name the ECG so."
                )
            values: dict[str, NDArray[np.generic]] = {}
            for name, item in members.items():
                shape, dtype = stated[name]
                if name in rows or (math.prod(shape) <= _MAX_FACTS and not dtype.hasobject):
                    with archive.open(item) as stream:  # reads no further than the array's own header claims
                        values[name] = _load(stream, item.file_size)
    except EcgError:
        raise
    except Exception as error:  # a damaged archive makes zipfile and zlib raise almost anything
        raise UnreadableEcg(f"The .npz archive is damaged ({type(error).__name__}); save it again.") from None
    fs, names, units = facts_among({name: _texts(array) for name, array in values.items()})
    if signal:
        return read_table(Table(_numbers(values[signal]), "NPZ", names, units, fs), given, record_id)
    signals = np.stack([_numbers(values[name]).ravel() for name in rows])
    return read_table(Table(signals, "NPZ", rows, units, fs), given, record_id)


def write_npz(path: Path, record: EcgRecord) -> None:
    """Write the signal of a record and what is needed to read it again: nothing that tells whose it is."""
    with path.open("wb") as file:
        np.savez_compressed(
            file, signal=record.signal, fs=np.float64(record.fs), leads=np.array(record.leads), units=np.array(["mV"])
        )


def array_shape(stream: IO[bytes]) -> tuple[int, ...] | None:
    """Return the shape a .npy file states, or None where it is not one; the data is not read."""
    try:
        return _stated(stream)[0]
    except UnreadableEcg:
        return None


def _stated(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except Exception as error:  # the header is parsed as a Python literal and can fail in many ways
        raise UnreadableEcg(f"The NumPy file is damaged ({type(error).__name__}); save the array again.") from None
    return shape, dtype


def _load(stream: IO[bytes], size: int) -> NDArray[np.generic]:
    """Read one array after comparing what its header claims with `size`, the bytes there are."""
    if size > _MAX_BYTES:  # before any of a compressed array is unpacked
        raise UnreadableEcg(f"The array unpacks to {size // 2**20} MB; at most {MAX_SAMPLES} samples are read.")
    shape, dtype = _stated(stream)
    if dtype.hasobject:
        raise UnreadableEcg("The NumPy file holds Python objects, which are never loaded; save plain numbers.")
    count = math.prod(shape)
    if count * dtype.itemsize > min(size, _MAX_BYTES):
        raise UnreadableEcg(
            f"The NumPy file promises {count} values; it holds fewer, or more than the {MAX_SAMPLES} that are read."
        )
    stream.seek(0)
    try:
        return np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise UnreadableEcg(f"The NumPy file is damaged ({type(error).__name__}); save the array again.") from None


def _numbers(array: NDArray[np.generic]) -> NDArray[np.float64]:
    if array.dtype.kind not in "iuf":
        raise UnreadableEcg(f"The NumPy file holds values of type {array.dtype}; expected real numbers.")
    return array.astype(np.float64)


def _texts(array: NDArray[np.generic]) -> NDArray[np.generic] | tuple[str, ...]:
    """Return an array of texts as a tuple, any other as it is."""
    if array.dtype.kind == "S":
        return tuple(text.decode("latin-1") for text in array.ravel().tolist())
    if array.dtype.kind != "U":
        return array
    order = np.dtype(np.uint32) if array.dtype.isnative else np.dtype(np.uint32).newbyteorder()
    if array.nbytes and np.ascontiguousarray(array).reshape(-1).view(order).max() > sys.maxunicode:
        # NumPy takes any four bytes for a character, Python does not.
        raise UnreadableEcg("The .npz archive is damaged (text that is none); save it again.")
    return tuple(str(text) for text in array.ravel())
