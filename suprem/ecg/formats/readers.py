"""The door to ECG files: a file on disk or the files of an upload become an `EcgRecord`."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from suprem.ecg.formats.channels import MAX_SAMPLES
from suprem.ecg.formats.known_formats import HDF5, HEAD, export_advice, recognise
from suprem.ecg.formats.mat_file import MAGIC
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.formats.wfdb_header import decode_header, segment_names
from suprem.ecg.formats.wfdb_reader import read_wfdb
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

__all__ = ["MAX_UPLOAD_BYTES", "TableFormat", "read_ecg", "read_upload"]

MAX_UPLOAD_BYTES = 20 * 2**20
"""What one upload may hold in all its files."""

_MAX_FILE_BYTES = 16 * MAX_SAMPLES
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's number for its largest window with gzip's head."""
_WFDB_DATA = (".dat", ".mat")


def read_ecg(path: Path, *, table: TableFormat | None = None, links: bool = True) -> EcgRecord:
    """Read one ECG from disk; the format is told from the content.

    Args:
        path: The file; for WFDB the header, the signal file, or the record's name without suffix.
        table: Rate, unit and leads for a table (CSV, NPY, NPZ) that does not state them.
        links: Whether signal files may be symbolic links.

    Returns:
        The record, named by the stem of `path`.

    Raises:
        FileNotFoundError: There is no such file.
        UnreadableEcg: The content is not an ECG in a format that is read.
        EcgError: The ECG lacks a fact (rate, unit, leads) or states an impossible one.
    """
    path = Path(path)
    stem = path.stem if path.suffix.lower() in (".hea", *_WFDB_DATA) else path.name  # a WFDB record's bare name
    suffixes = (path.suffix,) if path.suffix.lower() == ".hea" else (".hea", ".HEA")
    header = next((one for suffix in suffixes if (one := path.with_name(f"{stem}{suffix}")).exists()), None)
    if header is not None:
        return read_wfdb(header.name, _beside(header.parent, links), header.stem, table)
    if not path.is_file() and path.exists():
        raise UnreadableEcg("This is no file but a folder, a pipe or a device; name a file.")
    size = path.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise UnreadableEcg(f"The file holds {size // 2**20} MB; at most {_MAX_FILE_BYTES // 2**20} MB are read.")
    return _read_bytes(path.read_bytes(), path.suffix.lower(), table, path.stem)


def read_upload(
    files: Mapping[str, bytes], *, table: TableFormat | None = None, record_id: str = "upload"
) -> EcgRecord:
    """Read one ECG from the files of an upload; nothing of it remains on disk.

    Args:
        files: Content by name. The names tell WFDB headers and signal files apart and pair them, and go no further.
        table: Rate, unit and leads for a table that does not state them.
        record_id: Name of the record; an upload's file name may identify a person and is never used.

    Raises:
        UnreadableEcg: The content is not an ECG in a format that is read, or too large.
        EcgError: The ECG lacks a fact (rate, unit, leads) or states an impossible one.
    """
    if not files:
        raise UnreadableEcg("No file was uploaded; choose an ECG file, or a WFDB header with its signal file.")
    size = sum(map(len, files.values()))
    if size > MAX_UPLOAD_BYTES:
        raise UnreadableEcg(f"The upload holds {size // 2**20} MB; at most {MAX_UPLOAD_BYTES // 2**20} MB are read.")
    contents = {name.casefold(): data for name, data in files.items()}
    header = _only_header(contents)
    if header is not None:
        return read_wfdb(header, lambda name: contents.get(name.casefold()), record_id, table)
    if len(files) > 1:
        raise UnreadableEcg(
            f"{len(files)} files were uploaded as one ECG, none of them a WFDB header (.hea); upload one ECG at a time."
        )
    ((name, data),) = contents.items()
    return _read_bytes(data, Path(name).suffix, table, record_id)


def _read_bytes(data: bytes, suffix: str, table: TableFormat | None, record_id: str) -> EcgRecord:
    if not data:
        raise UnreadableEcg("The file is empty; expected an ECG. Export or copy it again.")
    if data.startswith(_GZIP):
        data, suffix = _unpacked(data), ""
    if suffix in _WFDB_DATA and not data.startswith((MAGIC, *HDF5)):
        raise UnreadableEcg(
            f"A {suffix} file holds samples without their meaning; give it together with its WFDB header (.hea)."
        )
    known = recognise(data[:HEAD])
    if known is None:
        raise UnreadableEcg(f"The content is in no known ECG format; {export_advice(data[:HEAD])}.")
    if known.read is None:
        raise UnreadableEcg(f"Found {known.found or known.name}; {known.advice or export_advice(data[:HEAD])}.")
    return known.read(data, table, record_id)


def _unpacked(data: bytes) -> bytes:
    """Return the file in a gzip archive, never more than is read of any file."""
    try:
        content = zlib.decompressobj(_GZIP_WINDOW).decompress(data, _MAX_FILE_BYTES + 1)
    except zlib.error:
        raise UnreadableEcg("The gzip archive is damaged; compress the file again.") from None
    if len(content) > _MAX_FILE_BYTES:
        raise UnreadableEcg(f"The gzip archive unpacks to more than the {_MAX_FILE_BYTES // 2**20} MB that are read.")
    if not content:
        raise UnreadableEcg("The gzip archive is empty or cut off; expected one ECG file in it.")
    return content


def _beside(folder: Path, links: bool) -> Callable[[str], Path | None]:
    """Return what finds a file of a folder by its name, in any case where the exact one is not there."""

    def usable(path: Path) -> bool:
        return path.is_file() and (links or not path.is_symlink())

    def find(name: str) -> Path | None:
        if usable(folder / name):
            return folder / name
        alike = [path for path in folder.iterdir() if path.name.casefold() == name.casefold() and usable(path)]
        return alike[0] if len(alike) == 1 else None

    return find


def _only_header(contents: Mapping[str, bytes]) -> str | None:
    """Return the header of the one record in an upload, leaving out the segments that another header names."""
    headers = [name for name in contents if name.endswith(".hea")]
    segments = [segment for name in headers for segment in segment_names(decode_header(contents[name]))]
    mains = [name for name in headers if name.removesuffix(".hea") not in map(str.casefold, segments)]
    if len(mains) > 1:
        raise UnreadableEcg(f"The upload holds {len(mains)} WFDB headers; upload one ECG at a time.")
    return mains[0] if mains else None
