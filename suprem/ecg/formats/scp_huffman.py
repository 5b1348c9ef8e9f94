"""The Huffman codes of SCP-ECG (EN 1064, section 2): the standard's own table, a file's tables, and their decoding."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.errors import UnreadableEcg

DEFAULT_TABLE = 19999
"""Stands in place of a number of tables where the standard's own is used."""

_MAX_TABLES = 32
_ENTRY = struct.Struct("<BBBhI")


@dataclass(frozen=True)
class Code:
    """What follows a prefix: a value, a number of so many further bits, or a change of the table.

    Args:
        value: The value; for a change the number of the table, from 1.
        further: Bits of a signed number that replaces the value, 0 for none.
        switches: Whether the code changes the table.
    """

    value: int
    further: int = 0
    switches: bool = False


Table = dict[str, Code]
"""Codes by their prefix, written in the digits 0 and 1."""


def default_table() -> Table:
    """Return the table of the standard: small differences in few bits, others as 8 or 16 plain bits."""
    table = {"0": Code(0)}
    for size in range(1, 9):
        table["1" * size + "00"] = Code(size)
        table["1" * size + "01"] = Code(-size)
    return table | {"1111111110": Code(0, 8), "1111111111": Code(0, 16)}


def read_tables(section: bytes) -> list[Table]:
    """Return the tables of section 2.

    Raises:
        UnreadableEcg: The section is cut off or holds codes of no length.
    """
    try:
        (count,) = struct.unpack_from("<H", section)
        if count == DEFAULT_TABLE:
            return [default_table()]
        if not 0 < count <= _MAX_TABLES:
            raise UnreadableEcg("The SCP-ECG file states no usable code tables; it is damaged. Export it again.")
        place, tables = 2, []
        for _ in range(count):
            (codes,) = struct.unpack_from("<H", section, place)
            entries = [_ENTRY.unpack_from(section, place + 2 + _ENTRY.size * code) for code in range(codes)]
            tables.append(dict(_code(*entry) for entry in entries))
            place += 2 + _ENTRY.size * codes
    except struct.error:
        raise UnreadableEcg("The code tables of the SCP-ECG file are cut off. Export it again.") from None
    return tables


def _code(prefix: int, whole: int, mode: int, value: int, base: int) -> tuple[str, Code]:
    """Return one code. The standard stores the prefix with its first bit lowest, and mode 0 changes the table."""
    if not 0 < prefix <= 32 or not 0 <= whole - prefix <= 32:
        raise UnreadableEcg("The SCP-ECG file holds a code of impossible length; it is damaged. Export it again.")
    digits = f"{base & ((1 << prefix) - 1):0{prefix}b}"[::-1]
    return digits, Code(value, 0 if mode == 0 else whole - prefix, mode == 0)


def decode(data: bytes, count: int, tables: list[Table]) -> NDArray[np.int64]:
    """Return the first `count` values, fewer where the bits end before.

    Raises:
        UnreadableEcg: The bits are none of the codes, or name a table that is not there.
    """
    bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}" if data else ""
    table = tables[0]
    lengths = sorted({len(prefix) for prefix in table})
    values: list[int] = []
    place = 0
    while len(values) < count and place < len(bits):
        code, start = None, place
        for length in lengths:
            code = table.get(bits[start : start + length])
            if code is not None:
                place = start + length
                break
        if code is None:
            if len(bits) - start < max(lengths, default=0):  # the last bits fill a byte
                break
            raise UnreadableEcg("The waveform of the SCP-ECG file holds bits without meaning; it is damaged.")
        if code.switches:
            if not 0 < code.value <= len(tables):
                raise UnreadableEcg("The waveform of the SCP-ECG file uses a code table that it does not hold.")
            table = tables[code.value - 1]
            lengths = sorted({len(prefix) for prefix in table})
            continue
        if code.further:
            digits = bits[place : place + code.further]
            if len(digits) < code.further:
                break
            place += code.further
            number = int(digits, 2)
            values.append(number - (1 << code.further) if digits[0] == "1" else number)
        else:
            values.append(code.value)
    return np.array(values, dtype=np.int64)
