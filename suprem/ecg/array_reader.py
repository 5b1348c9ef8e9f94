"""NumPy files: one array (.npy), or an archive (.npz) with `signal` and, where known, `fs`, `leads` and `units`."""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.channels import MAX_SAMPLES
from suprem.ecg.record import EcgRecord
from suprem.ecg.table import Table, TableFormat, read_table
from suprem.errors import EcgError, UnreadableEcg

_MAX_BYTES = 8 * MAX_SAMPLES + 10_000
_KNOWN = ("signal", "fs", "leads", "units")


def read_npy(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read an array (lead, time) or (time, lead); nothing in the file is ever executed.

    Raises:
        UnreadableEcg: The file is damaged, holds objects, or its array is no ECG.
        EcgError: Rate, leads or unit are missing.
    """
    return read_table(Table(_numbers(_load(io.BytesIO(data), len(data))), "NPY"), given, record_id)


def read_npz(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read the array `signal` (or the only array) of an archive and the facts beside it.

    Raises:
        UnreadableEcg: The archive is damaged, holds objects or no such array.
        EcgError: Rate, leads or unit are missing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {item.filename.removesuffix(".npy"): item for item in archive.infolist()}
            arrays = {}
            for name, item in members.items():
                if name in _KNOWN or len(members) == 1:
                    with archive.open(item) as stream:  # reads no further than the array's own header claims
                        arrays[name] = _load(stream, item.file_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UnreadableEcg(f"The .npz archive is damaged ({type(error).__name__}); save it again.") from None
    signal = arrays.get("signal", next(iter(arrays.values())) if len(members) == 1 else None)
    if signal is None:
        raise UnreadableEcg(f"The .npz archive has {len(members)} arrays and none is 'signal'; name the ECG so.")
    fs = _numbers(arrays["fs"]).ravel() if "fs" in arrays else np.empty(0)
    table = Table(
        _numbers(signal),
        "NPZ",
        names=_texts(arrays.get("leads")),
        units=_texts(arrays.get("units")),
        fs=float(fs[0]) if fs.size == 1 else None,
    )
    return read_table(table, given, record_id)


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


def _texts(array: NDArray[np.generic] | None) -> tuple[str, ...] | None:
    if array is None:
        return None
    if array.dtype.kind != "U":
        raise EcgError("`leads` and `units` of an .npz archive should be arrays of text.")
    return tuple(str(text) for text in array.ravel())
