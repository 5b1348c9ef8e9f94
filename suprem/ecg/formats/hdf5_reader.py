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
            table = _table(file, given or TableFormat())
    except EcgError:
        raise
    except Exception as error:  # a damaged file makes the library raise almost anything, with names in its text
        raise UnreadableEcg(
            f"The {_KIND} file is damaged or cut off ({type(error).__name__}); save it again, or as CSV or NPZ."
        ) from None
    return read_table(table, given, record_id)


def _table(file: h5py.File, given: TableFormat) -> Table:
    """Return the signal of a file with what stands beside it, read no further than its size allows."""
    sets = dict(_datasets(file, "", 0, []))
    shapes = {name: one.shape for name, one in sets.items() if one.dtype.kind in "iuf"}
    if "tracings" in shapes and shapes["tracings"][2:] == (len(LEADS),):
        return _code(sets["tracings"], given.fs)
    flat = {name.rpartition("/")[2]: name for name in sets}
    signal = signal_among({short: shapes[name] for short, name in flat.items() if name in shapes})
    rows = leads_among({short: shapes[name] for short, name in flat.items() if name in shapes})
    facts = {key.casefold(): value for key, value in _attributes(file).items()}
    for short, name in flat.items():
        if short != signal and short not in rows and math.prod(sets[name].shape) <= _MAX_FACTS:
            facts[short] = _fact(sets[name][()], sets[name].attrs.get("MATLAB_class"))
    if signal is not None:
        facts |= _attributes(sets[flat[signal]])
        fs, names, units = facts_among(facts)
        values = _numbers(sets[flat[signal]])
        if _is_sph(sets) and not (fs.fs or fs.unclear or names or units or given.fs or given.unit):
            note = (
                f"The file states neither rate nor unit; the {SPH_FS:g} Hz and millivolts of the SPH corpus were taken."
            )
            return Table(values, _KIND, None, ("mV",), SPH_FS, notes=(note,))
        return Table(values, _KIND, names, units, fs)
    if rows:
        fs, _, units = facts_among(facts)
        return Table(np.stack([_numbers(sets[flat[name]]).ravel() for name in rows]), _KIND, rows, units, fs)
    raise UnreadableEcg(
        f"The {_KIND} file holds {len(sets)} datasets and none is 'signal' or the only one of an ECG's shape; name the "
        "ECG so."
    )


def _is_sph(sets: dict[str, h5py.Dataset]) -> bool:
    """Tell a record of SPH: nothing but `ecg`, twelve leads of 10 to 60 s as 16-bit floats, which others do not use."""
    if set(sets) != {"ecg"}:
        return False
    ecg = sets["ecg"]
    leads, samples = ecg.shape if len(ecg.shape) == 2 else (0, 0)
    return bool(ecg.dtype == np.float16 and leads == len(LEADS) and 10 <= samples / SPH_FS <= 60)


def _code(tracings: h5py.Dataset, given_fs: float | None) -> Table:
    """Return the first record of CODE: (record, time, lead), filled with zeros at both ends to one length.

    The corpus' own words about its unit contradict each other, so it is concluded from the values or asked for.
    """
    records, samples, leads = tracings.shape
    if not records or samples * leads > MAX_SAMPLES:
        raise UnreadableEcg(f"The {_KIND} file holds no tracing, or one longer than any that is read.")
    _check(tracings, whole=False)
    values = np.asarray(tracings[0], dtype=np.float64)
    used = np.flatnonzero(np.any(values != 0, axis=1))
    taken = "order" if given_fs else f"{CODE_FS:g} Hz and the order"
    notes = [f"The file states neither rate nor leads; the {taken} of the CODE corpus were taken."]
    if used.size and used.size < samples:
        values = values[used[0] : used[-1] + 1]
        notes.append(f"{samples - len(values)} samples of zeros at the ends were cut off.")
    if records > 1:
        notes.append(
            f"The file holds {records} recordings; the first was read. Save the others one a file to read them."
        )
    return Table(values, _KIND, LEADS, None, given_fs or CODE_FS, notes=tuple(notes))


def _datasets(group: h5py.Group, place: str, depth: int, seen: list[str]) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the datasets that lie in the file, by their path."""
    for name in group:
        seen.append(name)
        if len(seen) > _MAX_OBJECTS or not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        one = group.get(name)
        if isinstance(one, h5py.Dataset):
            yield f"{place}{name}", one
        elif isinstance(one, h5py.Group) and depth < _MAX_DEPTH and not name.startswith("#"):
            yield from _datasets(one, f"{place}{name}/", depth + 1, seen)


def _check(dataset: h5py.Dataset, *, whole: bool = True) -> None:
    """Refuse what lies outside the file, unpacks to more than is read, or needs a filter that is not built in."""
    chunk = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    size = dataset.size * dataset.dtype.itemsize if whole else 0
    if dataset.is_virtual or dataset.external or set(dataset._filters) - _FILTERS:
        raise UnreadableEcg(
            f"A dataset of the {_KIND} file lies in another file or is compressed in an unknown way; save it plainly."
        )
    if max(chunk, size) > _MAX_BYTES:
        raise UnreadableEcg(f"A dataset of the {_KIND} file is larger than the {MAX_SAMPLES} samples that are read.")


def _numbers(dataset: h5py.Dataset) -> NDArray[np.float64]:
    _check(dataset)
    return np.asarray(dataset[()], dtype=np.float64)


def _attributes(place: h5py.HLObject) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in list(place.attrs)[:_MAX_FACTS]:
        if math.prod(place.attrs.get_id(name).shape or ()) <= _MAX_FACTS:
            found[str(name).casefold()] = _fact(place.attrs[name], None)
    return found


def _fact(value: object, kind: object) -> object:
    """Return a text, a row of texts or numbers; MATLAB stores a text as the numbers of its characters."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, np.ndarray) and kind == b"char" and value.dtype.kind in "ui":
        return "".join(map(chr, value.ravel().tolist()))
    if isinstance(value, np.ndarray) and value.dtype.kind in "OS":
        texts = [one.decode("utf-8", errors="replace") if isinstance(one, bytes) else one for one in value.ravel()]
        return tuple(texts) if all(isinstance(one, str) for one in texts) else None
    return value
