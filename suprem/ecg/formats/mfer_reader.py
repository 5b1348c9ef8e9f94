"""MFER (ISO 22077-1, Nihon Kohden, Fukuda Denshi): tagged values, and frames of sequences x channels x blocks.

A value is (sample + offset) times the sampling resolution. What is defined for all channels may be overridden for one
(`_ATTRIBUTES`). Of the patient, only age in years and sex are looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES, Channel, check_sample_count, parse_age, to_record
from suprem.ecg.formats.lead_names import coded_lead
from suprem.ecg.record import EcgRecord
from suprem.errors import BadSamplingRate, EcgError, UnreadableEcg

_KIND = "MFER"
_ORDER, _BLOCK, _CHANNELS, _SEQUENCES, _WAVEFORM, _LEAD, _TYPE, _INTERVAL = 1, 4, 5, 6, 8, 9, 10, 11
_RESOLUTION, _OFFSET, _COMPRESSION, _NULL, _SAMPLES, _ATTRIBUTES, _PREAMBLE = 12, 13, 14, 18, 30, 63, 64
_GROUP, _END, _AGE, _SEX = 0x67, 0x80, 0x83, 0x84
_PER_CHANNEL = (_BLOCK, _SEQUENCES, _WAVEFORM, _LEAD, _TYPE, _INTERVAL, _RESOLUTION, _OFFSET, _NULL)
_TAGS = {bytes([tag]) for tag in (*range(2, 31), *range(63, 71), _GROUP, *range(_AGE - 2, _SEX + 5))}
"""What may follow the byte order at the beginning of a file."""
_TYPES = {0: "i2", 1: "u2", 2: "i4", 3: "u1", 4: "u2", 5: "i1", 6: "u4", 7: "f4", 8: "f8"}
_MAX_CHANNELS = 64
_MAX_TAGS = 20_000
_DOMINANT_BEAT = 9
_HERTZ, _SECOND, _VOLT = 0, 1, 0
_SEXES = {1: "male", 2: "female"}

Definitions = dict[int, bytes]


def is_mfer(head: bytes) -> bool:
    """Tell from its beginning whether a file is MFER: by its preamble, which is optional, or its first definitions."""
    if head[0] == _PREAMBLE and b"MFR" in head[2:8]:
        return True
    first, size = head[0], head[1] if len(head) > 2 else 0
    return first == _ORDER and size == 1 and head[2] in (0, 1) and head[3:4] in _TAGS


@dataclass
class _Reading:
    """What the definitions say so far, and the frames they described.

    A frame is the definitions of its channels and their samples.
    """

    big: bool = True
    channels: int = 1
    common: Definitions = field(default_factory=dict)
    own: dict[int, Definitions] = field(default_factory=dict)
    frames: list[tuple[list[Definitions], list[NDArray[np.float64]]]] = field(default_factory=list)
    samples: int = 0
    age: str = ""
    sex: str | None = None
    tags: int = 0

    def whole(self, value: bytes) -> int:
        return int.from_bytes(value[:8], "big" if self.big else "little")

    def scaled(self, value: bytes) -> tuple[int, float]:
        """Return unit and size of an interval or a resolution: a unit, a power of ten and a whole number."""
        if len(value) < 3:
            raise UnreadableEcg(f"The {_KIND} file is damaged: a rate or resolution is not whole. Export it again.")
        mantissa = int.from_bytes(value[2:10], "big" if self.big else "little", signed=True)
        return value[0], mantissa * 10.0 ** int.from_bytes(value[1:2], "big", signed=True)


def read_mfer(data: bytes, record_id: str) -> EcgRecord:
    """Read the longest run of equal frames of an MFER file; dominant beats are left.

    Raises:
        UnreadableEcg: The file is damaged, compressed, or holds no samples.
        BadSamplingRate: It states no sampling rate.
        EcgError: Its leads cannot be used.
    """
    reading = _Reading()
    try:
        _walk(data, reading, None)
    except (struct.error, IndexError):
        raise UnreadableEcg(
            f"The {_KIND} file is damaged or cut off; expected whole definitions. Export it again."
        ) from None
    rhythms = [frame for frame in reading.frames if reading.whole(frame[0][0].get(_WAVEFORM, b"")) != _DOMINANT_BEAT]
    if not rhythms:
        found = "only dominant beats" if reading.frames else "no samples"
        raise UnreadableEcg(f"The {_KIND} file holds {found}; it is cut off or holds no ECG. Export it again.")
    runs: list[list[tuple[list[Definitions], list[NDArray[np.float64]]]]] = [[rhythms[0]]]
    for frame in rhythms[1:]:
        if frame[0] == runs[-1][-1][0]:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    run = max(runs, key=lambda frames: sum(max(row.size for row in rows) for _, rows in frames))
    notes = [f"The longest of the file's {len(runs)} recordings was read."] if len(runs) > 1 else []
    definitions = run[0][0]
    rows = [np.concatenate([rows[place] for _, rows in run]) for place in range(len(definitions))]
    leads = [_lead(reading, one) for one in definitions]
    rates = {_rate(reading, one) for one, lead in zip(definitions, leads, strict=True) if lead}
    if len(rates) > 1:
        raise BadSamplingRate(f"The leads of the {_KIND} file differ in sampling rate; export them at one rate.")
    return to_record(
        [_channel(reading, one, lead, row) for one, lead, row in zip(definitions, leads, rows, strict=True)],
        fs=rates.pop() if rates else 1.0,
        record_id=record_id,
        source=_KIND,
        notes=notes,
        age=parse_age(reading.age),
        sex=reading.sex,
    )


def _walk(data: bytes, reading: _Reading, channel: int | None) -> None:
    for tag, own, value in _definitions(data, reading):
        if tag == _ATTRIBUTES and channel is None:
            _walk(value, reading, own)
        elif tag == _GROUP:
            _walk(value, reading, channel)
        elif tag in _PER_CHANNEL:
            target = reading.common if channel is None else reading.own.setdefault(channel, {})
            if value:
                target[tag] = value
            else:  # back to the default
                target.pop(tag, None)
        elif tag == _SAMPLES:
            _add_frame(value, reading)
        elif tag == _ORDER:
            reading.big = value[:1] != b"\x01"
        elif tag == _CHANNELS and channel is None:
            reading.channels, reading.own = reading.whole(value) or 1, {}
        elif tag == _COMPRESSION and any(value[:2]):
            raise UnreadableEcg(f"The {_KIND} file is compressed, which is not read; export it without compression.")
        elif tag == _AGE and value[:1] not in (b"", b"\xff") and any(value[:3]):
            reading.age = str(value[0])
        elif tag == _SEX and value:
            reading.sex = _SEXES.get(value[0])


def _definitions(data: bytes, reading: _Reading) -> Iterator[tuple[int, int, bytes]]:
    """Yield tag, channel (of `_ATTRIBUTES`) and value; zeros between definitions are padding."""
    place = 0
    while place < len(data):
        tag, channel = data[place], 0
        place += 1
        if tag == 0:
            continue
        reading.tags += 1
        if tag == _END or reading.tags > _MAX_TAGS:
            return
        if tag == _ATTRIBUTES:
            while True:
                channel = (channel & 0xFFFF) << 7 | data[place] & 0x7F
                place += 1
                if data[place - 1] < 0x80:
                    break
        length = data[place]
        place += 1
        if length == 0x80:  # ends with two zeros
            end = data.find(b"\0\0", place)
            size = (end if end >= 0 else len(data)) - place
        elif length > 0x80:
            size = int.from_bytes(data[place : place + (length & 0x7F)], "big")
            place += length & 0x7F
        else:
            size = length
        if place + size > len(data):
            raise UnreadableEcg(f"The {_KIND} file ends before its definitions do; it is cut off. Export it again.")
        yield tag, channel, data[place : place + size]
        place += size


def _add_frame(content: bytes, reading: _Reading) -> None:
    """Cut the samples of a frame into its channels: for each sequence, each channel's block."""
    if reading.channels > _MAX_CHANNELS:
        raise UnreadableEcg(f"The {_KIND} file states {reading.channels} channels; at most {_MAX_CHANNELS} are read.")
    definitions = [
        {tag: value for tag, value in reading.common.items() if tag != _LEAD or reading.channels == 1}
        | reading.own.get(channel, {})
        for channel in range(reading.channels)
    ]
    order, fields = ">" if reading.big else "<", []
    for place, one in enumerate(definitions):
        kind = one.get(_TYPE, b"\0")[0]
        if kind not in _TYPES:
            raise UnreadableEcg(
                f"A channel of the {_KIND} file is stored in an unknown way; export it as whole numbers."
            )
        block = reading.whole(one.get(_BLOCK, b"\x01")) if _BLOCK in one else 1
        if not 0 < block <= MAX_SAMPLES:
            raise UnreadableEcg(f"A block of the {_KIND} file is empty or too long; the file is damaged.")
        fields.append((f"{place}", f"{order}{_TYPES[kind]}", (block,)))
    sequences = {reading.whole(one[_SEQUENCES]) for one in definitions if _SEQUENCES in one}
    size = sum(np.dtype(kind).itemsize * shape[0] for _, kind, shape in fields)
    count = len(content) // size
    if not count or len(sequences) > 1 or (sequences and next(iter(sequences)) > count):
        raise UnreadableEcg(
            f"A frame of the {_KIND} file states more samples than it holds; it is cut off. Export it again."
        )
    count = next(iter(sequences), 0) or count
    reading.samples += sum(count * shape[0] for _, _, shape in fields)
    check_sample_count(1, reading.samples)
    frame = np.frombuffer(content, np.dtype(fields), count)
    reading.frames.append((definitions, [frame[name].ravel().astype(np.float64) for name, _, _ in fields]))


