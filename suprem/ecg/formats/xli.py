"""XLI, the compression of Philips Sierra XML: each lead on its own, second differences packed with LZW.

A lead is a head of eight bytes (length of what follows, two bytes of no known use, a first difference) and a stream of
ten-bit LZW codes, most significant bit first. The unpacked bytes are the high bytes of all values, then the low bytes.
The first two values are samples, every further sample follows from the two before it and the value before it. That much
is known from open readers of such files; the maker has published nothing.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES, check_sample_count
from suprem.errors import UnreadableEcg

_CODE_BITS = 10
_END = (1 << _CODE_BITS) - 1
_HEAD = struct.Struct("<i2xh")
_BIAS = 64
"""Added to every difference by the writer."""


def decode_xli(data: bytes, leads: int) -> list[NDArray[np.int64]]:
    """Return the samples (time,) of each lead, in counts.

    Raises:
        UnreadableEcg: The stream is cut off, damaged, or unpacks to more than any ECG holds.
    """
    decoded: list[NDArray[np.int64]] = []
    place = 0
    for _ in range(leads):
        if place + _HEAD.size > len(data):
            raise UnreadableEcg(f"The compressed waveform ends after {len(decoded)} of {leads} leads; export it again.")
        size, first = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        if not 0 < size <= len(data) - place:
            raise UnreadableEcg("The compressed waveform is damaged or cut off; export it again.")
        decoded.append(_integrated(_unpacked(data[place : place + size]), first))
        place += size
        check_sample_count(1, sum(lead.size for lead in decoded))
    return decoded


def _unpacked(data: bytes) -> bytes:
    """Return what a stream of LZW codes stands for; the table is not renewed when it is full."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    count = bits.size // _CODE_BITS
    codes = bits[: count * _CODE_BITS].reshape(count, _CODE_BITS) @ (1 << np.arange(_CODE_BITS)[::-1])
    table = [bytes([value]) for value in range(256)]
    parts: list[bytes] = []
    before = b""
    total = 0
    for code in codes.tolist():
        if code == _END:
            break
        if code < len(table):
            now = table[code]
        elif code == len(table) and before:
            now = before + before[:1]
        else:
            raise UnreadableEcg("The compressed waveform is damaged (a code without meaning); export it again.")
        if before and len(table) < _END:
            table.append(before + now[:1])
        parts.append(now)
        before = now
        total += len(now)
        if total > 2 * MAX_SAMPLES:
            raise UnreadableEcg(f"The compressed waveform holds more than the {MAX_SAMPLES} samples that are read.")
    return b"".join(parts)


def _integrated(packed: bytes, first: int) -> NDArray[np.int64]:
    """Return samples from their differences: x[i] = 2 x[i-1] - x[i-2] - e[i-1], in 16 bits."""
    values = np.frombuffer(packed + bytes(len(packed) % 2), np.uint8).reshape(2, -1)
    coded = ((values[0].astype(np.uint16) << 8) | values[1]).view(np.int16).astype(np.int64)
    if coded.size < 3:
        return coded
    bend = np.concatenate([[first], coded[2:-1] - _BIAS])
    slope = (coded[1] - coded[0]) - np.cumsum(bend)
    samples = np.concatenate([coded[:2], coded[1] + np.cumsum(slope)])
    return samples.astype(np.int16).astype(np.int64)  # the writer counts in 16 bits, going round
