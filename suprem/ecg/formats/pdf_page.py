"""What a PDF page draws: its stroked lines and its texts, at their places on the page in points.

`pypdf` opens the file; the page's own little language is read here, because only its lines and short texts are wanted
and a page of an ECG holds a hundred thousand of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.errors import UnreadableEcg

MAX_TOKENS = 1_500_000
"""Numbers and operators of all pages; ten seconds of twelve leads at 1000 Hz have some 400,000."""
_MAX_FORMS = 4
_MAX_TEXT = 200
_TOKEN = re.compile(
    rb"(?P<number>[+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20}))|(?P<name>/[^\s()<>\[\]{}/%]{0,127})"
    rb"|(?P<string>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.){0,200}\)){0,2000}\))|(?P<hex><[0-9A-Fa-f\s]{0,4000}>)"
    rb"|(?P<operator>[A-Za-z'\"][A-Za-z0-9*]{0,10})|%[^\r\n]{0,2000}",
    re.DOTALL,
)
_RANGE = re.compile(
    rb"<([0-9A-Fa-f]{1,8})>\s*<([0-9A-Fa-f]{1,8})>\s*(?:<([0-9A-Fa-f]{1,8})>|\[([0-9A-Fa-f<>\s]{0,20000})\])"
)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_STROKES = (b"S", b"s", b"B", b"B*", b"b", b"b*")
_ENDS = (*_STROKES, b"f", b"F", b"f*", b"n")
_SHOWS = (b"Tj", b"TJ", b"'", b'"')

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line as it was drawn.

    Args:
        points: Float array (point, 2) of x and y in points of the page.
        style: Colour and width of the pen, only to be compared.
    """

    points: NDArray[np.float64]
    style: tuple[bytes, ...]


@dataclass(frozen=True)
class Text:
    """A short text and where it begins, in points of the page."""

    words: str
    x: float
    y: float


@dataclass
class Drawing:
    """The strokes and texts of a page, in the order in which they were drawn."""

    strokes: list[Stroke] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    tokens: int = 0


def read_page(page: Any) -> Drawing:
    """Return what a page of `pypdf` draws.

    Raises:
        UnreadableEcg: It draws more than any ECG.
    """
    drawing = Drawing()
    contents = page.get_contents()
    if contents is not None:
        _Pen(drawing, page.get("/Resources", {})).draw(contents.get_data(), np.eye(3), 0)
    return drawing