def _lead(reading: _Reading, one: Definitions) -> tuple[str, int] | None:
    """Return the lead by its code, which shares the numbers of SCP-ECG."""
    value = one.get(_LEAD, b"")
    return coded_lead("MDC", f"2:{reading.whole(value[:2])}") if value else None


def _rate(reading: _Reading, one: Definitions) -> float:
    unit, size = reading.scaled(one[_INTERVAL]) if _INTERVAL in one else (_HERTZ, 0.0)
    rate = size if unit == _HERTZ else 1 / size if unit == _SECOND and size > 0 else 0.0
    if not 1 <= rate <= 100_000:
        raise BadSamplingRate(f"The {_KIND} file states no usable sampling rate; export it again.")
    return round(rate, 6)


def _channel(reading: _Reading, one: Definitions, lead: tuple[str, int] | None, row: NDArray[np.float64]) -> Channel:
    """Return (sample + offset) * resolution as volts; NaN where the sample is the one that stands for none."""
    if lead is None:  # left out and counted later, whatever it holds
        return Channel("", row, "V")
    if _RESOLUTION not in one:
        raise UnreadableEcg(f"A lead of the {_KIND} file states no resolution; its amplitude cannot be known.")
    unit, size = reading.scaled(one[_RESOLUTION])
    if unit != _VOLT:
        raise EcgError(f"A lead of the {_KIND} file is not given in a voltage; expected volts.")
    kind = np.dtype((">" if reading.big else "<") + _TYPES[one.get(_TYPE, b"\0")[0]])
    none, offset = (_stored(one.get(tag, b""), kind) for tag in (_NULL, _OFFSET))
    absent = row == none if none is not None else np.zeros(row.size, bool)
    return Channel("", np.where(absent, np.nan, row + (offset or 0.0)) * size, "V", lead)


def _stored(value: bytes, kind: np.dtype) -> float | None:
    """Return a sample value that stands in a definition, None where it is not whole."""
    return float(np.frombuffer(value, kind, 1)[0]) if len(value) >= kind.itemsize else None
