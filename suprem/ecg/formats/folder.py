"""Which files of a folder are ECGs: each one that could be, so that reading it says why where it cannot be read."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

from suprem.ecg.formats.array_reader import array_shape
from suprem.ecg.formats.csv_reader import is_lead_table
from suprem.ecg.formats.known_formats import HEAD, recognise
from suprem.ecg.formats.wfdb_header import decode_header, segment_names

_ECG_SUFFIXES = (
    *(".dcm", ".scp", ".edf", ".bdf", ".ecg", ".ekg", ".mwf", ".mfr", ".aecg", ".ishne", ".rhy", ".ct", ".fda"),
    *(".dat", ".d0", ".h5", ".hdf5", ".xlsx", ".xlsm"),
)
"""Named so, a file is taken for an ECG whatever it holds."""

_NO_ECG_SUFFIXES = (
    *(".atr", ".qrs", ".ann", ".xyz", ".zip", ".gz", ".tar", ".7z", ".rar", ".doc", ".docx", ".xls", ".ppt", ".pptx"),
    *(".db", ".sqlite", ".pt", ".pth", ".pkl", ".safetensors", ".onnx", ".pyc", ".so", ".exe", ".dll", ".parquet"),
    *(".mp4", ".avi", ".wav", ".mp3", ".svg", ".webp", ".ico", ".ttf", ".lnk", ".md5", ".sha256"),
)
_PRIMARY = (
    ".csv",
    ".tsv",
    ".txt",
    ".xml",
    ".json",
    ".dcm",
    ".scp",
    ".edf",
    ".bdf",
    ".npy",
    ".npz",
    ".ecg",
    ".mwf",
    ".pdf",
    ".xlsx",
    ".xlsm",
    ".h5",
    ".hdf5",
)
"""A file named so is a recording of its own even beside a WFDB record of the same name."""

_NEITHER = ("picture", "ZIP archive or Office document", "OpenDocument")
_FEWEST_BYTES = 500
"""An ECG of an unknown format has more."""

_ABOUT_ECGS = re.compile(rb"ecg|ekg|electrocardio|sampleddata|waveform|cardio|\blead|rhythm", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31


def find_records(folder: Path, *, links: bool = True) -> list[Path]:
    """Return the ECG files below a folder, sorted, one path per record.

    A WFDB record stands as its header; the segments of a multi-segment record, signal and annotation files, pictures,
    lists and tables of anything but leads are left out. What is or may be an ECG that is not read is included, such as
    other formats, XML and JSON that speak of ECGs, unknown binary files, and files and folders that are closed to this
    program: reading them says why. Pipes, sockets and devices are no files and never opened.

    Args:
        folder: Where to look, subfolders included; links to folders are not followed.
        links: Whether symbolic links to files are taken.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    found: list[Path] = []
    closed: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [name for name in names if _is_regular(Path(place, name), links)]
        headers = [name for name in names if name.lower().endswith(".hea") and not name.startswith(".")]
        segments = {f"{name}.hea" for header in headers for name in _segments(Path(place, header))}
        found += [Path(place, name) for name in headers if name not in segments]
        records = {Path(name).stem.casefold() for name in headers}
        found += [Path(place, name) for name in names if _is_record(Path(place, name), records)]
    return sorted(found + closed)


def _is_regular(path: Path, links: bool) -> bool:
    try:
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            return links and stat.S_ISREG(path.stat().st_mode)
        return stat.S_ISREG(kind)
    except OSError:
        return False


def _segments(header: Path) -> tuple[str, ...]:
    try:
        with header.open("rb") as file:
            first = file.read(512)
        if b"/" not in first.partition(b"\n")[0]:
            return ()
        return segment_names(decode_header(header.read_bytes()))
    except OSError:  # closed to this program, which reading it says
        return ()


def _is_record(path: Path, wfdb_records: set[str]) -> bool:
    """Tell whether a file other than a WFDB header is or may be an ECG by itself.

    Args:
        path: The file.
        wfdb_records: The WFDB records beside it; their signal and annotation files are none.
    """
    suffix = path.suffix.lower()
    if path.name.startswith(".") or suffix == ".hea":
        return False
    if suffix not in _PRIMARY and path.stem.casefold() in wfdb_records:
        return False
    if suffix in _ECG_SUFFIXES:
        return not (suffix in (".dat", ".d0") and wfdb_records)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:  # closed to this program, which reading it says
        return suffix not in _NO_ECG_SUFFIXES
    if head.startswith(_GZIP):
        head, suffix = _begin(head), Path(path.stem).suffix.lower()
    known = recognise(head) if head else None
    if known is None:
        return len(head) >= _FEWEST_BYTES and suffix not in _NO_ECG_SUFFIXES
    if known.name == "CSV":
        return suffix in ("", ".csv", ".tsv", ".txt", ".asc", ".dat") and is_lead_table(head)
    if known.name == "NPY":
        shape = array_shape(BytesIO(head)) or ()
        return len(shape) == 2 and 2 <= min(shape) <= 16 and max(shape) >= 100
    if known.name == "NPZ":
        return _holds_signal(path)
    if known.name in ("XML or HTML", "JSON"):
        return suffix in ("", ".xml", ".json") and _ABOUT_ECGS.search(head) is not None
    return known.is_ecg or (known.name not in _NEITHER and suffix not in _NO_ECG_SUFFIXES)


def _begin(compressed: bytes) -> bytes:
    """Return how the content of a gzip file begins, b"" where it is none."""
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(compressed, HEAD)
    except zlib.error:
        return b""


def _holds_signal(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist() == archive.namelist()[:1] or "signal.npy" in archive.namelist()
    except zipfile.BadZipFile:
        return False
