"""WFDB records (.hea with .dat or .mat), read by `wfdb` from a private folder that holds nothing but this record.

A header can name any file and claim any length. So it is parsed here first, every file it names must lie beside it, its
claims are compared with the file sizes, and `wfdb` is given a header written by us: our own file names, no comments, no
dates. The format: https://physionet.org/physiotools/wag/header-5.htm

Records of the usual kind, all signals in one file of format 16, are decoded here, since `wfdb` takes three quarters of
the time of preparing an ECG to look up defaults; a test compares both.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import Channel, check_sample_count, parse_age, parse_sex, to_record
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

Content = bytes | Path
Rows = Sequence[NDArray[np.float64]]
Find = Callable[[str], Content | None]
"""Gives the file of a plain name that lies beside the header (its bytes, or where it is), or None."""

_BYTES_PER_SAMPLE = {
    **{"8": 1.0, "80": 1.0, "16": 2.0, "61": 2.0, "160": 2.0, "24": 3.0, "32": 4.0},
    **{"212": 1.5, "310": 4 / 3, "311": 4 / 3},
}
_COMPRESSED = ("508", "516", "524")
_DEFAULT_FS = 250.0
_MAX_HEADER_BYTES = 1_000_000
_RECORD_LINE = re.compile(
    r"[^\s/]+(?:/(?P<segments>\d+))?\s+(?P<signals>\d+)(?:\s+(?P<fs>\d*\.?\d+)\S*(?:\s+(?P<length>\d+)(?=\s|$))?)?"
)
_SIGNAL_LINE = re.compile(
    r"(?P<file>\S+)\s+"
    r"(?P<rest>(?P<format>\d+)(?:x(?P<frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?(?:\s+(?P<gain>[^\s(/]+).*)?)$"
)
_PLAIN_SIGNAL = re.compile(
    r"16(?:\+\d+)?\s+(?P<gain>\d+(?:\.\d+)?)(?:\((?P<baseline>-?\d+)\))?/(?P<unit>[\w^?%/-]+)"
    r"\s+\d+\s+(?P<zero>-?\d+)\s+-?\d+\s+-?\d+\s+\d+\s+(?P<name>\S.*)"
)
"""A signal line in full: format 16, gain, unit, resolution, zero, first value, checksum, block size, description."""

_NO_SAMPLE = -32768
"""What format 16 holds where there is no sample."""

_AGE_OR_SEX = re.compile(r"[#\s]*<?(?P<key>age|sex|gender)>?\s*:\s*(?P<value>\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class _Signal:
    """One signal line of a header."""

    file: str
    rest: str
    format: str
    frame: int
    skew: int
    offset: int
    calibrated: bool


@dataclass(frozen=True)
class _Header:
    """What a header says: of a multi-segment record the name and length of its `segments`, else its `signals`."""

    n_sig: int
    fs: float | None
    length: int
    signals: tuple[_Signal, ...]
    segments: tuple[tuple[str, int], ...]
    comments: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Decoded:
    """The signals of a record, each row (time,) in its unit; gains and baselines are None where segments differ."""

    rows: Rows
    names: Sequence[str]
    units: Sequence[str]
    fs: float
    gains: Sequence[float] | None
    baselines: Sequence[int] | None


def read_wfdb(header: str, find: Find, record_id: str) -> EcgRecord:
    """Read one WFDB record.

    Args:
        header: Name of the header, for example "JS00001.hea".
        find: Where the files of the record come from; asked only for plain names.
        record_id: The record's name in the product.

    Raises:
        UnreadableEcg: The header or a signal file is missing, damaged, too long, or the header names a file elsewhere.
        EcgError: The leads cannot be used.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a file in memory never reaches a disk
    with tempfile.TemporaryDirectory(prefix="suprem-", dir=memory) as name:  # mkdtemp: mode 0700
        staging = _Staging(Path(name), find)
        main = staging.add(header)
        decoded = _decode_plain(main, Path(name)) or _decode(main, Path(name))
    return _assemble(decoded, main, staging.notes, record_id)


def segment_names(text: str) -> tuple[str, ...]:
    """Return the segments a multi-segment header names, empty for any other header."""
    match = _RECORD_LINE.match(next(iter(_lines(text)), ""))
    if match is None or not match["segments"]:
        return ()
    return tuple(line.split()[0] for line in _lines(text)[1 : int(match["segments"]) + 1])


