"""HDF5, read by `h5py` from memory: the corpora SPH and CODE-15, MATLAB v7.3, and arrays with facts beside them.

A file may point at other files on the disk (external and soft links, external storage, virtual datasets); nothing but
datasets that lie in the file itself is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import h5py
import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES
from suprem.ecg.formats.table import Table, TableFormat, facts_among, leads_among, read_table, signal_among
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import EcgError, UnreadableEcg

_KIND = "HDF5"
_MAX_BYTES = 8 * MAX_SAMPLES
_MAX_OBJECTS = 256
_MAX_DEPTH = 3
_MAX_FACTS = 64
"""Values of an array that may be a fact about the signal: a rate, or the names of its leads."""
_FILTERS = {"gzip", "shuffle", "fletcher32", "lzf"}
SPH_FS = 500.0
CODE_FS = 400.0
"""Hz, for all records of the corpora; their files do not state it."""


def read_hdf5(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read the array that is the signal and the facts beside it, or a record of SPH or CODE-15.

    Args:
        data: The file.
        given: Rate, unit and leads, where the file does not state them.
        record_id: The record's name in the product.

    Raises:
        UnreadableEcg: The file is damaged, too large, or holds no signal.
        EcgError: Rate, leads or unit are missing and do not follow.
    """
    try:
        with h5py.File.in_memory(data) as file:
            table, notes = _table(file)
    except EcgError:
        raise
    except Exception as error:  # a damaged file makes the library raise almost anything, with names in its text
        raise UnreadableEcg(
            f"The {_KIND} file is damaged or cut off ({type(error).__name__}); save it again, or as CSV or NPZ."
        ) from None
    return read_table(table, given, record_id, notes)
