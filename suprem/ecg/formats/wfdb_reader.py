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
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import Channel, check_sample_count, is_counts, parse_age, parse_sex, to_record
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.formats.wfdb_header import WfdbHeader, WfdbSignal, decode_header, parse_header
from suprem.ecg.record import EcgRecord
from suprem.errors import MissingFact, UnreadableEcg

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
_DEFAULT_GAIN = 200.0
_MAX_HEADER_BYTES = 1_000_000
_PLAIN_SIGNAL = re.compile(
    r"16(?:\+\d+)?\s+(?P<gain>\d+(?:\.\d+)?)(?:\((?P<baseline>-?\d+)\))?/(?P<unit>[\w^?%/-]+)"
    r"\s+\d+\s+(?P<zero>-?\d+)\s+-?\d+\s+-?\d+\s+\d+\s+(?P<name>\S.*)"
)
"""A signal line in full: format 16, gain, unit, resolution, zero, first value, checksum, block size, description."""

_NO_SAMPLE = -32768
"""What format 16 holds where there is no sample."""

_AGE_OR_SEX = re.compile(r"[#\s]*<?(?P<key>age|sex|gender)>?\s*:\s*(?P<value>\S+)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class _Decoded:
    """The signals of a record, each row (time,) in its unit; gains and baselines are None where segments differ."""

    rows: Rows
    names: Sequence[str]
    units: Sequence[str]
    fs: float
    gains: Sequence[float] | None
    baselines: Sequence[int] | None


def read_wfdb(header: str, find: Find, record_id: str, given: TableFormat | None = None) -> EcgRecord:
    """Read one WFDB record.

    Args:
        header: Name of the header, for example "JS00001.hea".
        find: Where the files of the record come from; asked only for plain names.
        record_id: The record's name in the product.
        given: How many counts a millivolt is, for signals whose gain the header does not state.

    Raises:
        MissingFact: A lead states no gain, and none is given.
        UnreadableEcg: The header or a signal file is missing, damaged, too long, or the header names a file elsewhere.
        EcgError: The leads cannot be used.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a file in memory never reaches a disk
    with tempfile.TemporaryDirectory(prefix="suprem-", dir=memory) as name:  # mkdtemp: mode 0700
        staging = _Staging(Path(name), find)
        main = staging.add(header)
        if main.has_gaps:
            decoded = _join(
                main,
                [_decode_plain(one, Path(name), own) or _decode(one, Path(name), own) for own, one in staging.segments],
            )
        else:
            decoded = _decode_plain(main, Path(name)) or _decode(main, Path(name))
    counts_per_mv = given.counts_per_mv if given else None
    return _assemble(_calibrated(decoded, staging.uncalibrated, counts_per_mv), main, staging.notes, record_id)


class _Staging:
    """The private folder: headers rewritten and checked, signal files under our own names."""

    def __init__(self, folder: Path, find: Find) -> None:
        self.notes: list[str] = []
        self.segments: list[tuple[str, WfdbHeader]] = []
        self.uncalibrated: set[str] = set()
        """Descriptions of leads whose gain is not stated."""
        self._folder = folder
        self._find = find
        self._headers = 0

    def add(self, name: str, *, segment: bool = False) -> WfdbHeader:
        """Check the named header, write it and the files it names; return what it says."""
        header = parse_header(self._text(name))
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
        if segment:
            self.segments.append((own, header))
        return header

    def _add_segments(self, header: WfdbHeader) -> list[str]:
        lines = []
        for name, length in header.segments:
            own = "~"
            if name != "~":
                own = f"r{self._headers}"
                self.add(f"{name}.hea", segment=True)
            lines.append(f"{own} {length}")
        return lines

    def _add_signals(self, header: WfdbHeader, own: str) -> tuple[list[str], int]:
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
        self.uncalibrated |= {signal.name for signal in header.signals if not signal.calibrated}
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


def _checked_length(signals: Sequence[WfdbSignal], length: int, size: int) -> int:
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


def _decode_plain(header: WfdbHeader, folder: Path, own: str = "r0") -> _Decoded | None:
    """Decode a checked record whose signals are one file of format 16, or return None for any other."""
    lines = [match for signal in header.signals if (match := _PLAIN_SIGNAL.fullmatch(signal.rest))]
    gains = [float(line["gain"]) for line in lines]
    places = {(signal.file, signal.offset) for signal in header.signals}
    if len(lines) < header.n_sig or 0.0 in gains or len(places) != 1 or header.signals[0].file == "~":
        return None
    stored = np.fromfile(folder / f"{own}d0.dat", "<i2", offset=header.signals[0].offset)
    length = header.length or len(stored) // header.n_sig
    counts = stored[: length * header.n_sig].reshape(length, header.n_sig)
    baselines = [int(line["baseline"] or line["zero"]) for line in lines]
    values = (counts - np.array(baselines, np.float64)) / gains
    values[counts == _NO_SAMPLE] = np.nan
    names, units = [line["name"] for line in lines], [line["unit"] for line in lines]
    return _Decoded(list(values.T), names, units, header.fs or _DEFAULT_FS, gains, baselines)


def _decode(header: WfdbHeader, folder: Path, own: str = "r0") -> _Decoded:
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
        record = wfdb.rdrecord(str(folder / own), smooth_frames=not expanded)
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


def _join(main: WfdbHeader, parts: list[_Decoded]) -> _Decoded:
    """Lay the segments of a record after each other, NaN where one is missing.

    Raises:
        UnreadableEcg: They do not hold the same signals.
    """
    first = parts[0] if parts else None
    if first is None or any(
        (list(part.names), list(part.units)) != (list(first.names), list(first.units)) for part in parts
    ):
        raise UnreadableEcg("The segments of the WFDB record hold different signals; export the record as one segment.")
    pieces, left = [], list(parts)
    for name, length in main.segments:
        pieces.append(np.full((len(first.names), length), np.nan) if name == "~" else np.stack(left.pop(0).rows))
    rows = np.concatenate(pieces, axis=1)
    return _Decoded(list(rows), first.names, first.units, main.fs or _DEFAULT_FS, None, None)


def _calibrated(decoded: _Decoded, uncalibrated: set[str], counts_per_mv: float | None) -> _Decoded:
    """Return the signals with the given calibration where the header states none.

    Raises:
        MissingFact: A lead has none, and none is given. The format's own default of 200 counts per millivolt is wrong
            for most of what is recorded today, so it is not taken.
    """
    without = {name for name in uncalibrated if canonical_lead(name)}
    if without and counts_per_mv is None:
        raise MissingFact(
            "The WFDB header states no gain, so the amplitude is not known; give how many counts of the signal are one "
            f"millivolt (counts-per-mv). The format's old default is {_DEFAULT_GAIN:g}."
        )
    rows = [
        row * (_DEFAULT_GAIN / counts_per_mv) if counts_per_mv and name in without
        else row / counts_per_mv if counts_per_mv and is_counts(unit) else row
        for name, unit, row in zip(decoded.names, decoded.units, decoded.rows, strict=True)
    ]  # fmt: skip
    units = ["mV" if counts_per_mv and is_counts(unit) else unit for unit in decoded.units]
    return replace(decoded, rows=rows, units=units)


def _assemble(decoded: _Decoded, main: WfdbHeader, notes: list[str], record_id: str) -> EcgRecord:
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