class _Staging:
    """The private folder: headers rewritten and checked, signal files under our own names."""

    def __init__(self, folder: Path, find: Find) -> None:
        self.notes: list[str] = []
        self._folder = folder
        self._find = find
        self._headers = 0

    def add(self, name: str, *, segment: bool = False) -> _Header:
        """Check the named header, write it and the files it names; return what it says."""
        header = _parse(self._text(name))
        own = f"r{self._headers}"
        self._headers += 1
        if header.segments and segment:
            raise UnreadableEcg("A segment of the WFDB record consists of segments itself, which is not read.")
        check_sample_count(header.n_sig, max(header.length, sum(length for _, length in header.segments)))
        fs = header.fs
        if fs is None and not segment:
            fs = _DEFAULT_FS
            self.notes.append("The header states no sampling rate; the format's default of 250 Hz was used.")
        if header.segments:
            lines, length = self._add_segments(header), header.length or sum(length for _, length in header.segments)
        else:
            lines, length = self._add_signals(header, own)
        count = f"/{len(header.segments)}" if header.segments else ""
        rate = f"{fs or _DEFAULT_FS:.6f}".rstrip("0").rstrip(".")
        text = "\n".join([f"{own}{count} {header.n_sig} {rate} {length}", *lines]) + "\n"
        (self._folder / f"{own}.hea").write_text(text, encoding="ascii", errors="ignore")
        return header

    def _add_segments(self, header: _Header) -> list[str]:
        lines = []
        for name, length in header.segments:
            own = "~"
            if name != "~":
                own = f"r{self._headers}"
                self.add(f"{name}.hea", segment=True)
            lines.append(f"{own} {length}")
        return lines

    def _add_signals(self, header: _Header, own: str) -> tuple[list[str], int]:
        """Place the signal files; return the rewritten signal lines and the samples per signal."""
        names = dict.fromkeys(signal.file for signal in header.signals)
        files = {name: f"{own}d{i}.dat" for i, name in enumerate(names)}
        length = header.length
        for name, own_name in files.items():
            if name == "~":  # a layout header: describes signals, holds none
                continue
            content = self._content(name, "signal file")
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            length = _checked_length([signal for signal in header.signals if signal.file == name], length, size)
            if isinstance(content, bytes):
                (self._folder / own_name).write_bytes(content)
            else:
                (self._folder / own_name).symlink_to(content.absolute())
        if not all(signal.calibrated for signal in header.signals):
            self.notes.append("The header states no calibration; the format's default of 200 units per mV was used.")
        return [f"{'~' if s.file == '~' else files[s.file]} {s.rest}" for s in header.signals], length

    def _content(self, name: str, what: str) -> Content:
        if not re.fullmatch(r"[^/\\\0]+", name) or name in (".", ".."):
            raise UnreadableEcg(f"The WFDB header names a {what} outside its folder; only files beside it are read.")
        content = self._find(name)
        if content is None:
            raise UnreadableEcg(
                f"The WFDB header names a {what} that is not there; give the .hea together with its .dat or .mat file, "
                "with the names they had when they were exported."
            )
        return content

    def _text(self, name: str) -> str:
        content = self._content(name, "segment")
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        if size > _MAX_HEADER_BYTES:
            raise UnreadableEcg("The .hea file is too large to be a WFDB header; expected a short text.")
        return decode_header(content if isinstance(content, bytes) else content.read_bytes())


def decode_header(data: bytes) -> str:
    """Return a header as text; the micro sign is written "u", because wfdb drops it and would then read volts."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _parse(text: str) -> _Header:
    body = _lines(text)
    match = _RECORD_LINE.match(body[0]) if body else None
    if match is None:
        raise UnreadableEcg("The .hea file is no WFDB header; its first line should give name, signals, rate, samples.")
    announced = int(match["segments"] or match["signals"])
    listed = body[1 : announced + 1]
    if not listed or len(listed) < announced:
        raise UnreadableEcg(f"The WFDB header announces {announced} signals or segments and describes {len(listed)}.")
    return _Header(
        n_sig=int(match["signals"]),
        fs=float(match["fs"]) if match["fs"] and float(match["fs"]) > 0 else None,
        length=int(match["length"] or 0),
        signals=() if match["segments"] else tuple(_parse_signal(line) for line in listed),
        segments=tuple(_parse_segment(line) for line in listed) if match["segments"] else (),
        comments=tuple(line for line in text.splitlines() if line.lstrip().startswith("#")),
    )


def _parse_signal(line: str) -> _Signal:
    match = _SIGNAL_LINE.match(line)
    if match is None:
        raise UnreadableEcg("A signal line of the WFDB header is damaged; expected a file name, a format and a gain.")
    gain = re.match(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$", match["gain"] or "", re.IGNORECASE)
    return _Signal(
        file=match["file"],
        rest=match["rest"],
        format=match["format"],
        frame=int(match["frame"] or 1),
        skew=int(match["skew"] or 0),
        offset=int(match["offset"] or 0),
        calibrated=gain is not None and float(gain[0]) != 0.0,
    )


def _parse_segment(line: str) -> tuple[str, int]:
    match = re.match(r"(\S+)\s+(\d+)", line)
    if match is None:
        raise UnreadableEcg("A segment line of the WFDB header is damaged; expected a name and a length.")
    return match[1], int(match[2])


def _checked_length(signals: Sequence[_Signal], length: int, size: int) -> int:
    """Return the samples per signal as stated, or as the file's size implies; refuse what the file cannot hold."""
    first, frame = signals[0], sum(signal.frame for signal in signals)
    if first.format in _COMPRESSED:
        check_sample_count(frame, length)
        return length
    width = _BYTES_PER_SAMPLE.get(first.format)
    if width is None or {signal.format for signal in signals} != {first.format} or frame == 0:
        raise UnreadableEcg("The WFDB header gives a storage format that is not read; export the record as format 16.")
    held = math.floor((size - first.offset) / width / frame)
    length = length or held
    check_sample_count(frame, length)
    if held < length or length == 0:
        raise UnreadableEcg(
            f"The WFDB header promises {length} samples per lead, the signal file holds {max(held, 0)}; "
            "it is truncated or belongs to another header. Copy or export the record again."
        )
    if any(signal.skew >= length for signal in signals):
        raise UnreadableEcg("The WFDB header shifts a signal by more than its length; it is damaged.")
    return length


