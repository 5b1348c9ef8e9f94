"""SCP-ECG (EN 1064, ANSI/AAMI EC71, ISO 11073-91064): numbered sections of binary values, least byte first.

A lead is a row of 16-bit values or of Huffman codes (`scp_huffman`), which may be first or second differences. A
writer may have subtracted a reference beat at every heart beat, and outside the protected areas around the QRS
complexes may have averaged four samples into one; both are undone here. Name, number and dates of section 1 are not
read, nor are the free texts of physicians.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES, Channel, check_sample_count, parse_age, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.lead_names import coded_lead
from suprem.ecg.formats.scp_huffman import Table, decode, read_tables
from suprem.ecg.record import EcgRecord
from suprem.errors import BadSamplingRate, UnreadableEcg

_KIND = "SCP-ECG"
_MAX_LEADS = 64
_MAX_CODED = 2_000_000
"""Samples that are decoded bit by bit; a section holds at most 65535 bytes a lead."""
_HEAD = 16
_USED_SECTIONS = range(1, 9)
_AGE_UNITS = {1: "y", 2: "m", 3: "w", 4: "d"}
_SEXES = {1: "male", 2: "female"}
_UNKNOWN = (29999, 19999, 9999)
"""Stand for measurements that were not taken or not computed."""


@dataclass(frozen=True)
class _Lead:
    """A lead of section 3: its number in the standard's list and its first and last sample, from 1."""

    number: int
    first: int
    last: int

    @property
    def samples(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class _Waveforms:
    """Section 5 or 6: nanovolts a step, microseconds a sample, differences, averaging, and the bytes of each lead."""

    nanovolts: int
    interval: int
    differences: int
    averaged: bool
    rows: tuple[bytes, ...]


@dataclass(frozen=True)
class _Beats:
    """Section 4: the reference beat's length in ms and its fiducial sample, the beats and the areas left as they were.

    Beats are type, first sample, fiducial sample, last sample; areas are first and last sample. All count from 1.
    """

    milliseconds: int
    fiducial: int
    beats: tuple[tuple[int, int, int, int], ...]
    areas: tuple[tuple[int, int], ...]


def is_scp(head: bytes) -> bool:
    """Tell from its beginning whether a file is SCP-ECG: by its mark, which versions before 1.3 did not have to set.

    Without it, there is a section 0 of whole pointers, whose first one is to itself.
    """
    if b"SCPECG" in head[:32]:
        return True
    if len(head) < 6 + _HEAD + 10:
        return False
    number, size = struct.unpack_from("<HI", head, 8)
    own, length, index = struct.unpack_from("<HII", head, 6 + _HEAD)
    return number == own == 0 and size == length >= _HEAD + 120 and (size - _HEAD) % 10 == 0 and index == 7


def read_scp(data: bytes, record_id: str) -> EcgRecord:
    """Read the rhythm of an SCP-ECG file.

    Raises:
        UnreadableEcg: The file is damaged, cut off, or holds no rhythm (section 6).
        BadSamplingRate: It states no sampling rate.
        EcgError: Its leads cannot be used.
    """
    try:
        return _read(data, record_id)
    except (struct.error, IndexError):
        raise UnreadableEcg(
            f"The {_KIND} file is damaged or cut off; expected whole sections. Export it again."
        ) from None


def _read(data: bytes, record_id: str) -> EcgRecord:
    sections = _sections(data)
    if 3 not in sections or 6 not in sections:
        raise UnreadableEcg(f"The {_KIND} file holds no rhythm (sections 3 and 6); export the ECG with its waveform.")
    leads, subtracted = _leads(sections[3])
    rhythm = _waveforms(sections[6], len(leads))
    reference = _waveforms(sections[5], len(leads)) if 5 in sections else None
    if not rhythm.nanovolts:
        raise UnreadableEcg(f"The {_KIND} file states no amplitude step; the amplitude cannot be known.")
    tables = read_tables(sections[2]) if 2 in sections else None
    step = rhythm.interval
    if (subtracted or rhythm.averaged) and reference is not None:
        step = reference.interval
    ratio = rhythm.interval / step if step else 0.0
    if not 10 <= step <= 100_000 or ratio not in (1, 2, 3, 4):
        raise BadSamplingRate(f"The {_KIND} file states no usable sampling rate; export it again.")
    beats = _beats(sections[4]) if (subtracted or ratio > 1) and 4 in sections else _Beats(0, 0, (), ())
    rows = [
        _full_rate(_decoded(content, rhythm, lead.samples, tables), lead, int(ratio), beats, rhythm.averaged)
        * (rhythm.nanovolts / 1000)
        for lead, content in zip(leads, rhythm.rows, strict=True)
    ]
    if subtracted:
        if reference is None or not beats.beats:
            raise UnreadableEcg(f"The {_KIND} file lacks the reference beat it subtracted (sections 4, 5).")
        samples = round(beats.milliseconds * 1000 / step)
        for lead, row, content in zip(leads, rows, reference.rows, strict=True):
            beat = _decoded(content, reference, samples, tables) * (reference.nanovolts / 1000)
            _add_beats(row, lead, beat, beats)
    placed = _placed(leads, rows)
    recorded = max(int(np.flatnonzero(np.isfinite(one.samples))[-1:].sum()) + 1 for one in placed)
    if not any(np.isfinite(one.samples).any() for one in placed):
        raise UnreadableEcg(f"The leads of the {_KIND} file hold no values; it is cut off. Export it again.")
    statements, left_out = keep_statements(_statements(sections.get(8, b"")))
    notes = [] if _checked(data) else ["The file does not match its checksum; it may be damaged."]
    stated = placed[0].samples.size
    if recorded < 0.99 * stated:  # writers that count their leads from 0 leave out the last sample
        short = f"{recorded * step / 1e6:.1f} of the {stated * step / 1e6:.1f} s"
        notes.append(f"The leads hold {short} that their header states; what is there was read.")
    return to_record(
        [replace(one, samples=one.samples[:recorded]) for one in placed],
        fs=1e6 / step,
        record_id=record_id,
        source=_KIND,
        notes=notes + left_out_note(left_out),
        age=_age(sections.get(1, b"")),
        sex=_SEXES.get((_tag(sections.get(1, b""), 8) or b"\0")[0]),
        device=_measurements(sections.get(7, b"")),
        device_statements=statements,
    )


def _sections(data: bytes) -> dict[int, bytes]:
    """Return the content of each section without its head, as the pointers of section 0 say."""
    (size,) = struct.unpack_from("<I", data, 6 + 4)
    found: dict[int, bytes] = {}
    if 6 + size > len(data):
        raise UnreadableEcg(f"The {_KIND} file is damaged or cut off: it ends before its pointers do. Export it again.")
    for place in range(6 + _HEAD, 6 + size - 9, 10):
        number, length, index = struct.unpack_from("<HII", data, place)
        if length > _HEAD and number in _USED_SECTIONS and index:
            if index - 1 + length > len(data):
                raise UnreadableEcg(f"The {_KIND} file ends before its section {number} does; it is cut off.")
            found.setdefault(number, data[index - 1 + _HEAD : index - 1 + length])
    return found


def _checked(data: bytes) -> bool:
    """Tell whether the file has its checksum, where it states one (CRC-CCITT over all that follows it)."""
    checksum, size = struct.unpack_from("<HI", data)
    return checksum in (0, 0xFFFF) or checksum == crc_hqx(data[2 : min(size, len(data))], 0xFFFF)


def _leads(section: bytes) -> tuple[list[_Lead], bool]:
    """Return the leads, and whether a reference beat was subtracted from them."""
    count, flags = section[0], section[1]
    if not 0 < count <= _MAX_LEADS:
        raise UnreadableEcg(f"The {_KIND} file states {count} leads; expected 1 to {_MAX_LEADS}. Export it again.")
    leads = []
    for place in range(2, 2 + 9 * count, 9):
        first, last, number = struct.unpack_from("<IIB", section, place)
        first = max(first, 1)  # some count from 0
        if last < first:
            raise UnreadableEcg(f"A lead of the {_KIND} file ends before it begins; the file is damaged.")
        leads.append(_Lead(number, first, last))
    check_sample_count(count, max(lead.last for lead in leads) - min(lead.first for lead in leads) + 1)
    return leads, bool(flags & 1)


def _waveforms(section: bytes, leads: int) -> _Waveforms:
    nanovolts, interval, differences, averaged = struct.unpack_from("<HHBB", section)
    lengths = struct.unpack_from(f"<{leads}H", section, 6)
    ends = np.cumsum([6 + 2 * leads, *lengths]).tolist()
    if ends[-1] > len(section) or differences > 2:
        raise UnreadableEcg(f"The waveform of the {_KIND} file is damaged or cut off. Export it again.")
    rows = tuple(section[begin:end] for begin, end in pairwise(ends))
    return _Waveforms(nanovolts, interval, differences, averaged == 1, rows)


def _decoded(content: bytes, waveforms: _Waveforms, samples: int, tables: list[Table] | None) -> NDArray[np.int64]:
    """Return the values of one lead, at most `samples`, with the differences summed in 16 bits."""
    if tables is None:
        values = np.frombuffer(content[: len(content) // 2 * 2], "<i2")[:samples].astype(np.int64)
    else:
        if samples * len(waveforms.rows) > _MAX_CODED:
            raise UnreadableEcg(f"The {_KIND} file states more coded samples than its sections can hold.")
        values = decode(content, samples, tables)
    if waveforms.differences == 2:
        values[1:] = np.cumsum(np.concatenate([values[1:2] - values[:1], values[2:]]))
    if waveforms.differences:
        values = np.cumsum(values)
    return values.astype(np.int16).astype(np.int64)


def _full_rate(
    values: NDArray[np.int64], lead: _Lead, ratio: int, beats: _Beats, averaged: bool
) -> NDArray[np.float64]:
    """Return one value for each sample, between averages of `ratio` samples on a straight line; NaN behind the last."""
    centres = np.arange(lead.samples, dtype=np.float64) if ratio == 1 else _centres(lead, ratio, beats, averaged)
    used = min(values.size, centres.size)
    if not used:
        return np.full(lead.samples, np.nan)
    samples = np.arange(lead.samples)
    row = np.interp(samples, centres[:used], values[:used].astype(np.float64))
    if used < centres.size:
        row[samples > centres[used - 1]] = np.nan
    return row


def _centres(lead: _Lead, ratio: int, beats: _Beats, averaged: bool) -> NDArray[np.float64]:
    """Return which sample, counted from 0, each stored value stands on: one in a protected area, a mean elsewhere."""
    inside = np.zeros(lead.samples, bool)
    for first, last in beats.areas if averaged else ():
        inside[max(first - lead.first, 0) : max(last - lead.first + 1, 0)] = True
    edges = [0, *(np.flatnonzero(inside[1:] != inside[:-1]) + 1).tolist(), lead.samples]
    found = []
    for begin, end in pairwise(edges):
        starts = np.arange(begin, end, 1 if inside[begin] else ratio)
        found.append((starts + np.append(starts[1:], end) - 1) / 2)
    return np.concatenate(found)


def _beats(section: bytes) -> _Beats:
    milliseconds, fiducial, count = struct.unpack_from("<HHH", section)
    beats = tuple(struct.unpack_from("<HIII", section, 6 + 14 * beat) for beat in range(count))
    place = 6 + 14 * count
    whole = len(section) >= place + 8 * count
    areas = tuple(struct.unpack_from("<II", section, place + 8 * beat) for beat in range(count if whole else 0))
    if sum(max(0, last - first) for kind, first, _, last in beats if kind == 0) > MAX_SAMPLES:
        raise UnreadableEcg(f"The heart beats of the {_KIND} file overlap; the file is damaged. Export it again.")
    return _Beats(milliseconds, fiducial, beats, areas)


def _add_beats(row: NDArray[np.float64], lead: _Lead, beat: NDArray[np.floating], beats: _Beats) -> None:
    """Add the reference beat where it was subtracted, its fiducial sample on that of each beat of type 0."""
    for kind, first, fiducial, last in beats.beats:
        offset = beats.fiducial - fiducial - 1  # index into the beat = sample number + offset
        begin, end = max(first, lead.first, -offset), min(last, lead.last, beat.size - 1 - offset)
        if kind == 0 and begin <= end:
            row[begin - lead.first : end - lead.first + 1] += beat[begin + offset : end + offset + 1]


def _placed(leads: list[_Lead], rows: list[NDArray[np.float64]]) -> list[Channel]:
    """Return leads on one time axis; NaN where one was not recorded while others were."""
    begin, end = min(lead.first for lead in leads), max(lead.last for lead in leads)
    channels = []
    for lead, row in zip(leads, rows, strict=True):
        microvolts = np.full(end - begin + 1, np.nan)
        microvolts[lead.first - begin : lead.last - begin + 1] = row
        channels.append(Channel("", microvolts, "uV", coded_lead("MDC", f"2:{lead.number}")))
    return channels


def _tag(section: bytes, wanted: int) -> bytes | None:
    """Return the value of a tag of section 1; the others, names and dates, are passed over."""
    place = 0
    while place + 3 <= len(section):
        tag, length = struct.unpack_from("<BH", section, place)
        if tag == 255:
            return None
        if tag == wanted:
            return section[place + 3 : place + 3 + length] or None
        place += 3 + length
    return None


def _age(section: bytes) -> float | None:
    value = _tag(section, 4)
    if value is None or len(value) < 3 or value[2] not in _AGE_UNITS:
        return None
    return parse_age(f"{int.from_bytes(value[:2], 'little')}{_AGE_UNITS[value[2]]}")


def _measurements(section: bytes) -> dict[str, str]:
    """Return intervals from the wave limits of the first reference beat, and axes."""
    if len(section) < 22 or not section[0]:
        return {}
    rr, _, p_on, p_off, qrs_on, qrs_off, t_off = struct.unpack_from("<7H", section, 2)
    axes = struct.unpack_from("<3h", section, 16)

    def between(begin: int, end: int) -> str | None:
        return None if {begin, end} & set(_UNKNOWN) else str(end - begin)

    stated = {
        "Heart Rate": f"{60_000 / rr:.0f}" if rr and rr not in _UNKNOWN else None,
        "P Duration": between(p_on, p_off),
        "PR Interval": between(p_on, qrs_on),
        "QRS Duration": between(qrs_on, qrs_off),
        "QT Interval": between(qrs_on, t_off),
    }
    stated |= {
        f"{wave} Axis": str(axis) for wave, axis in zip(("P", "QRS", "T"), axes, strict=True) if abs(axis) <= 360
    }
    return measurements(stated)


def _statements(section: bytes) -> Iterator[str]:
    """Yield the statements of section 8 where the report is the device's own (status 0)."""
    if len(section) < 9 or section[0] != 0:
        return
    place = 9
    for _ in range(section[8]):
        if place + 3 > len(section):
            return
        length = int.from_bytes(section[place + 1 : place + 3], "little")
        yield section[place + 3 : place + 3 + length].rstrip(b"\0").decode("latin-1")
        place += 3 + length
