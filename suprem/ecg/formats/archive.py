"""Uploads of many recordings: which files belong together, archives unpacked in memory, and what is kept of them."""

from __future__ import annotations

import io
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from suprem.ecg.formats.array_reader import write_npz
from suprem.ecg.formats.read_apart import read_upload_apart
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES
from suprem.ecg.formats.table import TableFormat
from suprem.errors import EcgError, UnreadableEcg

SIGNAL_FILES = (".dat", ".mat", ".d", ".d0", ".d1")
MAX_FILES = 20_000
MAX_UNPACKED = 2 * 2**30
"""Bytes of all files of an archive."""

_ZIP = b"PK\x03\x04"


def group_uploads(names: Sequence[str]) -> list[list[int]]:
    """Return which uploaded files make up one ECG each, as positions in the order of the upload.

    Within a folder, a WFDB header goes with the signal files of its stem; where there is a single header, all signal
    files go with it, since a header may name files of another stem. Every other file is an ECG of its own.
    """
    paths = [PurePosixPath(name.lower().replace("\\", "/")) for name in names]
    headers: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for path in paths:
        if path.suffix == ".hea":
            headers[path.parent].append(path)
    groups: dict[object, list[int]] = defaultdict(list)
    for index, path in enumerate(paths):
        if path.suffix == ".hea" or path.suffix in SIGNAL_FILES:
            groups[path.parent if len(headers[path.parent]) == 1 else path.with_suffix("")].append(index)
        else:
            groups[index].append(index)
    return list(groups.values())


def unpack(data: bytes) -> Iterator[Mapping[str, bytes]]:
    """Yield the files of each recording in a ZIP archive, by plain name. Nothing is written anywhere.

    Hidden files, folders, links and what is larger than an upload may be are passed over; archives are not opened.

    Raises:
        UnreadableEcg: The archive is damaged, encrypted, or would unpack to more than is taken.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = [item for item in archive.infolist() if _is_plain(item)]
            if len(items) > MAX_FILES or sum(item.file_size for item in items) > MAX_UNPACKED:
                raise UnreadableEcg(
                    f"The archive holds {len(items)} files; at most {MAX_FILES} files of {MAX_UNPACKED // 2**30} GB "
                    "together are taken. Upload it in parts."
                )
            for group in group_uploads([item.filename for item in items]):
                files = {}
                for item in (items[index] for index in group):
                    with archive.open(item) as stream:  # what an archive says of a size need not be true
                        files[PurePosixPath(item.filename).name] = stream.read(MAX_UPLOAD_BYTES + 1)
                yield files
    except UnreadableEcg:
        raise
    except Exception as error:  # a damaged archive makes zipfile and zlib raise almost anything, with names in the text
        raise UnreadableEcg(
            f"The ZIP archive is damaged, encrypted or unusually packed ({type(error).__name__}); pack it again."
        ) from None


def keep_signals(files: Mapping[str, bytes], folder: Path, *, table: TableFormat | None = None) -> Iterator[str]:
    """Write the signal of each uploaded recording into a folder, as a number and without anything about the patient.

    Args:
        files: Content by name: ECG files, and ZIP archives of them.
        folder: Where to; it is made.
        table: What is known about tables that do not state it.

    Yields:
        For each recording "" once it is kept, otherwise why it cannot be read.
    """
    folder.mkdir(parents=True)
    for number, recording in enumerate(_recordings(files), start=1):
        try:
            if isinstance(recording, UnreadableEcg):
                raise recording
            write_npz(folder / f"{number:06d}.npz", read_upload_apart(recording, table=table))
        except EcgError as error:
            yield f"Recording {number}: {error}"
        else:
            yield ""


def _recordings(files: Mapping[str, bytes]) -> Iterator[Mapping[str, bytes] | UnreadableEcg]:
    archives = {name for name, data in files.items() if data.startswith(_ZIP) and not name.lower().endswith(".npz")}
    single = [name for name in files if name not in archives]
    for group in group_uploads(single):
        yield {single[index]: files[single[index]] for index in group}
    for name in archives:
        try:
            yield from unpack(files[name])
        except UnreadableEcg as error:
            yield error


def _is_plain(item: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(item.external_attr >> 16)
    hidden = any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(item.filename).parts)
    return not item.is_dir() and kind in (0, stat.S_IFREG) and not hidden and item.file_size <= MAX_UPLOAD_BYTES
