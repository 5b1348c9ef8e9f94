"""ISHNE (Badilini 1998), the Holter format: a fixed header, a free block, and 16-bit samples of all leads in turn.

Names, number and dates of the header are not read. A whole day is more than is read (`channels.MAX_SAMPLES`).
"""

from __future__ import annotations

import struct
from binascii import crc_hqx

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import Channel, check_sample_count, to_record
from suprem.ecg.formats.sampling_rate import stated_or_given
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import UnreadableEcg

_KIND = "ISHNE"
_HEADER = 522
_MAX_LEADS = 12
_LEADS = {code: (lead, 1) for code, lead in enumerate(LEADS, start=5)}
"""Numbers of the standard leads in the header; X, Y, Z, the chest leads of a Holter and unknown ones are others."""
_ABSENT = -32768
"""Stands for a sample without a connected electrode."""
_SEXES = {1: "male", 2: "female"}


def read_ishne(data: bytes, record_id: str, fs: float | None = None) -> EcgRecord:
    """Read the standard leads of an ISHNE file.

    Args:
        data: The file.
        record_id: The record's name in the product.
        fs: Sampling rate in Hz, where the file states none.

    Raises:
        UnreadableEcg: The file is damaged, holds annotations only, or too long a recording.
        MissingFact: It states no sampling rate and none is given.
        EcgError: Its leads cannot be used.
    """
    if data.startswith(b"ANN"):
        raise UnreadableEcg(
            f"The {_KIND} file holds annotations only; expected the samples (ISHNE1.0). Export the ECG beside it."
        )
    if len(data) < _HEADER:
        raise UnreadableEcg(f"The {_KIND} file is cut off: its header is not whole. Export it again.")
    block, stated, _, offset = struct.unpack_from("<4i", data, 10)
    sex, count = struct.unpack_from("<h", data, 128)[0], struct.unpack_from("<h", data, 156)[0]
    (rate,) = struct.unpack_from("<h", data, 272)
    if not 0 < count <= _MAX_LEADS:
        raise UnreadableEcg(f"The {_KIND} file states {count} leads; expected 1 to {_MAX_LEADS}. Export it again.")
    begin = _HEADER + block if block >= 0 else offset
    if not _HEADER <= begin < len(data):
        raise UnreadableEcg(f"The {_KIND} file is damaged or cut off: it ends before its samples. Export it again.")
    frames = (len(data) - begin) // 2 // count
    check_sample_count(count, frames)
    samples = np.frombuffer(data, "<i2", count * frames, begin).reshape(frames, count).T.astype(np.float64)
    samples[samples == _ABSENT] = np.nan
    notes = []
    if 0 < stated < frames:
        samples = samples[:, :stated]
    elif stated not in (frames, frames * count):  # some writers count the samples of all leads
        notes.append(f"The file states {stated} samples a lead and holds {frames}; those were read.")
    checksum = int.from_bytes(data[8:10], "little")
    if checksum and checksum not in _checksums(data[10:begin]):
        notes.append("The header does not match its checksum; the file may be damaged.")
    codes = struct.unpack_from("<12h", data, 158)[:count]
    steps = struct.unpack_from("<12h", data, 206)[:count]
    return to_record(
        [_channel(code, step, row) for code, step, row in zip(codes, steps, samples, strict=True)],
        fs=stated_or_given(float(rate), fs, kind=_KIND),
        record_id=record_id,
        source=_KIND,
        notes=notes,
        sex=_SEXES.get(sex),
    )


def _checksums(content: bytes) -> tuple[int, int]:
    """Return CRC-CCITT in both orders of its two bytes: the standard leaves it open."""
    crc = crc_hqx(content, 0xFFFF)
    return crc, (crc & 0xFF) << 8 | crc >> 8


def _channel(code: int, step: int, row: NDArray[np.float64]) -> Channel:
    if code in _LEADS and step <= 0:
        raise UnreadableEcg(f"A lead of the {_KIND} file states no resolution; its amplitude cannot be known.")
    return Channel("", row * step, "nV", _LEADS.get(code))
