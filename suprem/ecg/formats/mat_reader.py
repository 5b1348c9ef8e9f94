"""MATLAB files: the structure `ECG` of the China Physiological Signal Challenge 2018, or a plain array of leads.

The `.mat` files beside WFDB headers are another thing, bare samples, which `wfdb_reader` reads.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from suprem.ecg.formats.channels import Channel, check_sample_count, parse_age, parse_sex, to_record
from suprem.ecg.formats.mat_file import Fields, Value, read_variables
from suprem.ecg.formats.table import Table, TableFormat, facts_among, leads_among, read_table, signal_among
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import UnreadableEcg

CPSC_FS = 500.0
"""Hz, for all records of the challenge; the files do not state it."""

_NOTE = "The file states neither rate, unit nor leads; CPSC-2018's 500 Hz, millivolts and standard order were taken."


def read_mat(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read a record of CPSC-2018 in its original packaging, `ECG.data` (12, time) in millivolts, or an array.

    Args:
        data: The file, level 5.
        given: Rate, unit and leads of an array, where the file does not state them beside it.
        record_id: The record's name in the product.

    Raises:
        UnreadableEcg: The file is damaged, too large, or holds no signal.
        EcgError: Rate, leads or unit are missing.
    """
    variables = read_variables(data)
    ecg = variables.get("ECG")
    if isinstance(ecg, Fields):
        return _cpsc(ecg.values, record_id)
    flat = {
        name: value
        for fields in (variables, *(value.values for value in variables.values() if isinstance(value, Fields)))
        for name, value in fields.items()
    }
    arrays = {name: value for name, value in flat.items() if isinstance(value, np.ndarray)}
    shapes = {name: array.shape for name, array in arrays.items()}
    fs, names, units = facts_among(flat)
    signal, rows = signal_among(shapes), leads_among(shapes)
    if signal is None and rows:
        values = np.stack([arrays[name].ravel().astype(np.float64) for name in rows])
        return read_table(Table(values, "MATLAB", rows, units, fs), given, record_id)
    if signal is None:
        raise UnreadableEcg(
            "The MATLAB file holds no single array of leads and no structure ECG with a field data, as CPSC-2018's "
            "do; save the signal as one array named 'signal'."
        )
    return read_table(Table(arrays[signal].astype(np.float64), "MATLAB", names, units, fs), given, record_id)


def _cpsc(ecg: Mapping[str, Value], record_id: str) -> EcgRecord:
    values = ecg.get("data")
    if not isinstance(values, np.ndarray) or values.shape[:-1] != (len(LEADS),):
        raise UnreadableEcg(f"ECG.data of the MATLAB file is no array of {len(LEADS)} leads.")
    check_sample_count(*values.shape)
    return to_record(
        [Channel(lead, row, "mV") for lead, row in zip(LEADS, values, strict=True)],
        fs=CPSC_FS,
        record_id=record_id,
        source="MATLAB",
        notes=[_NOTE],
        age=parse_age(_text(ecg.get("age"))),
        sex=parse_sex(_text(ecg.get("sex"))),
    )


def _text(value: Value | None) -> str:
    """Return a text or a single number as text, "" for anything else."""
    if isinstance(value, np.ndarray):
        return f"{value.ravel()[0]:g}" if value.size == 1 else ""
    return value if isinstance(value, str) else ""
