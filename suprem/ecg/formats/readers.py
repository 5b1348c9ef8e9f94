"""The door to ECG files: recognise a format by its content, and read it into an `EcgRecord`.

A further format is one line in `_FORMATS`: how its bytes begin and the function that reads them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from suprem.ecg.formats.aecg_reader import read_aecg
from suprem.ecg.formats.array_reader import read_npy, read_npz
from suprem.ecg.formats.channels import MAX_SAMPLES
from suprem.ecg.formats.csv_reader import read_csv
from suprem.ecg.formats.dicom_reader import read_dicom
from suprem.ecg.formats.edf_reader import read_edf_family
from suprem.ecg.formats.mat_file import MAGIC
from suprem.ecg.formats.mat_reader import read_mat
from suprem.ecg.formats.muse_reader import read_muse
from suprem.ecg.formats.scp_reader import is_scp, read_scp
from suprem.ecg.formats.sierra_reader import read_sierra
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.formats.wfdb_header import decode_header, segment_names
from suprem.ecg.formats.wfdb_reader import read_wfdb
from suprem.ecg.formats.xml_tree import decode_xml
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

__all__ = ["MAX_UPLOAD_BYTES", "FileFormat", "TableFormat", "read_ecg", "read_upload", "recognise"]

MAX_UPLOAD_BYTES = 20 * 2**20
"""What one upload may hold in all its files."""

_MAX_FILE_BYTES = 16 * MAX_SAMPLES
HEAD = 65_536
"""Bytes from which a format is told."""
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's number for its largest window with gzip's head."""
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \r\n\t]{0,1000}(?:\{|\[\s{0,1000}(?:[\[{\"\d\]-]|true\b|false\b|null\b))")
"""An object or a list; a table whose first line is "[Header]" is neither."""
_HDF5 = (b"\x89HDF", b"MATLAB 7.3")
_WFDB_DATA = (".dat", ".mat")
_READABLE = (
    "WFDB (.hea with .dat or .mat), DICOM, GE MUSE XML, HL7 aECG, Philips Sierra XML, SCP-ECG, EDF, CSV, NPY or NPZ"
)

Read = Callable[[bytes, TableFormat | None, str], EcgRecord]


@dataclass(frozen=True)
class FileFormat:
    """One file format: its name, how its content is recognised, and what reads it (None: known, not read)."""

    name: str
    recognises: Callable[[bytes], bool]
    read: Read | None = None
    is_ecg: bool = True


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _xml_root(*names: str) -> Callable[[bytes], bool]:
    pattern = re.compile(rf"<(?:\w+:)?(?:{'|'.join(names)})[\s>/]")

    def recognises(head: bytes) -> bool:
        text = decode_xml(head)
        return text.lstrip("\ufeff \r\n\t").startswith("<") and pattern.search(text) is not None

    return recognises


def _is_bare_dicom(head: bytes) -> bool:
    """Tell a DICOM file without its preamble: it begins with an element of group 2 or 8, little-endian."""
    return head[0] in (2, 8) and head[1] == 0 and head[3:4] == b"\0"


def _is_text(head: bytes) -> bool:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    return not re.search(rb"[\x00-\x08\x0e-\x1f]", head)


_FORMATS: tuple[FileFormat, ...] = (
    FileFormat("DICOM", lambda head: head[128:132] == b"DICM", lambda data, _, name: read_dicom(data, name)),
    FileFormat("NPY", _starts(b"\x93NUMPY"), read_npy),
    FileFormat("NPZ", lambda head: head.startswith(b"PK\x03\x04") and b".npy" in head[:200], read_npz),
    FileFormat("MATLAB", _starts(MAGIC), read_mat),
    FileFormat("GE MUSE XML", _xml_root("RestingECG"), lambda data, _, name: read_muse(data, name)),
    FileFormat("HL7 aECG", _xml_root("AnnotatedECG"), lambda data, _, name: read_aecg(data, name)),
    FileFormat("Philips Sierra XML", _xml_root("restingecgdata"), lambda data, _, name: read_sierra(data, name)),
    FileFormat("SCP-ECG", is_scp, lambda data, _, name: read_scp(data, name)),
    FileFormat("DICOM", _is_bare_dicom, lambda data, _, name: read_dicom(data, name)),
    FileFormat("EDF", _starts(b"0       "), lambda data, _, name: read_edf_family(data, name)),
    FileFormat("BDF", _starts(b"\xffBIOSEMI"), lambda data, _, name: read_edf_family(data, name)),
    FileFormat("ISHNE", _starts(b"ISHNE1.0", b"ANN  1.0")),
    FileFormat("MFER", _starts(b"@  MFR")),
    FileFormat("PDF", _starts(b"%PDF"), is_ecg=False),
    FileFormat("picture", _starts(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM"), is_ecg=False),
    FileFormat("ZIP archive or Office document", _starts(b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), is_ecg=False),
    FileFormat("gzip archive", _starts(_GZIP), is_ecg=False),
    FileFormat("HDF5", _starts(*_HDF5), is_ecg=False),
    FileFormat("XML or HTML", lambda head: head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"), is_ecg=False),
    FileFormat("JSON", lambda head: _JSON.match(head) is not None, is_ecg=False),
    FileFormat("CSV", _is_text, read_csv),
)


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
    if suffix in _WFDB_DATA and not data.startswith((MAGIC, *_HDF5)):
        raise UnreadableEcg(
            f"A {suffix} file holds samples without their meaning; give it together with its WFDB header (.hea)."
        )
    known = recognise(data[:HEAD])
    if known is None:
        raise UnreadableEcg(f"The content is in no known ECG format; expected {_READABLE}.")
    if known.name == "HDF5":
        raise UnreadableEcg(
            "Found HDF5, which MATLAB calls v7.3 and which is not read; save the signal in MATLAB with "
            "save(..., '-v7'), or as CSV, NPY or NPZ."
        )
    if known.read is None:
        what = "which is not read yet" if known.is_ecg else "which holds no ECG signal that can be read"
        raise UnreadableEcg(f"Found a file of the kind {known.name}, {what}; export the ECG as {_READABLE}.")
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


def recognise(head: bytes) -> FileFormat | None:
    """Return the format that content is of, told from its beginning; None where it is unknown."""
    return next((known for known in _FORMATS if known.recognises(head)), None)


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
