"""From what a Python program holds to an `EcgRecord`: files, arrays, tables, and the records of wfdb and MNE.

None of those libraries is imported; their objects are told by what they offer. What an object does not state is taken
from the caller, and what is then still open is concluded or refused as for a table of numbers (`formats.table`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suprem.ecg.formats.channels import millivolts_per
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.formats.table import Table, TableFormat, read_table
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, UnreadableEcg

Recording = EcgRecord | str | PathLike[str] | ArrayLike | Any
"""An `EcgRecord`, the path of a file or of a WFDB record, an array (lead, time) or (time, lead), a pandas DataFrame
with one column a lead, a `wfdb.Record` or an `mne.io.Raw`."""


@dataclass(frozen=True)
class Stated:
    """What the caller says about numbers that do not say it themselves.

    Args:
        fs: Sampling rate in Hz.
        leads: Lead names in the order of the rows or columns, in any usual spelling ("aVR", "AVR", "MLII").
        unit: Unit of the values: "mV", "uV", "V" or "nV".

    Raises:
        EcgError: The unit is no voltage.
    """

    fs: float | None = None
    leads: Sequence[str] | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.unit is not None and millivolts_per(self.unit) is None:
            raise EcgError(f"The unit {self.unit!r} is no voltage; expected mV, uV, V or nV.")


def as_record(recording: Recording, stated: Stated, record_id: str = "recording") -> EcgRecord:
    """Return the record that an object holds.

    Args:
        recording: See `Recording`.
        stated: What the caller says about it. What the object itself states goes before.
        record_id: Its name, where the object has none.

    Raises:
        FileNotFoundError: There is no such file.
        EcgError: It is no ECG that can be read, or lacks rate, leads or unit.
    """
    if isinstance(recording, EcgRecord):
        return recording
    if isinstance(recording, str | PathLike):
        return _from_file(Path(recording), stated)
    if hasattr(recording, "sig_name") and hasattr(recording, "fs"):
        return read_table(_of_wfdb(recording), None, str(getattr(recording, "record_name", None) or record_id))
    if hasattr(recording, "get_data") and hasattr(recording, "ch_names"):
        return read_table(_of_mne(recording), None, record_id)
    return read_table(_of_numbers(recording, stated), None, record_id)


def _from_file(path: Path, stated: Stated) -> EcgRecord:
    scale = millivolts_per(stated.unit) if stated.unit else None
    units: dict[float, Literal["mV", "uV", "V"]] = {1.0: "mV", 1e-3: "uV", 1e3: "V"}
    if scale is not None and scale not in units:
        raise EcgError(f"The unit {stated.unit!r} is not one that files come in; expected mV, uV or V.")
    leads = tuple(stated.leads) if stated.leads is not None else None
    return read_ecg(path, table=TableFormat(stated.fs, units[scale] if scale is not None else None, leads))


def _of_wfdb(record: Any) -> Table:
    """Return what a `wfdb.Record` holds: physical values, or converter steps with what makes them physical."""
    signal = getattr(record, "p_signal", None)
    if signal is None and getattr(record, "d_signal", None) is not None:
        signal = record.dac()
    if signal is None:
        raise UnreadableEcg(
            "This WFDB record holds neither p_signal nor d_signal of one rate; read it with wfdb.rdrecord(name)."
        )
    units = tuple(record.units) if getattr(record, "units", None) else None
    return Table(_numbers(signal).T, "WFDB", tuple(record.sig_name), units, float(record.fs))


def _of_mne(raw: Any) -> Table:
    """Return what an `mne.io.Raw` holds, whose values are volts."""
    return Table(_numbers(raw.get_data()), "MNE", tuple(raw.ch_names), ("V",), float(raw.info["sfreq"]))


def _of_numbers(values: Any, stated: Stated) -> Table:
    leads = tuple(stated.leads) if stated.leads is not None else None
    if leads is None and hasattr(values, "columns"):
        leads = tuple(map(str, values.columns))
    units = (stated.unit,) if stated.unit else None
    return Table(_numbers(values), "array", leads, units, stated.fs)


def _numbers(values: Any) -> NDArray[np.float64]:
    try:
        return cast(NDArray[np.float64], np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise UnreadableEcg(
            f"A {type(values).__name__} is no recording; expected a file, an array (lead, time), a DataFrame with one "
            "column a lead, a wfdb.Record or an mne.io.Raw."
        ) from error
