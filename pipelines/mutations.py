"""Damage done to files on purpose: what `fuzz_readers` changes in copies of real ones."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES

HEAD = 2_000
"""Bytes at the beginning of a file that are mutated more often: there are its claims about the rest."""


NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"65536",
    b"2147483647",
    b"99999999999",
    b"1e308",
    b"-1e308",
    b"1e-300",
    b"nan",
    b"inf",
    b"",
)


TEXTS = (
    *(
        b"\0" * 40,
        b"A" * 5_000,
        b"../../../etc/passwd",
        b"/etc/passwd",
        b"<!ENTITY x SYSTEM 'file:///etc/passwd'>",
        b"&x;",
    ),
    *(b"]]>", b"\xff\xfe", b"%s%n", b"\r\n" * 20, b"<" * 300, b"-" * 50, "\N{MICRO SIGN}V\u2028".encode()),
)


EXTREMES = (0, 1, -1, 127, 128, 255, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1)


Files = Mapping[str, bytes]


Operation = Callable[[bytearray, np.random.Generator, Sequence[bytes]], None]


@dataclass(frozen=True)
class Seed:
    """A whole recording as it would be uploaded: its files by name."""

    kind: str
    files: dict[str, bytes]


def mutated(seed: Seed, rng: np.random.Generator, others: Sequence[bytes]) -> dict[str, bytes]:
    """Return a seed's files with one to three changes; within an archive they are made before it is packed."""
    files = dict(seed.files)
    names = sorted(files, key=lambda name: not name.endswith(".hea"))
    name = names[0] if rng.random() < 0.7 else names[rng.integers(len(names))]
    data = files[name]
    if data.startswith(b"PK") and rng.random() < 0.8:
        files[name] = _in_archive(data, lambda inner: _changed(inner, rng, others), rng)
    else:
        files[name] = _changed(data, rng, others)
    return files


def _changed(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    content = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        OPERATIONS[rng.integers(len(OPERATIONS))](content, rng, others)
    return bytes(content[: MAX_UPLOAD_BYTES + 1000])


def _in_archive(data: bytes, change: Callable[[bytes], bytes], rng: np.random.Generator) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = list(members)[rng.integers(len(members))]
    members[chosen] = change(members[chosen])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _place(data: bytearray, rng: np.random.Generator) -> int:
    end = min(len(data), HEAD) if rng.random() < 0.7 else len(data)
    return int(rng.integers(end + 1))


def _span(data: bytearray, rng: np.random.Generator) -> slice:
    begin = _place(data, rng)
    return slice(begin, begin + int(2 ** rng.uniform(0, 12)))


def _cut(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    del data[int(rng.integers(len(data) + 1)) :]


def _drop(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    del data[_span(data, rng)]


def _repeat(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    span = _span(data, rng)
    data[span.start : span.start] = data[span] * int(rng.integers(1, 20))


def _fill(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    span = _span(data, rng)
    data[span] = bytes([int(rng.choice([0, 255, 32]))]) * len(data[span])


def _flip(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    for _i in range(rng.integers(1, 30) if data else 0):
        data[_place(data, rng) % len(data)] ^= 1 << int(rng.integers(8))


def _scatter(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    for _i in range(rng.integers(1, 30) if data else 0):
        data[_place(data, rng) % len(data)] = int(rng.integers(256))


def _extreme(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    size = int(rng.choice([1, 2, 4, 8]))
    value = int(rng.choice(EXTREMES)) % 256**size
    begin = _place(data, rng)
    data[begin : begin + size] = value.to_bytes(size, "little" if rng.random() < 0.7 else "big")


def _number(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    """Replace a number that is written in digits."""
    begin = _place(data, rng)
    if match := re.search(rb"-?\d+(\.\d+)?", data[begin : begin + 4096]):
        data[begin + match.start() : begin + match.end()] = NUMBERS[rng.integers(len(NUMBERS))]


def _text(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    begin = _place(data, rng)
    data[begin:begin] = TEXTS[rng.integers(len(TEXTS))]


def _exchange(data: bytearray, rng: np.random.Generator, _: Sequence[bytes]) -> None:
    first, second = sorted((_span(data, rng), _span(data, rng)), key=lambda span: span.start)
    if first.stop <= second.start:
        data[first], data[second] = data[second], data[first]


def _splice(data: bytearray, rng: np.random.Generator, others: Sequence[bytes]) -> None:
    """Go on with the rest of another file."""
    other = others[int(rng.integers(len(others)))]
    del data[_place(data, rng) :]
    data += other[int(rng.integers(len(other) + 1)) :]


OPERATIONS: tuple[Operation, ...] = (
    _cut, _drop, _repeat, _fill, _flip, _scatter, _extreme, _extreme, _number, _number, _text, _exchange, _splice,
)  # fmt: skip