class _Pen:
    """Follows the operators of a page and of the forms it places."""

    def __init__(self, drawing: Drawing, resources: Any) -> None:
        self.drawing, self.resources = drawing, resources
        self.fonts: dict[bytes, Mapping[bytes, str] | None] = {}

    def draw(self, content: bytes, matrix: Matrix, depth: int) -> None:
        style: dict[bytes, bytes] = {}
        saved: list[tuple[Matrix, dict[bytes, bytes]]] = []
        lines: list[list[tuple[float, float]]] = []
        text = line = np.eye(3)
        font, leading = b"", 0.0
        for operator, numbers, strings, names in self._operations(content):
            if operator == b"l" and lines and len(numbers) >= 2:
                lines[-1].append((numbers[-2], numbers[-1]))
            elif operator == b"m" and len(numbers) >= 2:
                lines.append([(numbers[-2], numbers[-1])])
            elif operator in (b"c", b"v", b"y") and lines and len(numbers) >= 2:
                lines[-1].append((numbers[-2], numbers[-1]))
            elif operator == b"h" and lines:
                lines[-1].append(lines[-1][0])
            elif operator == b"re" and len(numbers) >= 4:
                x, y, width, height = numbers[-4:]
                lines.append([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)])
            elif operator in _ENDS:
                if operator in _STROKES:
                    self._stroke(lines, matrix, style)
                lines = []
            elif operator == b"q":
                saved.append((matrix, dict(style)))
            elif operator == b"Q" and saved:
                matrix, style = saved.pop()
            elif operator == b"cm" and len(numbers) >= 6:
                matrix = _affine(numbers) @ matrix
            elif operator in (b"w", b"G", b"RG", b"K", b"SC", b"SCN"):
                style[b"w" if operator == b"w" else b"c"] = b" ".join(b"%.4g" % one for one in numbers)
            elif operator == b"BT":
                text = line = np.eye(3)
            elif operator == b"Tf" and names:
                font = names[-1]
            elif operator == b"TL" and numbers:
                leading = numbers[-1]
            elif operator == b"Tm" and len(numbers) >= 6:
                text = line = _affine(numbers)
            elif operator in (b"Td", b"TD") and len(numbers) >= 2:
                leading = -numbers[-1] if operator == b"TD" else leading
                text = line = _affine([1, 0, 0, 1, *numbers[-2:]]) @ line
            elif operator in (b"T*", b"'", b'"'):
                text = line = _affine([1, 0, 0, 1, 0, -leading]) @ line
            if operator in _SHOWS and strings:
                place = text @ matrix
                words = "".join(self._decoded(one, font) for one in strings)[:_MAX_TEXT]
                self.drawing.texts.append(Text(words, float(place[2, 0]), float(place[2, 1])))
            elif operator == b"Do" and names and depth < _MAX_FORMS:
                self._form(names[-1], matrix, depth)

    def _operations(self, content: bytes) -> Iterator[tuple[bytes, list[float], list[bytes], list[bytes]]]:
        """Yield operators with the numbers, strings and names before them."""
        numbers: list[float] = []
        strings: list[bytes] = []
        names: list[bytes] = []
        place = 0
        while match := _TOKEN.search(content, place):
            place = match.end()
            self.drawing.tokens += 1
            if self.drawing.tokens > MAX_TOKENS:
                raise UnreadableEcg("A page of the PDF draws more than any ECG; give only the page of the ECG.")
            kind, token = match.lastgroup, match[0]
            if kind == "number":
                numbers.append(float(token))
            elif kind == "string":
                strings.append(_ESCAPED.sub(_unescaped, token[1:-1]))
            elif kind == "hex":
                digits = re.sub(rb"\s", b"", token[1:-1])
                strings.append(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")))
            elif kind == "name":
                names.append(token[1:])
            elif kind == "operator":
                if token == b"ID":  # the bytes of a picture
                    end = content.find(b"EI", place)
                    place = end + 2 if end >= 0 else len(content)
                else:
                    yield token, numbers, strings, names
                numbers, strings, names = [], [], []

    def _stroke(self, lines: list[list[tuple[float, float]]], matrix: Matrix, style: dict[bytes, bytes]) -> None:
        for points in lines:
            if len(points) > 1:
                placed = np.column_stack((np.array(points), np.ones(len(points)))) @ matrix
                if np.isfinite(placed).all():
                    self.drawing.strokes.append(
                        Stroke(placed[:, :2], tuple(style.get(key, b"") for key in (b"w", b"c")))
                    )

    def _form(self, name: bytes, matrix: Matrix, depth: int) -> None:
        form = _member(self.resources, "/XObject", name)
        if form is None or form.get("/Subtype") != "/Form":
            return
        own = [float(one) for one in form.get("/Matrix", [1, 0, 0, 1, 0, 0])]
        inner = _Pen(self.drawing, form.get("/Resources", self.resources))
        inner.draw(form.get_data(), _affine(own) @ matrix, depth + 1)

    def _decoded(self, content: bytes, font: bytes) -> str:
        """Return a text by its font's own table of characters, where it has one."""
        if font not in self.fonts:
            table = _member(self.resources, "/Font", font)
            stream = table.get("/ToUnicode") if table is not None else None
            self.fonts[font] = _characters(stream.get_object().get_data()) if stream is not None else None
        known = self.fonts[font]
        if not known:
            return content.decode("latin-1")
        width = len(next(iter(known)))
        return "".join(known.get(content[at : at + width], "") for at in range(0, len(content), width))


def _affine(numbers: list[float]) -> Matrix:
    a, b, c, d, e, f = numbers[-6:]
    return np.array([[a, b, 0.0], [c, d, 0.0], [e, f, 1.0]])


def _member(resources: Any, kind: str, name: bytes) -> Any:
    found = resources.get_object().get(kind) if resources else None
    one = found.get_object().get("/" + name.decode("latin-1")) if found is not None else None
    return one.get_object() if one is not None else None


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code.isdigit():
        return bytes([int(code, 8) % 256])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b""}.get(code, code)


def _characters(cmap: bytes) -> dict[bytes, str]:
    """Return code -> text of a font's ToUnicode table: its single entries and its ranges."""
    found: dict[bytes, str] = {}
    for block in re.findall(rb"beginbfchar(.{0,200000}?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(rb"<([0-9A-Fa-f]{1,8})>\s*<([0-9A-Fa-f]{1,16})>", block):
            found[_bytes(code)] = _bytes(text).decode("utf-16-be", errors="replace")
    for block in re.findall(rb"beginbfrange(.{0,200000}?)endbfrange", cmap, re.DOTALL):
        for low, high, one, several in _RANGE.findall(block):
            first, width = int(low, 16), len(_bytes(low))
            texts = re.findall(rb"<([0-9A-Fa-f]{1,16})>", several)
            for offset in range(min(int(high, 16) - first + 1, 256)):
                code = (first + offset).to_bytes(width + 1, "big")[-width:]
                if several:
                    text = _bytes(texts[offset]) if offset < len(texts) else b""
                    found[code] = text.decode("utf-16-be", errors="replace")
                else:
                    found[code] = chr(min(int(one, 16) + offset, 0xFFFD))
    return found


def _bytes(digits: bytes) -> bytes:
    return bytes.fromhex((b"0" * (len(digits) % 2) + digits).decode("ascii"))