def _decode_plain(header: _Header, folder: Path) -> _Decoded | None:
    """Decode a checked record whose signals are one file of format 16, or return None for any other."""
    lines = [match for signal in header.signals if (match := _PLAIN_SIGNAL.fullmatch(signal.rest))]
    gains = [float(line["gain"]) for line in lines]
    places = {(signal.file, signal.offset) for signal in header.signals}
    if len(lines) < header.n_sig or 0.0 in gains or len(places) != 1 or header.signals[0].file == "~":
        return None
    stored = np.fromfile(folder / "r0d0.dat", "<i2", offset=header.signals[0].offset)
    length = header.length or len(stored) // header.n_sig
    counts = stored[: length * header.n_sig].reshape(length, header.n_sig)
    baselines = [int(line["baseline"] or line["zero"]) for line in lines]
    values = (counts - np.array(baselines, np.float64)) / gains
    values[counts == _NO_SAMPLE] = np.nan
    names, units = [line["name"] for line in lines], [line["unit"] for line in lines]
    return _Decoded(list(values.T), names, units, header.fs or _DEFAULT_FS, gains, baselines)


def _decode(header: _Header, folder: Path) -> _Decoded:
    """Decode any checked record with `wfdb`.

    Raises:
        UnreadableEcg: It cannot.
    """
    # Imported here: it brings pandas along, a second that the usual record and the first page need not wait for.
    import wfdb

    # Several samples per frame are read at their own rate where all signals agree; wfdb averages them otherwise.
    frames = {signal.frame for signal in header.signals}
    expanded = len(frames) == 1 and frames != {1}
    try:
        record = wfdb.rdrecord(str(folder / "r0"), smooth_frames=not expanded)
    except Exception as error:  # wfdb raises whatever its parsing runs into; its texts may quote the file
        raise UnreadableEcg(
            f"The WFDB signal files cannot be decoded ({type(error).__name__}); they are damaged or not what "
            "the header describes. Export the record again."
        ) from None
    return _Decoded(
        rows=record.e_p_signal if expanded else list(record.p_signal.T),
        names=[name or "" for name in record.sig_name or []],
        units=[unit or "" for unit in record.units or []],
        fs=float(record.fs) * (frames.pop() if expanded else 1),
        gains=record.adc_gain,
        baselines=record.baseline,
    )


def _assemble(decoded: _Decoded, main: _Header, notes: list[str], record_id: str) -> EcgRecord:
    rows, restored = decoded.rows, _undo_normalising_gains(decoded)
    if restored is not None:
        rows = restored
        notes.append(
            "The header's gains bring every lead to 1 mV peak to peak, and Einthoven's law holds only without them, so "
            "they are no calibration; the stored integers were read as 1000 per mV, the Lobachevsky database's scale."
        )
    facts = {match["key"].lower(): match["value"] for line in main.comments if (match := _AGE_OR_SEX.match(line))}
    return to_record(
        [Channel(name, row, unit) for name, row, unit in zip(decoded.names, rows, decoded.units, strict=True)],
        fs=decoded.fs,
        record_id=record_id,
        source="WFDB",
        notes=list(dict.fromkeys(notes)),
        age=parse_age(facts.get("age", "")),
        sex=parse_sex(facts.get("sex", facts.get("gender", ""))),
    )


def _undo_normalising_gains(decoded: _Decoded) -> Rows | None:
    """Return the leads at 1000 units per mV where the header's gains only normalise (LUDB), else None.

    The Lobachevsky database (https://physionet.org/content/ludb/) was converted with one gain per lead that makes its
    peak to peak exactly 1 mV, which destroys the proportions between leads. That this happened can be proven from the
    file: the stored integers obey III = II - I to the unit. The 1000 units per mV are the database's own.
    """
    rows, gains, baselines = decoded.rows, decoded.gains, decoded.baselines
    if gains is None or baselines is None or len(set(gains)) == 1:
        return None
    spans = [np.ptp(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in rows]
    if not all(abs(span - 1.0) < 0.005 for span in spans):
        return None
    units = [row * gain + baseline for row, gain, baseline in zip(rows, gains, baselines, strict=True)]
    named = [(canonical_lead(name), row) for name, row in zip(decoded.names, units, strict=True)]
    limb = {lead[0]: row for lead, row in named if lead}
    if not {"I", "II", "III"} <= limb.keys():
        return None
    residual = limb["III"] - (limb["II"] - limb["I"])
    if not np.nanmax(np.abs(residual)) <= 2.0:
        return None
    return [row / 1000.0 for row in units]
