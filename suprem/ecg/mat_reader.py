"""MATLAB files of the China Physiological Signal Challenge 2018: a structure `ECG` with `sex`, `age` and `data`.

The `.mat` files beside WFDB headers are another thing, bare samples, which `wfdb_reader` reads. The container:
https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf (level 5).
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.channels import MAX_SAMPLES, Channel, check_sample_count, parse_age, parse_sex, to_record
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import UnreadableEcg

MAGIC = b"MATLAB 5.0"

CPSC_FS = 500.0
"""Hz, for all records of the challenge; the files do not state it."""

_MAX_BYTES = 8 * MAX_SAMPLES + 100_000
_HEADER_BYTES = 128
_COMPRESSED = 15
_NOTE = "The file states neither rate, unit nor leads; CPSC-2018's 500 Hz, millivolts and standard order were taken."


def read_mat(data: bytes, record_id: str) -> EcgRecord:
    """Read a record of CPSC-2018 in its original packaging: `ECG.data` (12, time) in millivolts.

    Raises:
        UnreadableEcg: The file is damaged, too large, or holds no such structure.
    """
    try:
        _check_unpacked_size(data)
        from scipy.io import loadmat  # only this packaging of one corpus needs it

        found = loadmat(BytesIO(data), variable_names=["ECG"])
    except UnreadableEcg:
        raise
    except Exception as error:  # scipy raises whatever its parsing runs into
        raise UnreadableEcg(f"The MATLAB file is damaged ({type(error).__name__}); copy it again.") from None
    ecg = found.get("ECG")
    if not isinstance(ecg, np.ndarray) or ecg.size != 1 or "data" not in (ecg.dtype.names or ()):
        raise UnreadableEcg("The MATLAB file holds no structure ECG with a field data, as CPSC-2018's do.")
    facts = ecg.ravel()[0]
    values = facts["data"]
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf" or values.shape[:-1] != (len(LEADS),):
        raise UnreadableEcg(f"ECG.data of the MATLAB file is no array of {len(LEADS)} leads.")
    check_sample_count(*values.shape)
    return to_record(
        [Channel(lead, row, "mV") for lead, row in zip(LEADS, values, strict=True)],
        fs=CPSC_FS,
        record_id=record_id,
        source="MATLAB",
        notes=[_NOTE],
        age=parse_age(_text(facts, "age")),
        sex=parse_sex(_text(facts, "sex")),
    )


def _check_unpacked_size(data: bytes) -> None:
    """Refuse a file whose compressed parts unpack to more than any ECG holds, before they are unpacked."""
    order = "<" if data[126:128] == b"IM" else ">"
    place, total = _HEADER_BYTES, 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        if kind == _COMPRESSED:
            total += len(zlib.decompressobj().decompress(data[place + 8 : place + 8 + size], _MAX_BYTES + 1))
        if total > _MAX_BYTES:
            raise UnreadableEcg(f"The MATLAB file unpacks to more than the {MAX_SAMPLES} samples that are read.")
        place += 8 + size


def _text(facts: NDArray[np.void], name: str) -> str:
    """Return a field of one value as text, "" where it is absent."""
    value = np.asarray(facts[name]).ravel() if name in (facts.dtype.names or ()) else np.empty(0)
    return str(value[0]) if value.size == 1 else ""
