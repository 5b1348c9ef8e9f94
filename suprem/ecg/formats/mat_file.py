"""MATLAB's file format, level 5: numbers, texts and plain structures, by variable; everything else is passed over.

Written from https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. SciPy reads more, but takes every size in
the file at its word: a few changed bytes kept it busy for minutes where no signal could interrupt it.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import MAX_SAMPLES
from suprem.errors import UnreadableEcg

MAGIC = b"MATLAB 5.0"

_MAX_BYTES = 8 * MAX_SAMPLES + 100_000
_MAX_PARTS = 200
"""Fields of a structure, or cells, that are looked at."""

_HEADER_BYTES = 128
_INT32, _MATRIX, _COMPRESSED = 5, 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX = 0x08

Value: TypeAlias = "NDArray[np.generic] | str | tuple[str, ...] | Fields"
"""Numbers, a text, rows of texts, or a structure."""


@dataclass(frozen=True)
class Fields:
    """A structure of one element."""

    values: dict[str, Value]


def read_variables(data: bytes) -> dict[str, Value]:
    """Return the variables of a file by name: arrays, texts and structures of them.

    Raises:
        UnreadableEcg: The file is damaged or unpacks to more than any ECG holds.
    """
    order = "<" if data[126:128] == b"IM" else ">"
    found: dict[str, Value] = {}
    unpacked = 0
    try:
        for kind, content in _elements(data[_HEADER_BYTES:], order):
            parts = [(kind, content)]
            if kind == _COMPRESSED:
                inner = zlib.decompressobj().decompress(content, _MAX_BYTES + 1 - unpacked)
                unpacked += len(inner)
                if unpacked > _MAX_BYTES:
                    raise UnreadableEcg(
                        f"The MATLAB file unpacks to more than the {MAX_SAMPLES} samples that are read."
                    )
                parts = list(_elements(inner, order))
            for part, matrix in parts:
                if part == _MATRIX and (named := _matrix(matrix, order)) is not None:
                    found.setdefault(*named)
    except (struct.error, zlib.error, ValueError, IndexError, UnicodeDecodeError) as error:
        if isinstance(error, UnreadableEcg):
            raise
        raise UnreadableEcg(f"The MATLAB file is damaged ({type(error).__name__}); copy it again.") from None
    return found


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the elements that follow each other; the last one may be cut off."""
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        if kind >> 16:  # a small element: size and type in four bytes, the content in the next four
            kind, size = kind & 0xFFFF, kind >> 16
            yield kind, data[place + 4 : place + 4 + min(size, 4)]
            place += 8
            continue
        if size > len(data) - place - 8:
            raise UnreadableEcg("The MATLAB file is damaged or cut off; copy it again.")
        yield kind, data[place + 8 : place + 8 + size]
        place += 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)


def _matrix(data: bytes, order: str) -> tuple[str, Value] | None:
    """Return name and value of a matrix, None where it is of a kind that is passed over."""
    parts = _elements(data, order)
    flags = next(parts, (0, b""))[1]
    dimensions = next(parts, (0, b""))[1]
    name = next(parts, (0, b""))[1].decode("latin-1")
    (word,) = struct.unpack_from(f"{order}I", flags)
    kind, complex_ = word & 0xFF, word >> 8 & _COMPLEX
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions[: len(dimensions) // 4 * 4])
    if min(shape, default=-1) < 0:
        raise UnreadableEcg("The MATLAB file is damaged (an array of no size); copy it again.")
    if kind == _STRUCT and math.prod(shape) == 1:
        return name, _fields(parts, order)
    if kind == _CHAR:
        stored, content = next(parts, (0, b""))
        codec = _TEXTS.get(stored, "latin-1")
        if codec in ("utf-16", "utf-32"):
            codec += "-le" if order == "<" else "-be"
        text = content.decode(codec, errors="replace")
        if len(shape) != 2 or shape[0] < 2 or len(text) != math.prod(shape):
            return name, text
        return name, tuple(text[row :: shape[0]].strip() for row in range(shape[0]))  # stored column by column
    if kind == _CELL and math.prod(shape) <= _MAX_PARTS:
        cells = [_matrix(content, order) for part, content in parts if part == _MATRIX and content]
        return name, tuple(cell[1].strip() for cell in cells if cell is not None and isinstance(cell[1], str))
    if kind not in _NUMERIC_CLASSES or complex_:
        return None
    stored, content = next(parts, (0, b""))
    if stored not in _NUMBERS:
        raise UnreadableEcg("The MATLAB file is damaged (numbers of no kind); copy it again.")
    values = np.frombuffer(content, np.dtype(order + _NUMBERS[stored]))
    return name, values.reshape(shape, order="F")


def _fields(parts: Iterator[tuple[int, bytes]], order: str) -> Fields:
    length = next(parts, (0, b""))[1]
    names = next(parts, (0, b""))[1]
    (width,) = struct.unpack_from(f"{order}i", length)
    if not 0 < width <= 64 or len(names) > _MAX_PARTS * width:
        raise UnreadableEcg("The MATLAB file is damaged (a structure of no fields); copy it again.")
    fields: dict[str, Value] = {}
    for place in range(0, len(names), width):
        name = names[place : place + width].split(b"\0")[0].decode("latin-1")
        kind, content = next(parts, (0, b""))
        if kind == _MATRIX and content and (named := _matrix(content, order)) is not None:
            fields[name] = named[1]
    return Fields(fields)
